"""A network of machines, as far as one machine can be several: each node and each etcd in a network namespace of its own, joined by links
that are cut. A history of what clients did is kept over all of it, as in `faults`."""
import ctypes
import json
import os
import subprocess
import tempfile
import time

from cluster import Network
from faults import Wire, busy, histories
from process import read_as, wait_until_up

#: Bridges of the switch: who is at the same one hears one another.
WHOLE, APART = "whole", "apart"
CLONE_NEWNET = 0x40000000


class NotPermitted(Exception):
    pass


def ip(*words):
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    if done.returncode != 0:
        raise NotPermitted(f"ip {' '.join(words)}: {done.stderr.strip()}")


class Switch:
    """Namespaces, each with one link to a bridge in a namespace that is no machine's."""

    def __init__(self):
        self.prefix = f"cairn{os.getpid()}"
        self.spaces, self.places = [], {}
        self.own = self._space("switch")
        for bridge in (WHOLE, APART):
            ip("-n", self.own, "link", "add", bridge, "type", "bridge")
            ip("-n", self.own, "link", "set", bridge, "up")

    def _space(self, name):
        space = f"{self.prefix}-{name}"
        ip("netns", "add", space)
        self.spaces.append(space)
        ip("-n", space, "link", "set", "lo", "up")
        return space

    def add(self, name):
        """A machine; its address."""
        number = len(self.places) + 1
        space, address = self._space(name), f"10.77.0.{number}"
        ip("-n", self.own, "link", "add", f"port{number}", "type", "veth", "peer", "name", "eth0", "netns", space)
        ip("-n", space, "address", "add", f"{address}/24", "dev", "eth0")
        ip("-n", space, "link", "set", "eth0", "up")
        ip("-n", self.own, "link", "set", f"port{number}", "master", WHOLE, "up")
        self.places[name] = (space, f"port{number}")
        return address

    def under(self, name):
        """The program under which another runs on a machine."""
        return ("ip", "netns", "exec", self.places[name][0])

    def part(self, names):
        """Cuts some off from the others; among themselves they hear one another."""
        for name in names:
            ip("-n", self.own, "link", "set", self.places[name][1], "master", APART)

    def pull(self, name):
        """Takes a machine's cable out."""
        ip("-n", self.own, "link", "set", self.places[name][1], "down")

    def heal(self):
        for _, port in self.places.values():
            ip("-n", self.own, "link", "set", port, "master", WHOLE, "up")

    def close(self):
        for space in self.spaces:
            subprocess.run(["ip", "netns", "delete", space], capture_output=True)


class Door(Wire):
    """The way of the test, and of clients, to a port inside a machine: it is no part of the network between them."""

    def __init__(self, space, port):
        self.space = space
        super().__init__(port)

    def _connect(self):
        # This thread carries one connection and ends: its namespace is that of nobody else.
        with open(f"/run/netns/{self.space}") as file:
            if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
        return super()._connect()


def run(check):
    try:
        switch = Switch()
    except (NotPermitted, FileNotFoundError) as error:
        print(f"partitions: skipped, no network namespaces here: {error}", flush=True)
        return
    with tempfile.TemporaryDirectory() as folder:
        network = Network(f"{folder}/network")
        try:
            with network.running(lambda: machines(network, switch)):
                drill(check, network, switch)
        finally:
            switch.close()


def drill(check, network, switch):
    network.pay(network.members[0], 1)
    before = network.balance(network.members[0])
    with busy(network) as clients:
        check("nodes on machines of their own make blocks final", goes_on(network, network.members))
        minority(check, network, switch)
        halves(check, network, switch)
        cable(check, network, switch)
        orderer(check, network, switch)
    histories(check, network, clients, before)
    wrong = [line for member in network.members
             for line in (network.folder / member / "node.log").read_text().splitlines() if '"level":"error"' in line]
    check("no node's log has an error", not wrong, str(wrong[:2]))


def machines(network, switch):
    """Moves each node and each etcd to a machine of its own."""
    names = [place["name"] for place in network.layout["etcd"]]
    addresses = {name: switch.add(name) for name in [*network.members, *names]}
    cluster = ",".join(f"{name}=http://{addresses[name]}:2380" for name in names)
    for name in names:
        own = network.folder / "etcd" / name
        own.mkdir(parents=True)
        client, peer = f"http://{addresses[name]}:2379", f"http://{addresses[name]}:2380"
        with open(own / "etcd.log", "a") as log:
            network.etcd[name] = subprocess.Popen([
                *switch.under(name), "/usr/bin/etcd", "--name", name, "--data-dir", str(own / "data"),
                "--listen-client-urls", client, "--advertise-client-urls", client, "--listen-peer-urls", peer,
                "--initial-advertise-peer-urls", peer, "--initial-cluster", cluster, "--initial-cluster-state", "new",
                "--log-level", "warn"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    for member in network.members:
        configuration = network.configurations[member]
        configuration["peerHost"] = addresses[member]
        configuration["peers"] = {
            peer: f"https://{addresses[peer]}:{network.configurations[peer]['peerPort']}" for peer in configuration["peers"]}
        configuration["etcd"]["endpoints"] = [f"{addresses[name]}:2379" for name in names]
        (network.folder / member / "node.json").write_text(json.dumps(configuration))
        door = Door(switch.places[member][0], configuration["port"])
        network.urls[member] = f"http://127.0.0.1:{door.port}"
        read_as(network.urls[member], network.reader)
    for member in network.members:
        network.start(member, under=switch.under(member))
    for member in network.members:
        wait_until_up(network.urls[member], 120, network.own[member])


def heights(network, members):
    return {member: network.head(member)[0] for member in members}


def goes_on(network, members, blocks=5, seconds=90):
    """Whether all of some nodes make further blocks final."""
    aims = {member: height + blocks for member, height in heights(network, members).items()}
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if all(network.head(member)[0] >= aim for member, aim in aims.items()):
            return True
        time.sleep(0.1)
    return False


def stands(network, members, seconds=60):
    """Whether nodes come to make nothing final, while clients write on. What a quorum had signed when a link was cut may still come."""
    deadline, last = time.monotonic() + seconds, heights(network, members)
    while time.monotonic() < deadline:
        time.sleep(6)
        first, last = last, heights(network, members)
        if max(first.values()) == max(last.values()):
            return True, ""
    return False, str(last)


def level(network, seconds=120):
    """Whether all nodes get as far as the furthest is now."""
    aim = max(heights(network, network.members).values())
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if all(height >= aim for height in heights(network, network.members).values()):
            return True
        time.sleep(0.2)
    return False


def minority(check, network, switch):
    few, many = network.members[-1:], network.members[:-1]
    switch.part([*few, network.layout["etcd"][-1]["name"]])
    still, told = stands(network, few)
    check("the larger part goes on", goes_on(network, many))
    check("a node with one of three etcd on its side makes nothing final", still, told)
    switch.heal()
    check("and catches up when the network is whole", level(network))


def halves(check, network, switch):
    """Neither side has a quorum of the nodes, though one has most of etcd."""
    here = network.members[:2]
    switch.part([*here, network.layout["etcd"][0]["name"]])
    still, told = stands(network, network.members)
    check("two equal halves make nothing final", still, told)
    switch.heal()
    check("and go on together when the network is whole", goes_on(network, network.members) and level(network))


def cable(check, network, switch):
    """A cable that comes out and goes in again, at one machine after another."""
    for member in network.members:
        switch.pull(member)
        others = [other for other in network.members if other != member]
        check(f"the others go on without the cable of {member}", goes_on(network, others, 3))
        switch.heal()
        check("and it catches up with it", level(network))


def orderer(check, network, switch):
    """All of etcd on one side, all nodes on the other."""
    switch.part([place["name"] for place in network.layout["etcd"]])
    still, told = stands(network, network.members)
    check("without an order nothing becomes final", still, told)
    switch.heal()
    check("and it goes on with it", goes_on(network, network.members) and level(network))

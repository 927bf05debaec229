"""Faults of a network of processes: halted and cut off nodes, a dying and a forgetful etcd, a full disk. A history of what each client did
is kept over all of it and looked through for anything lost, doubled or out of order."""
import contextlib
import datetime
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from cluster import Network
from members import acting, cairn
from process import free_port, get_json, request, wait_until_up

CUT, HALTED, FULL, OTHERS = "logistics", "retail", "retail", ("cooperative", "laboratory")


class Wire:
    """A connection between two places that can be cut: what is sent then waits, as in a network that drops packets."""

    def __init__(self, port):
        self.target, self.cut = port, threading.Event()
        self.listener = socket.create_server(("127.0.0.1", free_port()))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                here, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._join, args=(here,), daemon=True).start()

    def _join(self, here):
        self._wait()
        try:
            there = self._connect()
        except OSError:
            here.close()
            return
        for source, sink in ((here, there), (there, here)):
            threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _connect(self):
        return socket.create_connection(("127.0.0.1", self.target))

    def _wait(self):
        while self.cut.is_set():
            time.sleep(0.02)

    def _carry(self, source, sink):
        try:
            while piece := source.recv(1 << 16):
                self._wait()
                sink.sendall(piece)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()


class Client(threading.Thread):
    """Sends one statement after another, each to one node and then to the next until somebody says FINAL, and remembers the answers."""

    def __init__(self, network, number):
        super().__init__(daemon=True)
        self.network, self.number = network, number
        self.history, self.refused, self.stopping = [], [], threading.Event()

    def run(self):
        nodes = [*OTHERS, CUT, HALTED]
        place = self.number
        while not self.stopping.is_set():
            identity, body = self.network.reader.sign(
                self.network.ledger, "wallet", "issue", {"to": "farm", "amount": 1, "currency": "XPT"}, "farm")
            begun = time.monotonic()
            # What was begun is brought to its end: with three of four nodes and an order there is one.
            while time.monotonic() - begun < 90:
                url = self.network.urls[nodes[place % len(nodes)]]
                try:
                    status, answer = request("POST", f"{url}/api/v1/transactions", body, {
                        "Content-Type": "application/cose", "Prefer": "wait=5"}, timeout=8)
                except OSError:
                    status, answer = 0, b""
                if status == 201:
                    told = json.loads(answer)
                    if told["status"] == "FINAL":
                        self.history.append((identity, told["height"], told["leafIndex"]))
                    else:
                        self.refused.append((identity, answer))
                    break
                place += 1
                time.sleep(0.1)
            else:
                self.refused.append((identity, b"no answer in 90 s"))


def wired(network):
    """Puts wires between one node and all others and etcd; call it before they start."""
    wires = []

    def wire(address):
        wires.append(Wire(int(address.rsplit(":", 1)[1])))
        return f"{address.rsplit(':', 1)[0]}:{wires[-1].port}"

    for member in network.members:
        configuration = network.configurations[member]
        if member == CUT:
            configuration["peers"] = {peer: wire(address) for peer, address in configuration["peers"].items()}
            configuration["etcd"]["endpoints"] = [wire(address) for address in configuration["etcd"]["endpoints"]]
        else:
            configuration["peers"][CUT] = wire(configuration["peers"][CUT])
        (network.folder / member / "node.json").write_text(json.dumps(configuration))
    return wires


def run(check):
    with tempfile.TemporaryDirectory() as folder:
        network = Network(f"{folder}/network")
        wires = wired(network)
        try:
            with network.running():
                drill(check, network, wires)
        finally:
            subprocess.run(["umount", f"{folder}/network/{FULL}/members"], capture_output=True)


@contextlib.contextmanager
def busy(network, count=4):
    """Clients that write while something happens, and have what is theirs answered before it goes on."""
    clients = [Client(network, number) for number in range(count)]
    try:
        for client in clients:
            client.start()
        yield clients
    finally:
        for client in clients:
            client.stopping.set()
    for client in clients:
        client.join(120)


def drill(check, network, wires):
    network.pay("cooperative", 1)
    before = network.balance("cooperative")
    with busy(network) as clients:
        halted_node(check, network)
        cut_off(check, network, wires)
        halted_etcd(check, network)
        killed_etcd(check, network)
        full_disk(check, network)
        wrong_clock(check, network)
    histories(check, network, clients, before)
    forgetful_etcd(check, network)


def goes_on(network, blocks=5, seconds=60):
    """Whether the nodes that nothing happens to make further blocks final."""
    aim = network.head(OTHERS[0])[0] + blocks
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if network.head(OTHERS[0])[0] >= aim:
            return True
        time.sleep(0.1)
    return False


def level(network, member, seconds=90):
    """Whether a node gets as far as the others were when it was asked to."""
    aim = network.head(OTHERS[0])[0]
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if network.head(member)[0] >= aim:
                return True
        except (OSError, RuntimeError):
            pass
        time.sleep(0.2)
    return False


def halted_node(check, network):
    pid = network.pid(HALTED)
    os.kill(pid, signal.SIGSTOP)
    check("the others go on while a node is halted", goes_on(network))
    os.kill(pid, signal.SIGCONT)
    check("and it catches up when it goes on", level(network, HALTED))


def cut_off(check, network, wires):
    for wire in wires:
        wire.cut.set()
    check("the others go on while a node reaches neither them nor etcd", goes_on(network))
    for wire in wires:
        wire.cut.clear()
    check("and it catches up when it reaches them", level(network, CUT))


def etcd_pid(network, name):
    found = subprocess.run(["pgrep", "-f", f"etcd --name {name} --data-dir {network.folder}/"], capture_output=True, text=True)
    return int(found.stdout.split()[0])


def halted_etcd(check, network):
    for place in network.layout["etcd"]:
        pid = etcd_pid(network, place["name"])
        os.kill(pid, signal.SIGSTOP)
        check(f"order goes on while {place['name']} is halted", goes_on(network))
        os.kill(pid, signal.SIGCONT)


def kill_etcd(network, name):
    """Ends a member of the cluster; the words that it was started with."""
    pid = etcd_pid(network, name)
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        words = file.read().decode().split("\0")[:-1]
    os.kill(pid, signal.SIGKILL)
    if name in network.etcd:
        network.etcd[name].wait()
    return words


def start_etcd(network, name, words):
    log = open(network.folder / "etcd" / name / "etcd.log", "a")
    network.etcd[name] = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def killed_etcd(check, network):
    name = network.layout["etcd"][0]["name"]
    words = kill_etcd(network, name)
    check("order goes on while one etcd is dead", goes_on(network))
    start_etcd(network, name, words)
    check("and when it is back", goes_on(network))


def full_disk(check, network):
    """A node whose disk is full ends and says so, the others go on, and it returns when there is space."""
    members = network.folder / FULL / "members"
    network.kill(FULL)
    time.sleep(0.5)
    saved = network.folder / FULL / "members.saved"
    members.rename(saved)
    members.mkdir()
    size = sum(path.stat().st_size for path in saved.rglob("*") if path.is_file()) + (1 << 20)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(members)], capture_output=True, text=True)
    if mounted.returncode != 0:
        print(f"SKIPPED: a full disk; nothing can be mounted here: {mounted.stderr.strip()}", flush=True)
        members.rmdir()
        saved.rename(members)
        network.start(FULL)
        return
    shutil.copytree(saved, members, dirs_exist_ok=True)
    network.start(FULL)
    try:
        code = network.own[FULL].wait(90)
    except subprocess.TimeoutExpired:
        code = None
    said = (network.folder / FULL / "node.log").read_text()
    check("a node whose disk is full ends, and says why", code not in (None, 0) and "cannot be written" in said
          and "full" in said, f"{code} {said[-600:]}")
    check("the others go on without it", goes_on(network))
    subprocess.run(["mount", "-o", "remount,size=512m", str(members)], check=True)
    network.start(FULL)
    check("it returns when there is space", level(network, FULL))


def wrong_clock(check, network):
    """A node whose clock is five minutes ahead is not listened to, moves no ledger time, and returns once its clock is right."""
    if shutil.which("faketime") is None:
        print("SKIPPED: 5 checks of a wrong clock, faketime is not installed", flush=True)
        return
    network.kill(CUT)
    # Pauses go by the other clock, which is right: this one tells what time it is.
    network.start(CUT, under=("faketime", "-m", "-f", "+5m"), DONT_FAKE_MONOTONIC="1")
    wait_until_up(network.urls[CUT], 60, network.own[CUT])
    check("a node runs with a clock that is five minutes ahead", network.own[CUT].poll() is None)
    check("the others go on beside a clock that is five minutes ahead", goes_on(network, 10))
    check("it is not answered, and does not get on", not level(network, CUT, 5))
    url = network.urls[OTHERS[0]]
    height = network.head(OTHERS[0])[0]
    told = get_json(f"{url}/api/v1/ledgers/{network.ledger}/blocks/{height}")["time"]
    ahead = datetime.datetime.fromisoformat(told.replace("Z", "+00:00")).timestamp() - time.time()
    check("ledger time does not follow it", ahead < 60, ahead)
    child = subprocess.run(["pgrep", "-P", str(network.own[CUT].pid)], capture_output=True, text=True).stdout.split()
    os.kill(int(child[0]), signal.SIGKILL)
    network.own[CUT].wait()
    network.start(CUT)
    check("and it catches up with its clock set right", level(network, CUT))


def histories(check, network, clients, before):
    heads = network.agree()
    check("all nodes have one head after all of it", len(heads) == 4 and len(set(heads.values())) == 1, str(heads))
    told = [entry for client in clients for entry in client.history]
    print(f"faults: {len(told)} statements of {len(clients)} clients", flush=True)
    check("each statement became final", len(told) > 100 and not any(client.refused for client in clients),
          str([client.refused[:2] for client in clients]))
    check("none is there twice", len({leaf for _, _, leaf in told}) == len(told)
          and network.balance(OTHERS[0]) == before + len(told), f"{before} {len(told)} {network.balance(OTHERS[0])}")
    places = [[(height, leaf) for _, height, leaf in client.history] for client in clients]
    check("what a client sent after an answer is behind it", all(found == sorted(found) for found in places))
    wrong = []
    for member in network.members:
        for identity, height, leaf in told[::7]:
            now = get_json(f"{network.urls[member]}/api/v1/transactions/{identity}")
            if (now["status"], now["height"], now["leafIndex"]) != ("FINAL", height, leaf):
                wrong.append((member, identity, now))
    check("every node has each at the place that its client was told", not wrong, str(wrong[:2]))


def forgetful_etcd(check, network):
    """All of etcd is put back to an older copy: nodes say so and wait, nothing that is final changes, and the members begin a new order."""
    names = [place["name"] for place in network.layout["etcd"]]
    words = {name: kill_etcd(network, name) for name in names}
    copies = {name: network.folder / "etcd" / name / "copy" for name in names}
    for name in names:
        shutil.copytree(network.folder / "etcd" / name / "data", copies[name])
        start_etcd(network, name, words[name])
    final, _ = network.pay(OTHERS[0], 10)
    check("order goes on after all of etcd was down", final == 10, str(final))
    heads = network.agree()
    for name in names:
        kill_etcd(network, name)
        shutil.rmtree(network.folder / "etcd" / name / "data")
        copies[name].rename(network.folder / "etcd" / name / "data")
        start_etcd(network, name, words[name])
    ports = {member["id"]: member["operationsPort"] for member in network.layout["members"]}
    deadline, said = time.monotonic() + 90, {}
    while time.monotonic() < deadline:
        # The nodes look at the order when there is something to put into it.
        _, body = network.reader.sign(network.ledger, "wallet", "issue", {"to": "farm", "amount": 1, "currency": "XPT"}, "farm")
        for member, url in network.urls.items():
            request("POST", f"{url}/api/v1/transactions", body, {"Content-Type": "application/cose"})
            status, text = request("GET", f"http://127.0.0.1:{ports[member]}/readyz")
            said[member] = (status, text.decode(errors="replace"))
        if all("older copy" in text for status, text in said.values()):
            break
        time.sleep(0.5)
    check("an etcd that was put back to an older copy is recognised by every node, and named",
          all(status == 200 and "waiting: rewound" in text and "older copy" in text for status, text in said.values()), str(said))
    after = {member: network.head(member) for member in network.members}
    check("what was final is final, and nothing else", after == heads, f"{heads} {after}")
    # Whoever signed the furthest block has to be asked; the others say so.
    begun = None
    for member in network.members:
        begun = cairn("member", "begin-order", *acting(network, member))
        if begun.returncode == 0:
            break
    check("the members begin a new order", begun.returncode == 0 and "order 1 goes on after block" in begun.stdout, begun.stdout + begun.stderr)
    final, _ = network.pay(OTHERS[0], 10)
    check("everything goes on in it", final == 10, str(final))
    network.agree()
    for member, url in network.urls.items():
        shown = get_json(f"{url}/api/v1/ledgers/{network.ledger}/resolutions")["items"]
        ledger = get_json(f"{url}/api/v1/ledgers")["items"][0]
        check(f"{member} shows who signed for it, and follows it",
              len(shown) == 1 and shown[0]["matter"] == "order" and len(shown[0]["signedBy"]) >= 3
              and ledger["epoch"] == 1 and ledger["trouble"] is None, f"{shown} {ledger['epoch']} {ledger['trouble']}")
    again = cairn("member", "begin-order", *acting(network, OTHERS[0]))
    check("no further order is begun while this one goes on", again.returncode != 0 and "not lost" in again.stderr, again.stderr)

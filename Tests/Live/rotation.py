"""Members take other keys for their nodes while the network runs and clients write: nobody restarts, nothing is lost."""
import json
import shutil
import tempfile
import time

import cbor2

from cluster import Network
from evidence import Verifier
from faults import Client
from members import acting, bundle, cairn, listed, record
from process import get_json, request, shown_key, stop
from statement import Participant

#: Who rotates at its own node, whose node is killed right after it, whose is away meanwhile, and who gives the others' votes.
FIRST, KILLED, AWAY, OTHER = "retail", "logistics", "laboratory", "cooperative"


def run(check):
    with tempfile.TemporaryDirectory() as folder:
        network = Network(f"{folder}/network")
        process = network.up()
        clients = []
        try:
            pids = {member: network.pid(member) for member in network.members}
            first = record(network, OTHER)
            before, network.paid = network.balance(OTHER), 0
            clients = [Client(network, number) for number in range(4)]
            for client in clients:
                client.start()
            under_load(check, network, pids)
            killed(check, network)
            away(check, network)
            wiped(check, network)
            for client in clients:
                client.stopping.set()
            for client in clients:
                client.join(120)
            nothing_lost(check, network, clients, before)
            proofs(check, network, first)
            foreign(check, network)
        except BaseException:
            for member in network.members:
                print(f"{member}: {(network.folder / member / 'node.log').read_text()[-1500:]}", flush=True)
            raise
        finally:
            for client in clients:
                client.stopping.set()
            for node in network.own.values():
                stop(node)
            stop(process, 60)


def kids(network, at=OTHER):
    return {member["id"]: member["kid"] for member in listed(network, at)["members"]}


def file(network, member):
    return network.folder / member / "keys" / f"member-{member}.key"


def own(network, member):
    return Participant(f"member-{member}", file(network, member))


def settled(network, member, kid, seconds=90):
    """Whether a member's node keeps one key in the end, and which."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not file(network, member).with_name(f"member-{member}-next.key").exists() and own(network, member).kid.hex() == kid:
            return True
        time.sleep(0.1)
    return False


def signers(network, at=OTHER):
    """Who signed the last final block, by key."""
    height = network.head(at)[0]
    block = get_json(f"{network.urls[at]}/api/v1/ledgers/{network.ledger}/blocks/{height}")
    return {cbor2.loads(vote[0])[4].hex() for vote in cbor2.loads(bytes.fromhex(block["certificate"])).value[3]}


def signs(network, kid, seconds=60):
    """Whether a key is among those that sign, sooner or later: a certificate has a quorum of them."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        network.paid += network.pay(OTHER, 1)[0]
        if kid in signers(network):
            return True
        time.sleep(0.1)
    return False


def under_load(check, network, pids):
    old = own(network, FIRST)
    done = cairn("member", "rotate", *acting(network, FIRST))
    check("a member takes another key for its node while clients write", done.returncode == 0, done.stderr)
    new = kids(network)[FIRST]
    check("the others know its new key", new != old.kid.hex() and kids(network) == kids(network, FIRST), str(kids(network)))
    check("its node signs with it", signs(network, new))
    check("and keeps no other", settled(network, FIRST, new))
    raw = own(network, FIRST).key.public_key().public_bytes_raw()
    port = network.configurations[FIRST]["peerPort"]
    check("and shows it to the others", shown_key(port)[0] == raw)
    check("no node was started again", pids == {member: network.pid(member) for member in network.members})
    _, body = old.sign(network.ledger, "membership", "leaveMembers", {}, FIRST)
    status, answer = request("POST", f"{network.urls[OTHER]}/api/v1/transactions", body,
                             {"Content-Type": "application/cose", "Prefer": "wait=30"}, timeout=60)
    check("the old key says nothing any more", status != 201 or json.loads(answer)["status"] != "FINAL", f"{status} {answer[:300]}")


def killed(check, network):
    """The node dies as soon as the word is said, and again while it starts."""
    for _ in range(2):
        done = cairn("member", "rotate", *acting(network, KILLED))
        network.kill(KILLED)
        check("a member takes another key, and its node is killed", done.returncode == 0, done.stderr)
        network.start(KILLED)
        time.sleep(0.3)
        network.kill(KILLED)
        network.start(KILLED)
        kid = kids(network)[KILLED]
        check("the node that returns signs with the new key", signs(network, kid, 120))
        check("and keeps that one alone", settled(network, KILLED, kid))


def away(check, network):
    """The word is said at another's node while its own is away."""
    network.kill(AWAY)
    done = cairn("member", "rotate", *acting(network, AWAY, OTHER))
    check("a member whose node is away takes another key", done.returncode == 0, done.stderr)
    network.start(AWAY)
    kid = kids(network)[AWAY]
    check("its node learns that when it returns, and signs", signs(network, kid, 120))
    check("and keeps the new key alone", settled(network, AWAY, kid))


def wiped(check, network):
    """A disk is lost, and the key with which its first blocks were signed is no more."""
    network.kill(FIRST)
    for item in (network.folder / FIRST).iterdir():
        if item.name in ("keys", "node.json", "genesis.cbor", "node.log"):
            continue
        shutil.rmtree(item) if item.is_dir() else item.unlink()
    network.start(FIRST)
    check("a node that lost its disk and its first key rebuilds from the others, and signs",
          signs(network, kids(network)[FIRST], 120))


def nothing_lost(check, network, clients, before):
    heads = network.agree()
    check("all nodes have one head", len(heads) == 4 and len(set(heads.values())) == 1, str(heads))
    told = [entry for client in clients for entry in client.history]
    print(f"rotation: {len(told)} statements of {len(clients)} clients over four changes of keys", flush=True)
    check("each statement became final", len(told) > 100 and not any(client.refused for client in clients),
          str([client.refused[:2] for client in clients]))
    check("and none twice", len({leaf for _, _, leaf in told}) == len(told)
          and network.balance(OTHER) == before + network.paid + len(told),
          f"{before} {network.paid} {len(told)} {network.balance(OTHER)}")
    code, lines, errors = network.compare(network.members)
    check("a client that asks all nodes finds them in agreement", code == 0, errors)
    places = [get_json(f"{url}/api/v1/ledgers")["items"][0]["contradictions"] for url in network.urls.values()]
    check("nobody signed two blocks at one height", not any(places), str(places))


def proofs(check, network, first):
    verify = Verifier(network.ledger)
    changes = len(listed(network, OTHER)["changes"])
    check("each change of a key is a change of the members", changes == 4, str(changes))
    for name, identity in (("before", first), ("after", record(network, FIRST))):
        for member in (OTHER, FIRST):
            body = bundle(network, member, identity)
            told, wrong = verify(body)
            check(f"a record of {name} the changes verifies, by the node of {member}", told.returncode == 0 and not wrong
                  and len(cbor2.loads(body)[9]) == changes, f"{told.stdout[-600:]} {wrong}")
    parts = cbor2.loads(body)
    parts[9] = parts[9][:-1]
    told, wrong = verify(cbor2.dumps(parts, canonical=True))
    check("without the last of the headers that announced them it does not", told.returncode != 0 and wrong, str(wrong))
    network.kill(FIRST)
    audit = cairn("audit", str(network.folder / FIRST / f"members/{FIRST}/ledger.sqlite"))
    check("what was rebuilt passes its audit with every signature", audit.returncode == 0, audit.stdout + audit.stderr)
    network.start(FIRST)
    network.agree()


def foreign(check, network):
    """A node that does not have its member's key signs nothing, is nobody to the others, and says so."""
    port = {member["id"]: member["operationsPort"] for member in network.layout["members"]}[KILLED]
    network.kill(KILLED)
    done = cairn("member", "rotate", *acting(network, KILLED, OTHER))
    check("a member takes another key, which is then kept elsewhere", done.returncode == 0, done.stderr)
    file(network, KILLED).with_name(f"member-{KILLED}-next.key").rename(network.folder / "next.key")
    network.start(KILLED)
    deadline, text = time.monotonic() + 90, b""
    while time.monotonic() < deadline and b"is not in its node's key folder" not in text:
        text = said(port)
        time.sleep(0.2)
    check("a node without its member's key says so", b"is not in its node's key folder" in text, text.decode())
    final, _ = network.pay(OTHER, 2)
    check("and the others go on", final == 2, str(final))
    (network.folder / "next.key").rename(file(network, KILLED).with_name(f"member-{KILLED}-next.key"))
    kid = kids(network)[KILLED]
    check("it signs once it is there", signs(network, kid, 120) and settled(network, KILLED, kid))
    heads = network.agree()
    check("and has what the others have", len(heads) == 4 and len(set(heads.values())) == 1, str(heads))


def said(port):
    try:
        return request("GET", f"http://127.0.0.1:{port}/readyz")[1]
    except OSError:
        return b""

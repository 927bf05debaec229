"""Members take other keys for their nodes while the network runs and clients write: nobody restarts, nothing is lost."""
import json
import shutil
import tempfile
import time

import cbor2

from cluster import Network
from evidence import Verifier
from faults import busy
from members import acting, bundle, cairn, listed, record
from process import get_json, request, shown_key
from statement import Participant

from oracle import signing  # where the evidence's test looks for other code

#: Who rotates at its own node, whose node is killed right after it, whose is away meanwhile, and who gives the others' votes.
FIRST, KILLED, AWAY, OTHER = "retail", "logistics", "laboratory", "cooperative"

#: Member of a header that is the ledger's time.
TIME = 10


def run(check):
    with tempfile.TemporaryDirectory() as folder:
        network = Network(f"{folder}/network")
        with network.running():
            pids = {member: network.pid(member) for member in network.members}
            first = record(network, OTHER)
            kept, leaked = bundle(network, OTHER, first), [own(network, member) for member in (FIRST, KILLED, AWAY)]
            before, network.paid = network.balance(OTHER), 0
            with busy(network) as clients:
                under_load(check, network, pids)
                killed(check, network)
                away(check, network)
                wiped(check, network)
            nothing_lost(check, network, clients, before)
            proofs(check, network, first)
            renewed(check, network, kept, leaked)
            foreign(check, network)


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


def learned(check, network, member, node):
    kid = kids(network)[member]
    check(f"{node} signs with the new key", signs(network, kid, 120))
    check("and keeps that one alone", settled(network, member, kid))


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
        learned(check, network, KILLED, "the node that returns")


def away(check, network):
    """The word is said at another's node while its own is away."""
    network.kill(AWAY)
    done = cairn("member", "rotate", *acting(network, AWAY, OTHER))
    check("a member whose node is away takes another key", done.returncode == 0, done.stderr)
    network.start(AWAY)
    learned(check, network, AWAY, "its node, once it returns,")


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


def renewed(check, network, kept, leaked):
    """CHAT-29: evidence of long ago verifies after its keys are gone, and signatures of today keep it from being forged with them."""
    url, path = network.urls[OTHER], network.folder / "kept.bundle"

    def verify(content, *more):
        path.write_bytes(content)
        return cairn("receipt", "verify", str(path), "--ledger", network.ledger, *more)
    check("CHAT-29: a bundle from before the keys changed verifies as it is", verify(kept).returncode == 0)
    today = ["--members", json.loads(cairn("member", "list", "--node", url, "--output", "json").stdout)["set"]]
    done = verify(kept, *today)
    check("CHAT-29: for who believes today's members alone it is not enough", done.returncode == 9 and "renew it" in done.stdout, done.stdout)
    done = cairn("receipt", "renew", str(path), "--node", url)
    fresh = path.read_bytes()
    check("CHAT-29: today's members sign its blocks again", done.returncode == 0 and fresh != kept, done.stderr)
    done = verify(fresh, *today)
    check("CHAT-29: then it is", done.returncode == 0 and "sign its blocks again" in done.stdout, done.stdout)
    told, wrong = Verifier(network.ledger)(fresh)
    check("CHAT-29: by other code, too", told.returncode == 0 and not wrong, str(wrong))
    false = forged(kept, leaked)
    check("CHAT-29: who stole a quorum's keys of then forges a block of then", verify(false).returncode == 0)
    done = cairn("receipt", "renew", str(path), "--node", url)
    check("CHAT-29: which nobody renews", done.returncode == 9 and path.read_bytes() == false, done.stderr)
    parts = cbor2.loads(false) | {number: cbor2.loads(fresh)[number] for number in (9, 10)}
    false = cbor2.dumps(parts, canonical=True)
    done = verify(false, *today)
    check("CHAT-29: nor does a renewal of another one help", done.returncode == 9, done.stdout)
    check("CHAT-29: as other code finds", 9 in Verifier(network.ledger)(false)[1])
    again = cairn("receipt", "renew", str(path), "--node", url, "--to", str(path) + ".again")
    check("CHAT-29: nor another", again.returncode == 9, again.stderr)


def forged(kept, leaked):
    """The bundle with another time in its first block, signed with the keys that a quorum had then."""
    parts = cbor2.loads(kept)
    header = cbor2.loads(parts[3][0][0])
    header[TIME] += 1
    raw = cbor2.dumps(header, canonical=True)
    votes = []
    for member in sorted(leaked, key=lambda member: member.kid):
        protected = cbor2.dumps({1: -8, 4: member.kid}, canonical=True)
        votes.append([protected, {}, member.key.sign(signing.vote_structure(protected, raw))])
    parts[3][0] = [raw, cbor2.dumps(cbor2.CBORTag(98, [b"", {}, None, votes]), canonical=True)]
    return cbor2.dumps(parts, canonical=True)


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

"""A fifth organisation joins a running network by the votes of the others, and two leave again; nobody restarts."""
import json
import shutil
import subprocess
import tempfile
import time

import cbor2

from cluster import Network
from evidence import Verifier
from process import PROGRAM, REPOSITORY, call, get_json, read_as, request, wait_until_up
from statement import Participant

NEW = "harbour"


def run(check):
    """COMMON-11."""
    with tempfile.TemporaryDirectory() as folder:
        network = Network(f"{folder}/network")
        founders = list(network.members)
        with network.running():
            pids = {member: network.pid(member) for member in founders}
            before = record(network, founders[0])
            waits(check, network)
            votes(check, network, founders)
            joins(check, network, founders)
            check("COMMON-11: no node of the others was started again",
                  pids == {member: network.pid(member) for member in founders}, str(pids))
            counts(check, network, founders)
            own_users(check, network)
            proofs(check, network, before, founders)
            rebuilds(check, network, founders)
            leave(check, network, founders)


def cairn(*arguments):
    return subprocess.run([PROGRAM, *arguments], cwd=REPOSITORY, capture_output=True, text=True, timeout=120)


def acting(network, member, at=None):
    """Options by which a member's own key acts at a node."""
    return ["--node", network.urls[at or member], "--keys", str(network.folder / member / "keys"), "--as", member]


def listed(network, member):
    done = cairn("member", "list", "--node", network.urls[member], "--output", "json")
    return json.loads(done.stdout) if done.returncode == 0 else {"error": done.stderr, "members": [], "proposals": []}


def record(network, member):
    """An accepted transaction, and the bundle that proves it."""
    identity, body = network.reader.sign(
        network.ledger, "wallet", "issue", {"to": "farm", "amount": 1, "currency": "XPT"}, "farm")
    status, answer = request("POST", f"{network.urls[member]}/api/v1/transactions", body,
                             {"Content-Type": "application/cose", "Prefer": "wait=60"}, timeout=90)
    if status != 201:
        raise RuntimeError(f"{status} {answer[:300]}")
    return identity


def bundle(network, member, identity):
    status, body = request("GET", f"{network.urls[member]}/api/v1/transactions/{identity}/evidence")
    if status != 200:
        raise RuntimeError(f"{status} {body[:300]}")
    return body


def waits(check, network):
    """An organisation lays out its node and starts it: nobody answers it before it is admitted."""
    done = cairn("network", "add", "--folder", str(network.folder), "--id", NEW, "--name", "Harbour Foods")
    check("a node is laid out beside the others", done.returncode == 0, done.stderr)
    network.proposal = done.stdout.splitlines()[0]
    configuration = json.loads((network.folder / NEW / "node.json").read_text())
    network.configurations[NEW] = configuration
    network.urls[NEW] = f"http://127.0.0.1:{configuration['port']}"
    read_as(network.urls[NEW], network.reader)
    network.members.append(NEW)
    network.start(NEW)
    time.sleep(3)
    check("it waits for the members", network.own[NEW].poll() is None and not (network.folder / NEW / "node.pid").exists(),
          (network.folder / NEW / "node.log").read_text()[-500:])


def votes(check, network, founders):
    first, second, third, fourth = founders
    # A registrar who is no member has no vote.
    _, body = network.reader.sign(network.ledger, "membership", "leaveMembers", {}, "nobody")
    status, answer = request("POST", f"{network.urls[first]}/api/v1/transactions", body,
                             {"Content-Type": "application/cose", "Prefer": "wait=60"}, timeout=90)
    check("who is no member has no say", status != 201, f"{status} {answer[:200]}")
    words = network.proposal.split("'")
    options = words[0].split()[3:] + [words[1]] + words[2].split()
    done = cairn("member", "propose", *options)
    check("a member proposes it", done.returncode == 0, done.stderr)
    network.voted = done.stdout.split()[0]
    again = cairn("member", "propose", *options)
    check("nobody proposes it twice", again.returncode != 0 and "already" in again.stderr, again.stderr)
    shown = listed(network, fourth)
    check("the others see the proposal", [(p["change"], p["subject"], p["approvals"]) for p in shown["proposals"]]
          == [("admit", NEW, [first])], str(shown))
    twice = cairn("member", "vote", *acting(network, first), network.voted)
    check("the proposer has voted", twice.returncode != 0 and "voted" in twice.stderr, twice.stderr)
    done = cairn("member", "vote", *acting(network, second), network.voted)
    check("a second member approves", done.returncode == 0, done.stderr)
    check("two of four admit nobody", len(listed(network, first)["members"]) == 4)
    done = cairn("member", "vote", *acting(network, third), network.voted)
    check("a third member approves", done.returncode == 0, done.stderr)


def joins(check, network, founders):
    wait_until_up(network.urls[NEW], 120, network.own[NEW])
    final, times = network.pay(NEW, 5)
    check("COMMON-11: what the newcomer's node takes is final", final == 5, str(final))
    if times:
        print(f"members: at the newcomer FINAL after {times[len(times) // 2] * 1000:.0f} ms (median of 5)", flush=True)
    heads = network.agree()
    check("COMMON-11: five nodes have one head and one state root", len(set(heads.values())) == 1 and len(heads) == 5,
          str(heads))
    for member in (founders[3], NEW):
        shown = listed(network, member)
        check(f"the node of {member} shows five members, four of them needed",
              [m["id"] for m in shown["members"]] == sorted([*founders, NEW]) and shown.get("quorum") == 4
              and len(shown.get("changes", [])) == 1 and not shown["proposals"], str(shown))
    code, lines, errors = network.compare(network.members)
    check("a client that asks all five finds them in agreement", code == 0, errors)


def counts(check, network, founders):
    """The newcomer's signature is needed where one of the others is away, and none of them is enough without it."""
    away, writer = founders[3], founders[0]
    network.kill(away)
    final, _ = network.pay(writer, 3)
    check("COMMON-11: with one of the others away the newcomer's signature counts", final == 3, str(final))
    height = network.head(writer)[0]
    block = get_json(f"{network.urls[writer]}/api/v1/ledgers/{network.ledger}/blocks/{height}")
    signers = {cbor2.loads(vote[0])[4].hex() for vote in cbor2.loads(bytes.fromhex(block["certificate"])).value[3]}
    key = Participant(f"member-{NEW}", f"{network.folder}/{NEW}/keys/member-{NEW}.key")
    check("its signature is in the certificate", key.kid.hex() in signers and len(signers) == 4, str(signers))
    network.kill(NEW)
    _, body = network.reader.sign(network.ledger, "wallet", "issue", {"to": "farm", "amount": 1, "currency": "XPT"}, "farm")
    status, answer = request("POST", f"{network.urls[writer]}/api/v1/transactions", body,
                             {"Content-Type": "application/cose", "Prefer": "wait=3"}, timeout=30)
    check("three of five make nothing final", status == 202 and json.loads(answer)["status"] != "FINAL",
          f"{status} {answer[:200]}")
    network.start(NEW)
    network.start(away)
    heads = network.agree()
    check("both come back", len(set(heads.values())) == 1 and len(heads) == 5, str(heads))


def own_users(check, network):
    """Each organisation runs its own node and its own users; who vouches for it is a registrar, as for every other."""
    keys = str(network.folder / NEW / "keys")

    def key(name):
        return cairn("participant", "key", "--keys", keys, "--as", name).stdout.strip()

    enrol = ["participant", "enrol", "--node", network.urls[NEW], "--id", "harbour-foods", "--member", NEW,
             "--name", "Harbour Foods", "--role", "retailer", "--key", key("harbour-foods")]
    done = cairn(*enrol, "--keys", keys, "--as", f"member-{NEW}")
    check("a member vouches for nobody", done.returncode != 0 and "registrar" in done.stderr, done.stderr)
    done = cairn(*enrol, "--keys", str(network.folder / "laboratory/keys"), "--as", "accreditor")
    check("COMMON-11: a registrar vouches for the newcomer's organisation, at its node", done.returncode == 0, done.stderr)
    done = cairn("participant", "person", "--node", network.urls[NEW], "--keys", keys, "--as", "harbour-foods", "--id", "buyer",
                 "--function", "buying", "--role", "retailer", "--role", "administrator", "--key", key("buyer"))
    check("COMMON-11: which enrols its own people", done.returncode == 0, done.stderr)
    done = cairn("participant", "person", "--node", network.urls[NEW], "--keys", keys, "--as", "buyer", "--id", "clerk",
                 "--function", "counter", "--role", "retailer", "--key", key("clerk"))
    check("COMMON-11: and they act for it at its own node", done.returncode == 0, done.stderr)
    shown = cairn("participant", "show", "--node", network.urls["cooperative"], "--keys",
                  str(network.folder / "laboratory/keys"), "--as", "accreditor", "clerk")
    check("as the others see", shown.returncode == 0 and "harbour-foods" in shown.stdout, shown.stdout + shown.stderr)


def proofs(check, network, before, founders):
    """Records of both times verify from bytes alone, at the program and at the oracle."""
    verify = Verifier(network.ledger)
    after = record(network, NEW)
    for name, identity in (("before", before), ("after", after)):
        for member in (founders[0], NEW):
            body = bundle(network, member, identity)
            told, wrong = verify(body)
            check(f"COMMON-11: a record of {name} the change verifies, by the node of {member}",
                  told.returncode == 0 and not wrong, f"{told.stdout[-600:]} {wrong}")
            parts = cbor2.loads(body)
            check("its bundle has the header that announced the change", len(parts.get(9, [])) == 1, str(list(parts)))
            del parts[9]
            told, wrong = verify(cbor2.dumps(parts, canonical=True))
            check("without that header it does not", told.returncode != 0 and wrong, str(wrong))
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/own.replica"
        done = cairn("replica", "sync", "--file", file, "--node", network.urls[NEW], "--as", "accreditor",
                     "--keys", str(network.folder / "laboratory/keys"))
        shown = cairn("replica", "verify", "--file", file, "--ledger", network.ledger)
        check("a participant's replica follows the change", done.returncode == 0 and shown.returncode == 0,
              f"{done.stderr} {shown.stdout[-500:]} {shown.stderr}")


def rebuilds(check, network, founders):
    """A disk that is lost is filled across the change of members."""
    folder = network.folder / NEW
    network.kill(NEW)
    for item in folder.iterdir():
        if item.name in ("keys", "node.json", "genesis.cbor", "node.log"):
            continue
        shutil.rmtree(item) if item.is_dir() else item.unlink()
    network.start(NEW)
    heads = network.agree()
    check("a newcomer that lost its disk rebuilds from the others", len(set(heads.values())) == 1 and len(heads) == 5,
          str(heads))
    final, _ = network.pay(NEW, 2)
    check("and signs again", final == 2, str(final))
    network.kill(NEW)
    audit = cairn("audit", str(folder / f"members/{NEW}/ledger.sqlite"))
    check("its file passes its audit with every signature", audit.returncode == 0, audit.stdout + audit.stderr)
    network.start(NEW)
    network.agree()


def leave(check, network, founders):
    """One is put out by the others, then the newcomer goes by itself."""
    first, second, third, out = founders
    done = cairn("member", "expel", *acting(network, first), out)
    check("a member proposes that another leaves", done.returncode == 0, done.stderr)
    proposal = done.stdout.split()[0]
    refused = cairn("member", "vote", *acting(network, out), "--refuse", proposal)
    check("who is concerned may vote against it", refused.returncode == 0, refused.stderr)
    for member in (second, third, NEW):
        done = cairn("member", "vote", *acting(network, member), proposal)
        check(f"{member} approves", done.returncode == 0, done.stderr)
    network.members.remove(out)
    final, _ = network.pay(first, 3)
    check("the ledger goes on without it", final == 3, str(final))
    shown = listed(network, first)
    check("four members, three of them needed", len(shown["members"]) == 4 and shown.get("quorum") == 3, str(shown))
    _, body = network.reader.sign(network.ledger, "wallet", "issue", {"to": "farm", "amount": 1, "currency": "XPT"}, "farm")
    deadline, status, answer = time.monotonic() + 60, 0, b""
    while time.monotonic() < deadline and status != 503:
        status, answer = call("POST", f"{network.urls[out]}/api/v1/transactions", body,
                              {"Content-Type": "application/cose", "Prefer": "wait=2"}, timeout=60)
        time.sleep(0.5)
    check("the node of who is out takes nothing, and says why", status == 503 and b"no member" in answer,
          f"{status} {answer[:300]}")
    done = cairn("member", "leave", *acting(network, NEW, first))
    check("the newcomer leaves by itself", done.returncode == 0, done.stderr)
    network.members.remove(NEW)
    final, _ = network.pay(second, 3)
    check("and the ledger goes on", final == 3, str(final))
    heads = network.agree()
    check("the three that stayed have one head", len(set(heads.values())) == 1 and len(heads) == 3, str(heads))
    verify = Verifier(network.ledger)
    body = bundle(network, third, record(network, third))
    told, wrong = verify(body)
    check("COMMON-11: a record verifies across three changes", told.returncode == 0 and not wrong
          and len(cbor2.loads(body)[9]) == 3, f"{told.stdout[-600:]} {wrong}")

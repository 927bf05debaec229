"""A member joins by the state of a final block instead of executing all blocks, and members keep the statements of the latest blocks only."""
import contextlib
import json
import re
import shutil
import sqlite3
import subprocess
import tempfile
import time

import cbor2

from cluster import Network
from process import PROGRAM, REPOSITORY, call, get_json, request

#: Transfers that share blocks, and blocks that are made one after another after them, which are those that are kept.
TOGETHER, ALONE = 5_000, 1_050
JOINER, KEEPER, RUNNER, WRITER = "retail", "logistics", "cooperative", "laboratory"
KEPT = 1_000


def run(check):
    with tempfile.TemporaryDirectory() as folder:
        network = Network(f"{folder}/network")
        with network.running():
            first = fill(check, network)
            replayed = joins(check, network, "executing all blocks", {})
            joined = joins(check, network, "a state", {"snapshotBeyond": 100, "keepBlocks": KEPT})
            check.figure("joining by a state, of the time that executing takes", joined / replayed, 1, "times")
            transferred(check, network)
            told_in_words(check, network, JOINER, first)
            fetched_again(check, network, first)
            pruned_by_command(check, network, first)
            pruned_by_the_node(check, network)


def cairn(*words):
    return subprocess.run([PROGRAM, *map(str, words)], cwd=REPOSITORY, capture_output=True, text=True)


def fill(check, network):
    """Makes blocks; the id of the first payment."""
    network.pay(WRITER, 1)
    url = network.urls[WRITER]
    first = get_json(f"{url}/api/v1/ledgers/{network.ledger}/transactions?contract=wallet&limit=1")["items"][0]["id"]
    for alone, together in [(10, TOGETHER), (ALONE, 100)]:
        done = cairn("bench", "transfers", "--network", network.folder, "--alone", alone, "--count", together, "--clients", 128)
        check("there are blocks", done.returncode == 0, done.stderr[-500:])
    heads = network.agree()
    print(f"history: {heads[WRITER][0]} blocks, {ALONE + TOGETHER} transfers", flush=True)
    return first


def configure(network, member, settings):
    path = network.folder / member / "node.json"
    configuration = network.configurations[member] | settings
    path.write_text(json.dumps(configuration))


def ledger(network, member):
    return get_json(f"{network.urls[member]}/api/v1/ledgers")["items"][0]


def until(condition, seconds=180):
    """Waits for something; what was found at the end."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            found = condition()
        except (OSError, RuntimeError):
            found = None
        if found or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


def joins(check, network, how, settings):
    """Empties a member's disk and starts its node; seconds until it is where the others are."""
    network.kill(JOINER)
    for item in (network.folder / JOINER).iterdir():
        if item.name not in ("keys", "node.json", "genesis.cbor", "node.log"):
            shutil.rmtree(item) if item.is_dir() else item.unlink()
    configure(network, JOINER, settings)
    height = network.head(WRITER)[0]
    begin = time.monotonic()
    network.start(JOINER)
    arrived = until(lambda: network.head(JOINER)[0] >= height)
    seconds = time.monotonic() - begin
    check(f"a node with an empty disk joins by {how}", arrived, "it did not arrive")
    print(f"history: {height} blocks behind, up and at the head by {how} after {seconds:.1f} s", flush=True)
    final, _ = network.pay(JOINER, 3)
    heads = network.agree()
    check("it takes part, with the state of the others", final == 3 and len(set(heads.values())) == 1, str(heads))
    return seconds


def transferred(check, network):
    """Bytes that a member is sent, by either way."""
    height = network.head(WRITER)[0]

    def pages(path, next_of, answers=lambda items: items):
        total, place = 0, None
        while True:
            status, body = network.ask(JOINER, WRITER, "GET", path(place))
            items = cbor2.loads(body)
            if status != 200 or len(body) > 12 << 20:
                check("a page is bounded", False, f"{path(place)}: {status}, {len(body)} bytes")
            if not items:
                return total
            total += len(body)
            place = next_of(items)

    def after_block(items):
        last = items[-1][0]
        header = last if isinstance(last, bytes) else last[0]
        return cbor2.loads(header)[3] + 1

    blocks = pages(lambda place: f"/peer/v1/blocks/{place or 0}", after_block)
    bare = pages(lambda place: f"/peer/v1/bare-blocks/{place or 0}", after_block)
    status, body = network.ask(JOINER, WRITER, "GET", "/peer/v1/snapshot")
    offered = cbor2.loads(body)[0] if status == 200 else 0
    check("a state is offered", status == 200 and offered <= height, f"{status} {offered}")
    state = pages(lambda place: f"/peer/v1/snapshot/{offered}/state" + (f"/{place}" if place else ""),
                  lambda items: items[-1][0].hex())
    check.figure("bytes to join by a state, of those of all blocks", (bare + state) / blocks, 1, "times")
    print(f"history: blocks {blocks} bytes; without statements {bare}, state {state}", flush=True)


def told_in_words(check, network, member, first):
    """What a member says about a record whose statement it does not keep."""
    url, height = network.urls[member], network.head(member)[0]
    kept = until(lambda: (found := ledger(network, member)["keptFrom"]) <= network.head(member)[0] - KEPT + 2 and found)
    check("a member keeps the latest blocks", kept and abs(kept - (height - KEPT + 1)) < 20, f"{kept} of {height}")
    answer = get_json(f"{url}/api/v1/transactions/{first}")
    check("the outcome of an old statement is told", answer["status"] == "FINAL" and not answer["isKept"], str(answer))
    for path in [f"/api/v1/transactions/{first}/evidence", f"/entries/{first}"]:
        status, body = request("GET", url + path)
        problem = json.loads(body)
        check(f"{path.split('/')[-1][:8]} of what is not kept is refused in words",
              status == 410 and problem["code"] == "not-kept" and "another member" in problem["detail"], f"{status} {body}")
    status, page = request("GET", f"{url}/ledgers/{network.ledger}/transactions/{first}", headers={"Accept": "text/html"})
    check("its page says whom to ask", status == 410 and b"another member" in page, f"{status} {page[-400:]}")
    status, page = request("GET", f"{url}/ledgers/{network.ledger}/blocks/{answer['height']}", headers={"Accept": "text/html"})
    check("the page of its block says that statements are not kept", status == 200 and b"not kept by this member" in page,
          str(status))
    status, body = request("GET", f"{url}/api/v1/events", headers={"Last-Event-ID": "1"})
    check("a listener is not sent half of what was", status == 410, f"{status} {body[:200]}")
    status, body = request("GET", f"{network.urls[WRITER]}/api/v1/transactions/{first}/evidence")
    check("a member that keeps it gives evidence", status == 200, str(status))


def audited(network, member):
    return cairn("audit", network.folder / member / f"members/{member}/ledger.sqlite")


def fetched_again(check, network, first):
    """A member that is to keep everything again fetches what it lacks while it takes part."""
    network.kill(JOINER)
    done = audited(network, JOINER)
    check("a file without old statements passes its audit, which says so",
          done.returncode == 0 and "statements are kept from block" in done.stdout, done.stdout + done.stderr)
    configure(network, JOINER, {})
    network.start(JOINER)
    begin = time.monotonic()
    check("a member fetches the statements that it lacks", until(lambda: ledger(network, JOINER)["keptFrom"] == 1),
          str(until(lambda: ledger(network, JOINER), 5)))
    print(f"history: statements fetched {time.monotonic() - begin:.1f} s after the start", flush=True)
    status, _ = request("GET", f"{network.urls[JOINER]}/api/v1/transactions/{first}/evidence")
    check("and gives evidence of them", status == 200, str(status))
    network.kill(JOINER)
    done = audited(network, JOINER)
    check("its file is whole", done.returncode == 0 and "kept from" not in done.stdout, done.stdout + done.stderr)
    network.start(JOINER)
    network.agree()


def pruned_by_command(check, network, first):
    network.kill(KEEPER)
    done = cairn("ledger", "prune", network.folder / KEEPER / "node.json")
    check("nothing is let go where the configuration keeps everything", done.returncode == 78, done.stderr)
    configure(network, KEEPER, {"keepBlocks": 10})
    done = cairn("ledger", "prune", network.folder / KEEPER / "node.json")
    check("few blocks are too few", done.returncode == 78 and "1000" in done.stderr, done.stderr)
    configure(network, KEEPER, {"keepBlocks": KEPT})
    done = cairn("ledger", "prune", network.folder / KEEPER / "node.json")
    found = re.search(r"file: (\d+) bytes before, (\d+) after, (\d+) freed", done.stdout)
    check("old statements are let go and the file shrinks", done.returncode == 0 and found and int(found[3]) > 0,
          done.stdout + done.stderr)
    print(f"history: {done.stdout.strip()}", flush=True)
    size = (network.folder / KEEPER / f"members/{KEEPER}/ledger.sqlite").stat().st_size
    check("the figures are those of the disk", found and size == int(found[2]), f"{size} {done.stdout}")
    done = audited(network, KEEPER)
    check("the file passes its audit", done.returncode == 0, done.stdout + done.stderr)
    network.start(KEEPER)
    until(lambda: network.head(KEEPER))
    done = cairn("ledger", "prune", network.folder / KEEPER / "node.json")
    check("not beside the node that runs", done.returncode == 64, f"{done.returncode} {done.stderr}")
    told_in_words(check, network, KEEPER, first)


def metric(network, member, name):
    port = network.configurations[member]["operationsPort"]
    _, body = call("GET", f"http://127.0.0.1:{port}/metrics")
    return float(re.search(rf"^{name} (\S+)$", body.decode(), re.M)[1])


def pruned_by_the_node(check, network):
    """A node that runs lets go of what it is not to keep, and goes on."""
    network.kill(RUNNER)
    configure(network, RUNNER, {"keepBlocks": KEPT})
    path = network.folder / RUNNER / f"members/{RUNNER}/ledger.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = path.stat().st_size
    network.start(RUNNER)
    until(lambda: network.head(RUNNER))
    freed = until(lambda: metric(network, RUNNER, "cairn_ledger_pruned_bytes_total"))
    check("a node lets go of old statements by itself", freed, str(freed))
    until(lambda: ledger(network, RUNNER)["keptFrom"] > 1)
    size = until(lambda: (now := metric(network, RUNNER, "cairn_ledger_file_bytes")) < before and now)
    check("its file shrinks while it runs", size, f"{before} bytes before, {metric(network, RUNNER, 'cairn_ledger_file_bytes')} now")
    print(f"history: let go of {freed:.0f} bytes; file {before} bytes before, {size:.0f} after", flush=True)
    final, _ = network.pay(RUNNER, 10)
    heads = network.agree()
    check("it goes on meanwhile", final == 10 and len(set(heads.values())) == 1, str(heads))

"""A participant's replica: it holds what concerns the participant and nothing else, and outlives the node that gave it."""
import contextlib
import csv
import hashlib
import http.server
import io
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time

import cbor2

import chattel
from process import PROGRAM, call, free_port, get_json, start, stop, wait_until_up
from statement import encode, secret_of

WHO = "nordic-metals"
#: The least that a phone has to spare, bytes for a record.
SMALL = 10_000


class Replica:
    def __init__(self, folder, url, keys):
        self.file, self.url, self.keys = f"{folder}/{WHO}.replica", url, keys

    def cairn(self, command, *arguments):
        done = subprocess.run([PROGRAM, "replica", command, "--file", self.file, *arguments], capture_output=True,
                              text=True, timeout=300, check=False)
        return done.returncode, done.stdout, done.stderr

    def sync(self, *nodes, who=WHO):
        named = [word for node in nodes or (self.url,) for word in ("--node", node)]
        code, out, error = self.cairn("sync", "--as", who, "--keys", self.keys, *named, "--output", "json")
        return code, json.loads(out) if out else {}, error

    def shown(self):
        code, out, error = self.cairn("show", "--output", "json")
        if code != 0:
            raise RuntimeError(f"show: {code} {error}")
        return json.loads(out)

    def ids(self):
        return {row["id"] for row in self.shown()}

    def content(self):
        with open(self.file, "rb") as file:
            return file.read()

    def write(self, content):
        with open(self.file, "wb") as file:
            file.write(content)

    def parts(self):
        """The list of the file and its bundles, read from docs/reference/formats.md."""
        content = self.content()
        reader = io.BytesIO(content)
        _, _, content = cbor2.load(reader)
        head = cbor2.loads(content)
        return head, [reader.read(length) for _, length, _ in head[3]]

    def write_parts(self, head, bundles):
        """As somebody writes it who knows the format and has no key."""
        content = encode(head)
        self.write(encode(["cairn-replica/1", hashlib.sha256(content).digest(), content]) + b"".join(bundles))


def run(check):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as own:
        node = start("demo", "--bare", "--use-case", "chattel-mortgage", "--folder", folder, "--port", str(port))
        try:
            ledger = chattel.Ledger(url, wait_until_up(url, process=node)["id"], folder)
            wait_for_own_key(ledger)
            chattel.prepare(check, ledger)
            chattel.bring(ledger, "ONE", "harbour-bank")
            chattel.decide(ledger, "ONE", "harbour-bank")
            others(check, ledger)
            replica = Replica(own, url, f"{folder}/keys")
            first(check, ledger, replica)
            later(check, ledger, replica)
            liars(check, ledger, replica)
            damage(check, ledger, replica)
            no_secret(check, replica, folder)
            held = replica.ids()
        finally:
            stop(node)
        shutil.rmtree(folder)
        without_node(check, ledger, replica, held)


def wait_for_own_key(ledger):
    """The last record that the demo's start makes in the participant's name; after it, records come from this test alone."""
    path = f"{ledger.url}/api/v1/ledgers/{ledger.ledger}/transactions?issuer={WHO}"
    deadline = time.monotonic() + 120
    while not any(item["operation"] == "setEncryptionKey" for item in get_json(path)["items"]):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{WHO} has no encryption key")
        time.sleep(0.05)


def others(check, ledger):
    """Business of others, which is none of the participant's."""
    told = [ledger.send("baltic-trade", "declare", {
        "lot": "THEIRS", "site": "NORTH", "bay": "A2", "kind": "copper", "class": "A", "specification": "Cathodes",
        "grams": 50_000_000, "count": 20, "densityLeast": 6500, "densityMost": 8960, "tags": ["T-9"], "sealed": False},
        "lot:THEIRS", contract="chattel")[0],
        ledger.act("clearing", "issue", "city-bank", "wallet", to="city-bank", amount=5, currency="EUR"),
        # Refused: it names the participant and leaves nothing that could be proved.
        ledger.act(WHO, "repay", "application:ONE", loan="ONE", amount=10**12)]
    check("others' business", told[:2] == ["FINAL", "FINAL"] and told[2] != "FINAL", told)


def texts(value):
    if isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, str):
        yield value


def concerning(ledger, things):
    """(accepted records that name the participant or what is its, all accepted ones), by reading the whole ledger block
    by block in the name of one who may read all: every text of statement and events is looked at."""
    names = {WHO} | set(things) | {f"{kind}:{name}" for name in things for kind in ("lot", "receipt", "application")}
    named, accepted, height = set(), set(), 0
    while True:
        status, body = chattel.request("GET", f"{ledger.url}/api/v1/ledgers/{ledger.ledger}/blocks/{height}")
        if status != 200:
            return named, accepted
        for result in json.loads(body)["results"]:
            if result["status"] != "FINAL":
                continue
            record = get_json(f"{ledger.url}/api/v1/transactions/{result['id']}")
            accepted.add(result["id"])
            said = {text for part in ("issuer", "subject", "arguments", "events") for text in texts(record[part])}
            if said & names:
                named.add(result["id"])
        height += 1


def first(check, ledger, replica):
    code, told, error = replica.sync()
    check("COMMON-4: a replica is made", code == 0 and told.get("added") == told.get("held"), (code, error))
    named, accepted = concerning(ledger, ("LOT", "NORTH-1", "ONE"))
    held = replica.ids()
    check("COMMON-4: it holds all records that concern the participant", named <= held, named - held)
    check("COMMON-4: and no others", held <= named and len(named) < len(accepted),
          (held - named, len(named), len(accepted)))
    check("COMMON-4: a refusal is counted, not kept", told["refused"] >= 1, told)
    code, out, error = replica.cairn("verify", "--ledger", ledger.ledger, "--output", "json")
    checks = json.loads(out)["checks"]
    check("COMMON-4: each record verifies against a head signed by a quorum",
          code == 0 and len(checks) == len(held) + 4 and all(one["passed"] for one in checks), (code, error))
    check("COMMON-4: it says what it does not show", "withheld" in " ".join(json.loads(out)["doesNotShow"]))
    check("COMMON-4: another ledger's id is refused", replica.cairn("verify", "--ledger", "0" * 64)[0] == 9)
    each = told["bytes"] / told["held"]
    print(f"COMMON-4: {told['held']} records in {told['bytes']} bytes, {each:.0f} a record", flush=True)
    check("COMMON-4: small enough for a phone", each < SMALL, each)
    _, out, _ = replica.cairn("show", "--output", "csv")
    rows = list(csv.DictReader(io.StringIO(out, newline="")))
    check("COMMON-4: listed as CSV", {row["id"] for row in rows} == held, out[:300])
    path = f"{replica.file}.cbor"
    code = replica.cairn("export", "--record", rows[-1]["id"], "--to", path)[0]
    done = subprocess.run([PROGRAM, "receipt", "verify", path, "--ledger", ledger.ledger], capture_output=True, text=True,
                          check=False)
    check("COMMON-4: one record goes out as a bundle", code == 0 and done.returncode == 0, done.stdout[-300:])
    code, _, error = replica.sync(who="harbour-bank")
    check("another participant's file is not gone on with", code == 64 and WHO in error, (code, error))


def later(check, ledger, replica):
    before = replica.ids()
    code, told, error = replica.sync()
    check("COMMON-4: nothing new, nothing fetched", (code, told.get("added")) == (0, 0), (told, error))
    told = ledger.act(WHO, "repay", "application:ONE", loan="ONE", amount=30_000_000)
    check("a loan is paid back", told == "FINAL", told)
    chattel.bring(ledger, "TWO", "city-bank")
    code, told, error = replica.sync()
    named, _ = concerning(ledger, ("LOT", "NORTH-1", "ONE", "TWO"))
    check("COMMON-4: the new ones come, and only they are fetched",
          code == 0 and replica.ids() == named and told["added"] == len(named - before) > 3, (told, error))


@contextlib.contextmanager
def liar(url, change):
    """A node's address that changes answers: `change(path, status, body)` gives (status, body)."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self):
            length = int(self.headers.get("Content-Length") or 0)
            headers = {name: self.headers[name] for name in ("Authorization", "Content-Type") if self.headers[name]}
            status, body = call(self.command, url + self.path, self.rfile.read(length) if length else None, headers)
            status, body = change(self.path, status, body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def liars(check, ledger, replica):
    """A node that hides, changes or forges."""
    victim = replica.shown()[-1]["id"]
    content = replica.content()

    def listed(edit):
        def change(path, status, body):
            if "/transactions?" in path and status == 200:
                answer = json.loads(body)
                answer["items"] = [item for item in map(edit, answer["items"]) if item]
                return status, json.dumps(answer).encode()
            if path == f"/api/v1/transactions/{victim}" and hidden:
                return 404, b"{}"
            return status, body
        return change

    def warned(told, error, kind, words):
        return any(one["kind"] == kind and words in one["text"] for one in told.get("warnings", [])), (told, error)

    def hide(item):
        return None if item["id"] == victim else item

    hidden = True
    with liar(ledger.url, listed(hide)) as node:
        code, told, error = replica.sync(node)
        right, detail = warned(told, error, "broken", f"{victim} has disappeared")
        check("COMMON-4: a record that disappeared is told, and its proof stays",
              code == 9 and right and victim in replica.ids(), detail)
        fresh = Replica(os.path.dirname(replica.file), ledger.url, replica.keys)
        fresh.file += ".fresh"
        code, told, error = fresh.sync(node, ledger.url)
        right, detail = warned(told, error, "broken", "withholds")
        check("COMMON-4: what one node withholds, another shows", code == 9 and right and victim in fresh.ids(), detail)
    hidden = False
    with liar(ledger.url, listed(hide)) as node:
        code, told, error = replica.sync(node)
        right, detail = warned(told, error, "noted", "any more")
        check("COMMON-4: not shown any more is less than disappeared", code == 0 and right, detail)
    with liar(ledger.url, listed(lambda item: item | {"leafIndex": None} if item["id"] == victim else item)) as node:
        code, told, error = replica.sync(node)
        right, detail = warned(told, error, "broken", "refused")
        check("COMMON-4: another outcome is told", code == 9 and right, detail)

    def forge(path, status, body):
        return status, body[:-9] + bytes([body[-9] ^ 1]) + body[-8:] if path.endswith("/evidence") else body

    fresh.file += "er"
    with liar(ledger.url, forge) as node:
        code, told, error = fresh.sync(node)
        right, detail = warned(told, error, "broken", "is not kept")
        check("COMMON-4: what does not verify is not kept", code == 9 and right and told["held"] == 0, detail)

    def fork(path, status, body):
        return status, b'{"path":[]}' if "/consistency?" in path else body

    ledger.act(WHO, "withdraw", "application:TWO", application="TWO")
    replica.write(content)
    with liar(ledger.url, fork) as node:
        code, _, error = replica.sync(node)
        check("COMMON-4: a head that does not extend the one kept is told, and nothing is taken from there",
              code == 9 and "does not extend" in error and replica.content() == content, (code, error))
    code, told, error = replica.sync()
    check("and from an honest node it goes on", code == 0 and told["added"] == 1, (told, error))


def damage(check, ledger, replica):
    content = replica.content()
    head, bundles = replica.parts()
    place = len(head[3]) // 2
    identity = head[3][place][0].hex()
    offset = len(content) - sum(map(len, bundles[place:]))
    flipped = bytearray(content)
    flipped[offset + len(bundles[place]) // 2] ^= 4
    replica.write(flipped)
    code, out, _ = replica.cairn("verify", "--output", "json")
    failed = [one for one in json.loads(out)["checks"] if not one["passed"]]
    check("COMMON-4: a flipped byte is located", code == 9 and len(failed) == 1 and identity in failed[0]["detail"]
          and f"byte {offset}" in failed[0]["detail"], failed)
    code, out, error = replica.cairn("show")
    check("COMMON-4: the others are still to be read", code == 9 and len(out.splitlines()) == len(bundles) - 1, error)
    code, told, error = replica.sync()
    check("COMMON-4: and it is fetched again", code == 0 and told["added"] == 1 and replica.cairn("verify")[0] == 0, error)
    for number in range(0, len(content) - sum(map(len, bundles)), 11):
        flipped = bytearray(content)
        flipped[number] ^= 1
        replica.write(flipped)
        if not check("COMMON-4: a flipped byte of the list is found", replica.cairn("verify", "--ledger", ledger.ledger)[0] == 9,
                     number):
            break
    replica.write(content + b"\0")
    check("COMMON-4: a byte at the end is found", replica.cairn("verify")[0] == 9)
    replica.write(content[:offset] + content[offset + len(bundles[place]):])
    code, out, _ = replica.cairn("verify", "--output", "json")
    failed = [one for one in json.loads(out)["checks"] if not one["passed"]]
    check("COMMON-4: a record cut out is noticed", code == 9 and len(failed) == 1 and identity in failed[0]["detail"], failed)
    head[3].pop(place)
    bundles.pop(place)
    replica.write_parts(head, bundles)
    code, told, error = replica.sync()
    check("COMMON-4: also when the list was written anew, at the next synchronisation",
          code == 0 and told["added"] == 1 and any(identity in one["text"] for one in told["warnings"]), (told, error))
    forged = bytearray(bundles[0])
    forged[len(forged) // 2] ^= 1
    head[3][0][1:] = [len(forged), hashlib.sha256(forged).digest()]
    replica.write_parts(head, [bytes(forged), *bundles[1:]])
    check("COMMON-4: a record changed with its hash does not verify", replica.cairn("verify")[0] == 9)
    code, told, error = replica.sync()
    check("COMMON-4: and is fetched again, as is the one left out", code == 0 and told["added"] == 2
          and replica.cairn("verify")[0] == 0, (told, error))


def no_secret(check, replica, folder):
    content = replica.content()
    secrets = [secret_of(f"{folder}/keys/{name}") for name in os.listdir(f"{folder}/keys") if name.endswith(".key")]
    found = [secret for secret in secrets if secret in content or secret.hex().encode() in content]
    check("COMMON-4: no secret in the file", len(secrets) > 5 and not found)
    check("COMMON-4: and it is for its owner's eyes", os.stat(replica.file).st_mode & 0o77 == 0)


def without_node(check, ledger, replica, held):
    """The node and its folder are gone."""
    code, out, error = replica.cairn("verify", "--ledger", ledger.ledger)
    check("COMMON-4: the replica verifies when the node is gone", code == 0 and "FAIL" not in out, error)
    check("COMMON-4: and holds what it held", replica.ids() == held)
    began = time.monotonic()
    replica.cairn("verify")
    print(f"COMMON-4: {len(held)} records verified in {time.monotonic() - began:.2f} s", flush=True)

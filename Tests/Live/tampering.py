"""Drill: an operator changes rows of a member's database from outside while the node runs; it is found and located, never served."""
import hashlib
import json
import pathlib
import sqlite3
import subprocess
import tempfile
import urllib.parse

import cbor2

from process import BARE, PROGRAM, call, free_port, get_json, read_as, stop, wait_for_participants, wait_until_up
from statement import Participant

#: Blocks that a node keeps in memory (LedgerNode.Limits.recentBlocks); what is changed lies before them.
RECENT = 64
#: The member whose file answers queries, and one whose file does not.
SERVING, OTHER = "cooperative", "retail"


def run(check):
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        drill = Drill(folder, port)
        try:
            drill.fill()
            transaction(check, drill)
            value(check, drill)
            place(check, drill)
            other(check, drill)
            restart(check, drill)
        finally:
            stop(drill.node)


class Drill:
    def __init__(self, folder, port):
        self.folder, self.url, self.operations = folder, f"http://127.0.0.1:{port}", free_port()
        self.arguments = [*BARE, "--folder", folder, "--port", str(port), "--operations-port", str(self.operations)]
        self.log = f"{folder}/node.log"
        self.begin()

    def begin(self):
        self.node = subprocess.Popen([PROGRAM, *self.arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                     stderr=open(self.log, "ab"))
        self.ledger = wait_until_up(self.url, process=self.node)["id"]
        self.office = Participant("accreditor", f"{self.folder}/keys/accreditor.key")
        read_as(self.url, self.office)
        wait_for_participants(self.url, 7)

    def pay(self, amount, reference, operation="transfer"):
        """(code, id, height) of a payment with a text that can be found."""
        arguments = {"to": "farm", "amount": amount, "currency": "XPT", "reference": reference}
        if operation == "issue":
            arguments = {"to": self.office.name, "amount": amount, "currency": "XPT"}
        identity, statement = self.office.sign(self.ledger, "wallet", operation, arguments, "farm")
        status, answer = call("POST", f"{self.url}/api/v1/transactions", statement,
                              {"Content-Type": "application/cose", "Prefer": "wait=20"})
        told = json.loads(answer)
        return ("FINAL" if status == 201 else told["code"]), identity, told.get("height")

    def fill(self):
        self.pay(1_000_000, "", "issue")
        self.first = self.pay(1000, "the true reference")
        self.second = self.pay(2000, "another true reference")
        if self.first[0] != "FINAL":
            raise RuntimeError(str(self.first))
        for number in range(RECENT + 8):
            self.pay(1, f"filling {number}")

    def file(self, member):
        return f"{self.folder}/members/{member}/ledger.sqlite"

    def change(self, member, sql, *values):
        with sqlite3.connect(self.file(member), timeout=30) as database:
            return database.execute(sql, values).rowcount

    def row(self, member, sql, *values):
        with sqlite3.connect(f"file:{self.file(member)}?mode=ro", uri=True) as database:
            return database.execute(sql, values).fetchone()

    def get(self, path):
        from process import request
        return request("GET", f"{self.url}{path}")

    def goes_on(self, check, what):
        told, _, _ = self.pay(1, "after")
        check(f"{what}: writing goes on", told == "FINAL", told)


def audit(drill, member):
    told = subprocess.run([PROGRAM, "audit", drill.file(member)], capture_output=True, text=True, check=False)
    return told.returncode, told.stdout + told.stderr


def transaction(check, drill):
    """The bytes of a transaction, first plainly, then with the digest of its block made to fit."""
    _, identity, height = drill.first
    true = drill.get(f"/api/v1/transactions/{identity}")[1]
    header, timer, body, digest = drill.row(
        SERVING, "SELECT header, timer, body, digest FROM blocks WHERE height = ?", height)
    at = body.index(b"the true reference")
    changed = body[:at] + b"the FALSE reference"[:18] + body[at + 18:]
    for name, new in (("its bytes", digest), ("its bytes and the digest of its block",
                                              hashlib.sha256(header + (timer or b"") + changed).digest())):
        check(f"{name} are changed", drill.change(
            SERVING, "UPDATE blocks SET body = ?, digest = ? WHERE height = ?", changed, new, height) == 1)
        for path in (f"/api/v1/transactions/{identity}", f"/api/v1/transactions/{identity}/evidence", f"/entries/{identity}",
                     f"/api/v1/ledgers/{drill.ledger}/blocks/{height}", f"/ledgers/{drill.ledger}/transactions/{identity}",
                     f"/api/v1/ledgers/{drill.ledger}/transactions?contract=wallet&limit=500"):
            status, answer = drill.get(path)
            served = b"the FALSE refer" in answer or b"FALSE" in answer
            check(f"{name}: {path.split(drill.ledger)[-1][:40]} does not serve it", not served, (status, answer[:200]))
        status, answer = drill.get(f"/api/v1/transactions/{identity}/evidence")
        check(f"{name}: no evidence is made of it", status >= 500, (status, answer[:200]))
        check(f"{name}: other records are there", drill.get(f"/api/v1/transactions/{drill.second[1]}")[0] == 200)
        drill.goes_on(check, name)
        code, told = audit(drill, SERVING)
        check(f"{name}: the place is named", code == 9 and f"block {height}" in told, told)
    drill.change(SERVING, "UPDATE blocks SET body = ?, digest = ? WHERE height = ?", body, digest, height)
    check("put right, it is served again", drill.get(f"/api/v1/transactions/{identity}")[1] == true)


def value(check, drill):
    """A value of the state, first plainly, then with the checksum beside it made to fit."""
    key = b"wallet/supply/XPT"
    true = drill.get(f"/api/v1/ledgers/{drill.ledger}/state?key={key.decode()}")
    old, checksum = drill.row(SERVING, "SELECT value, checksum FROM state WHERE key = ?", key)
    new = cbor2.dumps(987654321)
    fitting = int.from_bytes(bytes(a ^ b for a, b in zip(
        hashlib.sha256(key).digest()[:8], hashlib.sha256(new).digest()[:8])), "little", signed=True)
    for name, beside in (("a value", checksum), ("a value and its checksum", fitting)):
        check(f"{name} of the state is changed", drill.change(
            SERVING, "UPDATE state SET value = ?, checksum = ? WHERE key = ?", new, beside, key) == 1)
        for path in (f"/api/v1/ledgers/{drill.ledger}/state?key={urllib.parse.quote(key.decode(), safe='')}", "/wallet"):
            status, answer = drill.get(path)
            shown = b"987654321" in answer or new.hex().encode() in answer or b"9876543.21" in answer
            check(f"{name}: {path.split(drill.ledger)[-1][:30]} does not serve it", not shown, (status, answer[:300]))
        code, told = audit(drill, SERVING)
        # Where the checksum fits, the root of all values that the members signed still does not.
        place = key.decode() if beside == checksum else "state of block"
        check(f"{name}: the place is named", code == 9 and place in told, told)
    drill.change(SERVING, "UPDATE state SET value = ?, checksum = ? WHERE key = ?", old, checksum, key)
    check("put right, it is served again", json.loads(drill.get(
        f"/api/v1/ledgers/{drill.ledger}/state?key={key.decode()}")[1])["value"] == json.loads(true[1])["value"])
    drill.goes_on(check, "a value of the state")


def place(check, drill):
    """A row of the log's tiles, by which records are proved."""
    _, identity, _ = drill.first
    (hashes,) = drill.row(SERVING, "SELECT hashes FROM tiles WHERE coordinate = 0")
    changed = bytearray(hashes)
    changed[40] ^= 1
    drill.change(SERVING, "UPDATE tiles SET hashes = ? WHERE coordinate = 0", bytes(changed))
    status, answer = drill.get(f"/api/v1/transactions/{identity}/evidence")
    if status == 200:
        wrong = verdict(drill, answer)
        check("a tile is changed: no false proof is served", wrong == 0, wrong)
    else:
        check("a tile is changed: no false proof is served", status >= 500, (status, answer[:200]))
    code, told = audit(drill, SERVING)
    check("a tile is changed: the place is named", code == 9 and "tile 0/0" in told, told)
    drill.change(SERVING, "UPDATE tiles SET hashes = ? WHERE coordinate = 0", hashes)
    drill.goes_on(check, "a tile")


def verdict(drill, bundle):
    with tempfile.NamedTemporaryFile() as file:
        file.write(bundle)
        file.flush()
        return subprocess.run([PROGRAM, "receipt", "verify", file.name, "--ledger", drill.ledger], capture_output=True,
                              check=False).returncode


def other(check, drill):
    """Another member's file: its owner finds it, and what is served comes from the one that is whole."""
    _, identity, height = drill.second
    (body,) = drill.row(OTHER, "SELECT body FROM blocks WHERE height = ?", height)
    at = body.index(b"another true reference")
    drill.change(OTHER, "UPDATE blocks SET body = ? WHERE height = ?", body[:at] + b"X" + body[at + 1:], height)
    check("another member's file: the record is served true", b"another true reference" in drill.get(
        f"/api/v1/transactions/{identity}")[1])
    code, told = audit(drill, OTHER)
    check("another member's file: the place is named", code == 9 and f"block {height}" in told, told)
    drill.goes_on(check, "another member's file")


def restart(check, drill):
    """At the next start the member is left out, its place is named, and the others go on."""
    stop(drill.node)
    drill.begin()
    _, ready = call("GET", f"http://127.0.0.1:{drill.operations}/readyz")
    damaged = get_json(f"{drill.url}/api/v1/ledgers")["items"][0]["damaged"]
    check("after a start the damaged member is named", any(OTHER in json.dumps(item) for item in damaged), damaged)
    check("with the place, where operators look", f"block {drill.second[2]}" in ready.decode(), ready)
    check("and in the log", f"block {drill.second[2]}" in pathlib.Path(drill.log).read_text())
    drill.goes_on(check, "without the damaged member")

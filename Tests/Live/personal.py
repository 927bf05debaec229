"""Personal data on a running node: never on the ledger, nowhere in clear, and gone for good once it is erased.

COMMON-18: planted fields are searched in every file. COMMON-32: after the erasure a copy made before it opens with nothing
that the node still has, the ledger audits, and the erasure's receipt verifies. COMMON-25: a name of its own for each purpose.
"""
import base64
import hashlib
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile
import time
import urllib.parse

import cbor2
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from process import BARE, PROGRAM, REPOSITORY, call, free_port, get_json, read_as, sign_in, stop, wait_until_up
from statement import Participant, encode, secret_of

NAME = f"Planted {os.urandom(9).hex()}"
PHONE = f"+49 170 {int.from_bytes(os.urandom(6)):015d}"
PERSON = "farm"


def encodings():
    """What was planted, as it could lie on a disk."""
    found = {}
    for text in (NAME, PHONE):
        raw = text.encode()
        found |= {f"{text} as text": raw, f"{text} in hex": raw.hex().encode(), f"{text} in HEX": raw.hex().upper().encode(),
                  f"{text} in UTF-16 LE": text.encode("utf-16-le"), f"{text} in UTF-16 BE": text.encode("utf-16-be"),
                  f"{text} as a form": urllib.parse.quote_plus(text).encode()}
        for shift in range(3):
            # What base64 makes of it depends on where it begins; the middle is the same for all neighbours.
            found[f"{text} in base64 at {shift}"] = base64.b64encode(bytes(shift) + raw)[4:-4]
            found[f"{text} in base64url at {shift}"] = base64.urlsafe_b64encode(bytes(shift) + raw)[4:-4]
    return found


def search(folder):
    """Files that hold what was planted, with how."""
    found = {}
    for path in pathlib.Path(folder).rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            hits = [name for name, pattern in encodings().items() if pattern in data]
            if hits:
                found[str(path.relative_to(folder))] = hits
    return found


class Browser:
    """A participant at the pages."""

    def __init__(self, url, folder, name):
        self.url = url
        self.headers = {"Authorization": f"Bearer {sign_in(url, Participant(name, f'{folder}/keys/{name}.key'))}"}

    def post(self, path, **fields):
        """Status of what the form leads to."""
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return call("POST", self.url + path, urllib.parse.urlencode(fields).encode(), self.headers | form)[0]

    def get(self, path):
        return call("GET", self.url + path, headers=self.headers)

    def export(self):
        status, body = self.get("/api/v1/personal/export")
        if status != 200:
            raise RuntimeError(f"export: {status} {body[:200]}")
        return json.loads(body)


def start(folder, port):
    with open(f"{folder}/log", "ab") as output:
        return subprocess.Popen([PROGRAM, *BARE, "--verbose", "--folder", folder, "--port", str(port)],
                                stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=REPOSITORY)


def finds_what_is_planted(check):
    """A search that finds nothing says something only if it could."""
    with tempfile.TemporaryDirectory() as folder:
        for number, pattern in enumerate(encodings().values()):
            pathlib.Path(f"{folder}/{number}").write_bytes(b"before " + pattern + b" after")
        check("the search finds each encoding", len(search(folder)) == len(encodings()))


def run(check):
    finds_what_is_planted(check)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as backups:
        node = start(folder, port)
        try:
            ledger = wait_until_up(url, process=node)["id"]
            read_as(url, Participant("accreditor", f"{folder}/keys/accreditor.key"))
            while get_json(f"{url}/api/v1/ledgers/{ledger}/state?key=grants%2Fkeys%2Fpartner-registry")["value"] is None:
                time.sleep(0.1)  # the last of the cast to register an encryption key
            me, other = Browser(url, folder, PERSON), Browser(url, folder, "accreditor")
            record = keep(check, me, other, folder)
            backup = f"{backups}/all"
            shutil.copytree(folder, backup)
            erase(check, me, other, record, ledger, backups)
            closed(check, folder, backup, record["id"])
        finally:
            stop(node)
        restored(check, folder, backup, port, url, record["id"])


def keep(check, me, other, folder):
    check("a record without a field is refused", me.post("/account/personal", **{"class": "contact"}) == 400)
    check("a class that is not in the table is refused", me.post("/account/personal", **{"class": "x", "name": NAME}) == 400)
    told = me.post("/account/personal", **{"class": "contact", "name": "Former", "phone": PHONE})
    check("contact data is kept", told == 200, told)
    me.post("/account/personal", **{"class": "vehicle", "name": NAME, "plate": "B-XY 1"})
    me.post("/account/personal", **{"class": "contact", "name": NAME, "phone": PHONE})
    export = me.export()
    kept = {record["class"]: record for record in export["records"] if not record["isErased"]}
    check("a change takes the former record's place", [record["erasure"]["reason"] for record in export["records"]
                                                      if record["isErased"]] == ["replaced"], export)
    record = kept["contact"]
    check("COMMON-32: the export has it", record["fields"] == {"name": NAME, "phone": PHONE}, record)
    commitment = hashlib.sha256(encode(["cairn-personal/1", bytes.fromhex(record["salt"]), record["fields"]])).digest()
    _, bundle = me.get(record["committedBy"]["evidence"])
    check("COMMON-18: the ledger's commitment is to it", commitment.hex() == record["commitment"] and commitment in bundle)
    check("COMMON-18: and says nothing of it", not any(pattern in bundle for pattern in encodings().values()))
    check("COMMON-18: nobody else is shown it", other.export()["records"] == [])
    check("the page shows it to the person", NAME.encode() in me.get("/account/personal")[1])
    check("an administrator sees how many there are", b"Hillside Farm keeps 2 records" in me.get("/account/personal")[1])
    check("and not to others", NAME.encode() not in other.get("/account/personal")[1])
    check("who is not signed in is refused", call("GET", f"{me.url}/api/v1/personal/export")[0] == 401)
    names = export["pseudonyms"]
    check("COMMON-25: another name for each purpose", len(set(names.values())) == 2 and len(names) == 2, names)
    found = search(folder)
    check("COMMON-18: what was planted is in no file in clear", found == {}, found)
    return record


def erase(check, me, other, record, ledger, folder):
    path = "/account/personal/erase"
    form = {"id": record["id"], "reason": "asked"}
    check("nothing goes without a confirmation", me.post(path, **form, confirm="") == 400)
    check("nobody erases another's", other.post(path, **form, confirm="erase") == 404)
    check("retention has not ended", me.post(path, id=record["id"], reason="retention-ended", confirm="erase") == 409)
    check("it is still there", any(r.get("fields") == record["fields"] for r in me.export()["records"]))
    told = me.post(path, **form, confirm="erase")
    check("COMMON-32: the person erases it", told == 200, told)
    gone = [r for r in me.export()["records"] if r["id"] == record["id"]][0]
    check("COMMON-32: the export says erased", gone["isErased"] and "fields" not in gone and "salt" not in gone
          and gone["erasure"]["reason"] == "asked", gone)
    check("the page links to the receipt", gone["erasure"]["transaction"].encode() in me.get("/account/personal")[1])
    status, bundle = me.get(gone["erasure"]["evidence"])
    file = f"{folder}/receipt"
    pathlib.Path(file).write_bytes(bundle)
    done = subprocess.run([PROGRAM, "receipt", "verify", file, "--ledger", ledger], capture_output=True, text=True)
    check("COMMON-32: the erasure's receipt verifies", status == 200 and done.returncode == 0, done.stdout + done.stderr)


def sealed(folder, record):
    """The encrypted record in a node's folder, and its place."""
    with sqlite3.connect(f"file:{folder}/personal/personal.sqlite?mode=ro", uri=True) as database:
        person, content = database.execute("SELECT person, sealed FROM record WHERE id = ?", (record,)).fetchone()
    return content, encode(["cairn-personal-record/1", record, person])


def opened(content, place, key):
    """What a key makes of it; None where it does not open."""
    protected, _, ciphertext = cbor2.loads(content).value
    try:
        return AESGCM(key).decrypt(cbor2.loads(protected)[5], ciphertext, encode(["Encrypt0", protected, place]))
    except InvalidTag:
        return None


def keys(folder):
    """Every secret in a node's folder, by its file."""
    found = {}
    for path in pathlib.Path(folder).glob("keys/**/*"):
        if path.is_file():
            found[str(path.relative_to(folder))] = (
                bytes.fromhex(path.read_text().strip()) if path.name == ".secret" else secret_of(path))
    return found


def closed(check, folder, backup, record):
    """The copy from before has the record; the node has nothing left that opens it."""
    content, place = sealed(backup, record)
    lost = f"keys/personal/{record}.record"
    before, after = keys(backup), keys(folder)
    check("the destroyed key would open the copy", NAME.encode() in (opened(content, place, before[lost]) or b""))
    check("COMMON-32: the key is gone", lost not in after and before[lost] not in after.values())
    check("COMMON-32: no key of the node opens the copy", len(after) > 10 and not any(
        opened(content, place, key) for key in after.values()), len(after))
    check("COMMON-32: the row is empty", sealed(folder, record)[0] is None)
    found = search(folder)
    check("COMMON-18: after it, too, nothing lies in clear", found == {}, found)


def restored(check, folder, backup, port, url, record):
    """The ledger is whole, and a restored copy of the vault brings nothing back."""
    stores = sorted(pathlib.Path(folder).glob("members/*/ledger.sqlite"))
    audits = [subprocess.run([PROGRAM, "audit", str(store)], capture_output=True, text=True) for store in stores]
    check("COMMON-32: the ledger still audits", stores and all(audit.returncode == 0 for audit in audits),
          [audit.stdout + audit.stderr for audit in audits])
    shutil.copy(f"{backup}/personal/personal.sqlite", f"{folder}/personal/personal.sqlite")
    node = start(folder, port)
    try:
        wait_until_up(url, process=node)
        gone = [r for r in Browser(url, folder, PERSON).export()["records"] if r["id"] == record][0]
        check("COMMON-32: a restored copy brings nothing back", gone["isErased"] and "fields" not in gone
              and gone["erasure"]["reason"] == "asked", gone)
    finally:
        stop(node)

"""Somebody from outside comes in by a one-time code, on two ledgers of one demonstration, and nothing joins the two (COMMON-25)."""
import hashlib
import html
import json
import os
import pathlib
import re
import sqlite3
import subprocess
import tempfile
import urllib.parse

import cbor2

from process import PROGRAM, call, free_port, sign_in, start, stop, wait_until_up
from statement import Participant, encode

#: Of each use case: its registrar, and what the newcomer is there.
PLACES = {"energy-north": ("registrar-north", "community-north", "prosumer", "Household"),
          "automated-parking": ("city-office", "drivers-club", "driver", "Driver")}


def run(check):
    with tempfile.TemporaryDirectory() as folder:
        names = subprocess.run([PROGRAM, "scenario"], capture_output=True, text=True, check=True).stdout.split()
        port = free_block(len(names))
        node = start("demo", "--bare", "--folder", folder, "--port", str(port))
        try:
            places = []
            for name in PLACES:
                place = Place(f"http://127.0.0.1:{port + names.index(name)}", f"{folder}/{name}", name, node)
                claim(check, place, f"{folder}/person-{name}")
                places.append(place)
            recovery(check, places[0], pathlib.Path(folder))
            unjoined(check, *places)
        finally:
            stop(node)


def free_block(count):
    """The first of so many ports that are free one after the other."""
    while True:
        port = free_port()
        if all(is_free(port + number) for number in range(count)):
            return port


def is_free(port):
    import socket
    with socket.socket() as s:
        try:
            s.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


class Place:
    """One consortium, its registrar, and the newcomer once there is one."""

    def __init__(self, url, folder, name, node):
        self.url, self.folder, self.name = url, folder, name
        self.registrar, self.member, self.role, self.title = PLACES[name]
        self.ledger = wait_until_up(url, 120, process=node)["id"]
        self.office = Participant(self.registrar, f"{folder}/keys/{self.registrar}.key")
        self.headers = {"Authorization": f"Bearer {sign_in(url, self.office)}", "Accept": "text/html"}

    def form(self, path, fields):
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        status, body = call("POST", self.url + path, urllib.parse.urlencode(fields).encode(), self.headers | kind)
        return status, body.decode()

    def page(self):
        return call("GET", f"{self.url}/participants", headers=self.headers)[1].decode()

    def send(self, person, contract, operation, arguments, subject):
        _, statement = person.sign(self.ledger, contract, operation, arguments, subject)
        status, answer = call("POST", f"{self.url}/api/v1/transactions", statement,
                              {"Content-Type": "application/cose", "Prefer": "wait=20"})
        return "FINAL" if status == 201 else json.loads(answer).get("code")


def cairn(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False)


def claim(check, place, keys):
    """Code, claim with a key made on the newcomer's side, comparison, approval, signing."""
    status, body = place.form("/participants/invitations", {
        "id": "", "name": place.title, "role": place.role, "member": place.member})
    link = html.unescape(re.search(r'href="([^"]+)" data-invitation', body).group(1))
    page = call("GET", link, headers={"Accept": "text/html"})[1].decode()
    place.id = re.search(r'data-person="([^"]+)"', page).group(1)
    check(f"{place.name}: the id is made up", re.fullmatch("p-[0-9a-f]{16}", place.id), place.id)
    told = cairn("participant", "claim", link, "--node", place.url, "--keys", keys, "--as", place.id)
    check(f"{place.name}: the newcomer claims with an own key", told.returncode == 0, told.stderr)
    place.kid = told.stdout.strip()
    other = cairn("participant", "claim", link, "--node", place.url, "--keys", keys + "-thief", "--as", place.id)
    check(f"{place.name}: the code takes one key", other.returncode == 1 and "another key" in other.stderr, other.stderr)
    place.person = Participant(place.id, f"{keys}/{place.id}.key")
    told = place.send(place.person, "wallet", "transfer", {"to": place.registrar, "amount": 1, "currency": "XPT"}, "x")
    check(f"{place.name}: before the registrar's word the key signs nothing", told == "unknown-key", told)
    check(f"{place.name}: the registrar sees the claim and its key", place.id in place.page() and place.kid in place.page())
    status, _ = place.form("/participants/answers", {"id": place.id, "answer": "approve"})
    check(f"{place.name}: the registrar approves", status in (200, 303), status)
    check(f"{place.name}: the newcomer signs in", sign_in(place.url, place.person))
    check(f"{place.name}: the node holds no key of theirs", not os.path.exists(f"{place.folder}/keys/{place.id}.key"))
    place.send(place.office, "wallet", "issue", {"to": place.id, "amount": 500, "currency": "XPT"}, place.id)
    told = place.send(place.person, "wallet", "transfer", {"to": place.registrar, "amount": 123, "currency": "XPT"},
                      place.registrar)
    check(f"{place.name}: and pays with a statement signed on their side", told == "FINAL", told)
    again = cairn("participant", "claim", link, "--node", place.url, "--keys", keys, "--as", place.id)
    check(f"{place.name}: the code is spent", again.returncode == 1, again.stderr)


def recovery(check, place, folder):
    """COMMON-20: a lost key is replaced by two administrators, an old one by its owner; what they signed still verifies."""
    keys = {name: f"{folder}/keys-{name}" for name in ("first", "second", "new")}

    def act(command, who, key_folder, *arguments):
        return cairn("participant", command, "--node", place.url, "--keys", key_folder, "--as", who, *arguments)

    own = f"{folder}/person-{place.name}"
    for name in ("first", "second"):
        person = f"{name}-{place.id}"
        public = cairn("participant", "key", "--keys", keys[name], "--as", person).stdout.strip()
        told = act("person", place.id, own, "--id", person, "--function", f"{name} administrator", "--role", "administrator",
                   "--key", public)
        check(f"COMMON-20: the {name} administrator joins with an own key", told.returncode == 0, told.stderr)
    signed, statement = place.person.sign(
        place.ledger, "wallet", "transfer", {"to": place.registrar, "amount": 1, "currency": "XPT"}, place.registrar)
    status, _ = call("POST", f"{place.url}/api/v1/transactions", statement,
                     {"Content-Type": "application/cose", "Prefer": "wait=20"})
    check("COMMON-20: the newcomer pays once more", status == 201, status)

    public = cairn("participant", "key", "--keys", keys["new"], "--as", place.id).stdout.strip()
    lost = ("--id", place.id, "--key", public)
    told = act("recover", f"first-{place.id}", keys["first"], *lost)
    check("COMMON-20: one administrator proposes", told.returncode == 0 and "Another administrator" in told.stderr, told.stderr)
    again = act("recover", f"first-{place.id}", keys["first"], *lost)
    check("COMMON-20: and is not two", again.returncode != 0 and "a second administrator" in again.stderr, again.stderr)
    told = act("recover", f"second-{place.id}", keys["second"], *lost)
    check("COMMON-20: with the second the new key is in force", told.returncode == 0 and "in force" in told.stderr, told.stderr)

    told = place.send(place.person, "wallet", "transfer", {"to": place.registrar, "amount": 1, "currency": "XPT"}, "x")
    check("COMMON-20: the lost key signs nothing any more", told != "FINAL", told)
    place.person = Participant(place.id, f"{keys['new']}/{place.id}.key")
    told = place.send(place.person, "wallet", "transfer", {"to": place.registrar, "amount": 1, "currency": "XPT"}, "x")
    check("COMMON-20: the new one does", told == "FINAL", told)
    told = act("rotate", place.id, keys["new"])
    check("COMMON-20: its owner puts another in its place", told.returncode == 0, told.stderr)
    told = place.send(place.person, "wallet", "transfer", {"to": place.registrar, "amount": 1, "currency": "XPT"}, "x")
    check("COMMON-20: the one before signs nothing any more", told != "FINAL", told)
    place.person = Participant(place.id, f"{keys['new']}/{place.id}.key")
    place.kid = place.person.kid.hex()
    told = place.send(place.person, "wallet", "transfer", {"to": place.registrar, "amount": 1, "currency": "XPT"}, "x")
    check("COMMON-20: the newest key signs", told == "FINAL", told)
    token = sign_in(place.url, place.person)
    status, bundle = call("GET", f"{place.url}/api/v1/transactions/{signed}/evidence",
                          headers={"Authorization": f"Bearer {token}"})
    (folder / "old.cbor").write_bytes(bundle)
    told = cairn("receipt", "verify", f"{folder}/old.cbor", "--ledger", place.ledger)
    check("COMMON-20: what the lost key signed still verifies", status == 200 and told.returncode == 0, told.stdout[-400:])


def octets(place):
    """All that the members of a ledger keep, as bytes: blocks and state."""
    found = b""
    for path in sorted(pathlib.Path(place.folder).glob("members/*/ledger.sqlite"))[:1]:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            for table in ("blocks", "state"):
                for row in database.execute(f"SELECT * FROM {table}"):
                    found += b"".join(value if isinstance(value, bytes) else str(value).encode() for value in row) + b"\0"
    return found


def words(place, who):
    """Texts and byte strings in the state records and statements of a participant."""
    found = set()
    path = sorted(pathlib.Path(place.folder).glob("members/*/ledger.sqlite"))[0]
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        for key, value in database.execute("SELECT key, value FROM state"):
            if who.encode() in key + value:
                found |= set(re.split(rb"[/ ]", key)) | tokens(cbor2.loads(value))
        for (body,) in database.execute("SELECT body FROM blocks"):
            for statement, _ in cbor2.loads(body):
                if who.encode() in statement:
                    found |= tokens(cbor2.loads(statement))
    return {word for word in found if len(word) > 3}


def tokens(value):
    if isinstance(value, cbor2.CBORTag):
        return tokens(value.value)
    if isinstance(value, dict):
        return set().union(*(tokens(part) for pair in value.items() for part in pair)) if value else set()
    if isinstance(value, (list, tuple)):
        return set().union(*(tokens(part) for part in value)) if value else set()
    if isinstance(value, str):
        return {value.encode()}
    if isinstance(value, bytes):
        try:
            return {value} | tokens(cbor2.loads(value))
        except (cbor2.CBORDecodeError, ValueError, EOFError, RecursionError):
            return {value}
    return set()


def unjoined(check, first, second):
    """COMMON-25: nothing on one ledger names or points at the same person on the other."""
    for one, other in ((first, second), (second, first)):
        public = one.person.key.public_key().public_bytes_raw()
        cose = encode({1: 1, -1: 6, -2: public})
        kept = octets(other)
        own = octets(one)
        for what, value in (("id", one.id.encode()), ("key", public), ("thumbprint", hashlib.sha256(cose).digest()),
                            ("thumbprint in hex", one.kid.encode())):
            check(f"COMMON-25: the {what} is on its own ledger", value in own)
            check(f"COMMON-25: the {what} of {one.name} is not on {other.name}", value not in kept)
    common = words(first, first.id) & words(second, second.id)
    # What records of everybody have in common says nothing of anybody: operations, fields, the currency.
    everybody = words(first, first.registrar) | words(second, second.registrar)
    check("COMMON-25: no text or octets of the person are on both ledgers", not common - everybody, common - everybody)
    print(f"pseudonyms: {len(common)} words in common, each of them everybody's", flush=True)

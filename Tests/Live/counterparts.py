"""Who may deal with whom: the last columns of the report's tables 2, 5, 8 and 11, each forbidden pair refused (COMMON-37).

What devices may not do is in life.py. Here nobody is a consumer with a key, and every service tries what is another's.
"""
import hashlib
import json
import os
import tempfile
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from process import call, free_port, request_as, start, stop, wait_until_up
from statement import Participant, encode

#: Of each use case: its gateway, and for each party what belongs to another party, as (party, contract, operation, whose it is).
MATRIX = {
    "agricultural-tracing": ("farm-gateway", [
        ("agrilab", "agri", "registerFarm", "the farmer's"), ("coldline", "agri", "registerFarm", "the farmer's"),
        ("corner-shop", "agri", "registerSeedLot", "the farmer's"), ("farm", "agri", "reportTest", "the testing agency's"),
        ("corner-shop", "agri", "reportTest", "the testing agency's"), ("farm", "agri", "dispatch", "the carrier's"),
        ("agrilab", "agri", "dispatch", "the carrier's"), ("coldline", "agri", "offer", "the seller's"),
        ("farm", "agri", "captureEvent", "the partner's"), ("farm-gateway", "agri", "registerFarm", "the farmer's")]),
    "fish-farming": ("pond-gateway", [
        ("rural-bank", "fish", "signAgreement", "the farmer's"), ("harvest-mutual", "fish", "accept", "the farmer's"),
        ("lagoon-farm", "fish", "confirmFry", "the supplier's"), ("rural-bank", "fish", "recordMedicine", "the vet's"),
        ("delta-feeds", "fish", "signAgreement", "the farmer's"), ("pond-vet", "fish", "bind", "the farmer's"),
        ("lagoon-farm", "fish", "payAudit", "the auditor's"), ("pond-gateway", "fish", "signAgreement", "the farmer's")]),
    "chattel-mortgage": ("hall-gateway", [
        ("nordic-metals", "chattel", "setPolicy", "the bank's"), ("portwatch", "chattel", "setPolicy", "the bank's"),
        ("harbour-bank", "chattel", "draft", "the enterprise's"), ("harbour-bank", "chattel", "registerSite", "the monitor's"),
        ("portwatch", "chattel", "declare", "the enterprise's"), ("harbour-bank", "chattel", "inspect", "the inspector's"),
        ("nordic-metals", "chattel", "price", "the price source's"), ("hall-gateway", "chattel", "setPolicy", "the bank's")]),
    "energy-north": ("gateway-north", [
        ("sun", "energy", "measure", "the aggregator's"), ("oak", "energy", "measure", "the aggregator's"),
        ("gateway-north", "energy", "measure", "the aggregator's")]),
}
#: Arguments of operations that look at them before they look at who asks.
ARGUMENTS = {
    "recordMedicine": {"batch": "b", "product": "p", "dose": "d", "withdrawalDays": 1},
    "measure": {"interval": int(time.time()) // 12 * 12_000, "participant": "oak", "imported": 1, "exported": 1, "first": 1, "last": 2},
}
#: What no party but a gateway or a registrar does, on every ledger.
PLATFORM = [("devices", "outcome", "the gateway's"), ("devices", "claimed", "the gateway's"),
            ("membership", "enrolDevice", "the registrar's"), ("membership", "enrolParticipant", "the registrar's")]
#: What lies behind the pages: a consumer has no way to it but the pages.
INSIDE = ["/api/v1/ledgers/{ledger}/blocks", "/api/v1/ledgers/{ledger}/transactions",
          "/api/v1/ledgers/{ledger}/state?key=membership/devices/x", "/api/v1/events", "/api/v1/devices", "/api/v1/streams",
          "/api/v1/participants", "/api/v1/readings?device=urn:dev:ops:1-x", "/api/v1/sequence?about=x",
          "/api/v1/evidence?about=x", "/api/v1/commands?gateway=x", "/api/v1/claims?gateway=x", "/api/v1/grants",
          "/log/{ledger}/tile/entries/000.p/1", "/ledgers/{ledger}", "/devices", "/wallet"]


def run(check):
    for name, (gateway, pairs) in MATRIX.items():
        with tempfile.TemporaryDirectory() as folder:
            port = free_port()
            url = f"http://127.0.0.1:{port}"
            node = start("demo", "--bare", "--use-case", name, "--folder", folder, "--port", str(port))
            try:
                ledger = Parties(url, wait_until_up(url, process=node)["id"], folder, name)
                services(check, ledger, gateway, pairs)
                consumer(check, ledger)
            finally:
                stop(node)


class Parties:
    def __init__(self, url, ledger, folder, name):
        self.url, self.ledger, self.folder, self.name = url, ledger, folder, name
        self.people = {}

    def person(self, name):
        if name not in self.people:
            path = f"{self.folder}/keys/{name}.key"
            deadline = time.monotonic() + 60
            while not os.path.exists(path) and time.monotonic() < deadline:
                time.sleep(0.05)
            self.people[name] = Participant(name, path)
        return self.people[name]

    def code(self, person, contract, operation, arguments, subject="x"):
        """FINAL, or the code of the refusal; again while the node still enrols the one who signs."""
        deadline = time.monotonic() + 30
        while True:
            _, statement = person.sign(self.ledger, contract, operation, arguments, subject)
            status, answer = call("POST", f"{self.url}/api/v1/transactions", statement,
                                  {"Content-Type": "application/cose", "Prefer": "wait=20"})
            told = "FINAL" if status == 201 else json.loads(answer).get("code")
            if told != "unknown-key" or person.name not in self.people or time.monotonic() > deadline:
                return told
            time.sleep(0.1)


def services(check, ledger, gateway, pairs):
    """Each party is refused what belongs to another, before anything else about it is looked at."""
    for who, contract, operation, whose in pairs:
        told = ledger.code(ledger.person(who), contract, operation, ARGUMENTS.get(operation, {}))
        check(f"COMMON-37: {ledger.name}: {who} cannot do {whose} {operation}", told == f"{contract}-5", told)
    for who in sorted({who for who, *_ in pairs if who != gateway}):
        person = ledger.person(who)
        for contract, operation, whose in PLATFORM:
            told = ledger.code(person, contract, operation, {})
            check(f"COMMON-37: {ledger.name}: {who} cannot do {whose} {operation}", told == f"{contract}-5", told)
        leaf = hashlib.sha256(b"\0x").digest()
        batch = {"stream": f"{who}.own", "epoch": 0, "first": 0, "last": 0, "from": 1, "to": 2, "root": leaf,
                 "body": encode([b"x"]), "sealed": False}
        told = ledger.code(person, "telemetry", "batch", batch)
        check(f"COMMON-37: {ledger.name}: {who} brings no readings past a gateway", told == "telemetry-5", told)
        check(f"COMMON-37: {ledger.name}: {who} reads no other's readings", request_as(
            person, "GET", f"{ledger.url}/api/v1/readings?device=urn:dev:ops:32473-unknown")[1].endswith(b'"items":[]}'))


def consumer(check, ledger):
    """Without a session there are the pages and nothing else; a key that nobody vouched for signs nothing."""
    for path in INSIDE:
        status, _ = call("GET", ledger.url + path.replace("{ledger}", ledger.ledger))
        check(f"COMMON-37: {ledger.name}: a consumer does not reach {path}", status == 401, status)
    stranger = Participant.__new__(Participant)
    stranger.name, stranger.key = "consumer", Ed25519PrivateKey.generate()
    stranger.kid = hashlib.sha256(encode({1: 1, -1: 6, -2: stranger.key.public_key().public_bytes_raw()})).digest()
    for contract, operation in (("wallet", "transfer"), ("telemetry", "batch"), ("grants", "request")):
        told = ledger.code(stranger, contract, operation, {})
        check(f"COMMON-37: {ledger.name}: a consumer's own key signs no {operation}", told == "unknown-key", told)
    for path in ("/", "/verify"):
        check(f"COMMON-37: {ledger.name}: the page {path} is for everybody", call("GET", ledger.url + path)[0] == 200)

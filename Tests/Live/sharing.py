"""Sealed streams on running processes: what a device says is nowhere but with its owner and those whom the owner allows.

COMMON-13: a planted value is searched in every file. COMMON-27: a grant for one channel opens no other. COMMON-9: after
its revocation the next fetch is refused, later batches do not open with old keys, and the log has each access.
"""
import base64
import json
import os
import pathlib
import struct
import subprocess
import tempfile
import time

import vault
from device import Device
from process import BARE, PROGRAM, REPOSITORY, call, free_port, get_json, read_as, request, sign_in, stop, wait_until_up
from statement import Encoding, Participant, PublicFormat, encode
from vault import Bundle, decode, sealed


GATEWAY, OWNER = "farm-gateway", "farm"
#: The number has a bit pattern and digits that nothing else has.
NUMBER = 73918461.8046875
SECRET = f"PLANTED-{os.urandom(9).hex()}"
DAY = 86_400_000


def start(folder, name, *arguments):
    """A process whose output is kept, for it is searched too."""
    output = open(f"{folder}/{name}.log", "ab")
    return subprocess.Popen([PROGRAM, *arguments], stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=REPOSITORY)


class Side:
    """One who acts from outside, with own keys."""

    def __init__(self, url, ledger, participant):
        self.url, self.ledger, self.who = url, ledger, participant

    def send(self, contract, operation, arguments, subject):
        """(FINAL or the problem's code, the answer)."""
        identity, body = self.who.sign(self.ledger, contract, operation, arguments, subject)
        status, answer = request("POST", f"{self.url}/api/v1/transactions", body,
                                 {"Content-Type": "application/cose", "Prefer": "wait=20"})
        told = json.loads(answer)
        return ("FINAL" if status == 201 else told.get("code")), dict(told, id=identity)

    def fetch(self, grant, epochs=None):
        """(status, answer) of a request for keys."""
        arguments = {"grant": grant} if epochs is None else {"grant": grant, "epochs": epochs}
        _, body = self.who.sign(self.ledger, "grants", "fetch", arguments, grant, validity=300)
        status, answer = request("POST", f"{self.url}/api/v1/keys", body, {"Content-Type": "application/cose"})
        return status, json.loads(answer)

    def batches(self, stream):
        """Registered bytes of the batches of a stream, oldest first."""
        return vault.batches(self.url, self.ledger, stream)

    def wait_for(self, stream, count):
        for _ in range(300):
            batches = self.batches(stream)
            readings = sum(sealed.parts(batch)[2]["last"] - sealed.parts(batch)[2]["first"] + 1 for batch in batches)
            if readings >= count:
                return batches
            time.sleep(0.1)
        raise RuntimeError(f"{stream}: {readings} of {count} readings are on the ledger after 30 s")


def encodings():
    """The planted text and number as they could lie on a disk."""
    text = SECRET.encode()
    found = {"text": text, "hex": text.hex().encode(), "HEX": text.hex().upper().encode(), "utf-16": SECRET.encode("utf-16-le"),
             "number": repr(NUMBER).encode(), "double, big end first": struct.pack(">d", NUMBER),
             "double, little end first": struct.pack("<d", NUMBER)}
    for shift in range(3):
        # What base64 makes of it depends on where it begins; the middle is the same for all neighbours.
        found[f"base64 at {shift}"] = base64.b64encode(bytes(shift) + text)[4:-4]
        found[f"base64url at {shift}"] = base64.urlsafe_b64encode(bytes(shift) + text)[4:-4]
    return found


def search(folder):
    """Files that hold what was planted, with the encodings that were found in each."""
    found = {}
    for path in pathlib.Path(folder).rglob("*"):
        if not path.is_file():
            continue
        data = path.read_bytes()
        hits = [name for name, pattern in encodings().items() if pattern in data]
        if hits:
            found[str(path.relative_to(folder))] = hits
    return found


def control(check):
    """The search itself: each encoding is found where it lies amid other data, at every alignment of base64."""
    text, missed = SECRET.encode(), []
    samples = {"text": b"..." + text + b"...", "hex": b"x" + text.hex().encode(), "HEX": text.hex().upper().encode(),
               "utf-16": SECRET.encode("utf-16-le"), "number": b'{"v":' + repr(NUMBER).encode() + b"}",
               "double, big end first": b"\xfb" + struct.pack(">d", NUMBER),
               "double, little end first": struct.pack("<d", NUMBER)}
    for shift in range(3):
        around = b"abc" * 5 + b"z" * shift + text + b"tail of the document"
        samples[f"base64 at {shift}"] = base64.b64encode(around)
        samples[f"base64url at {shift}"] = base64.urlsafe_b64encode(around)
    for name, data in samples.items():
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(f"{folder}/sample").write_bytes(data)
            if name not in search(folder).get("sample", []):
                missed.append(name)
    check("the search finds every encoding", not missed and set(samples) == set(encodings()), missed)


def run(check):
    control(check)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(f"{folder}/logs")
        node = start(f"{folder}/logs", "node", *BARE, "--folder", folder, "--port", str(port), "--verbose")
        gateway = None
        try:
            ledger = wait_until_up(url, process=node)["id"]
            # The registrar owns no readings, and nobody granted it any.
            read_as(url, Participant("accreditor", f"{folder}/keys/accreditor.key"))
            while get_json(f"{url}/api/v1/ledgers/{ledger}/state?key=grants%2Fkeys%2Fpartner-registry")["value"] is None:
                time.sleep(0.1)  # the last of the cast to register an encryption key
            sides = {name: Side(url, ledger, Participant(name, f"{folder}/keys/{name}.key")) for name in (OWNER, "accreditor")}
            gateway = start(f"{folder}/logs", "gateway", "gateway", "agricultural-tracing", "--node", url, "--folder", folder)
            while not os.path.exists(f"{folder}/broker/mosquitto.conf"):
                time.sleep(0.05)
            time.sleep(2)
            device = Device("urn:dev:ops:32473-planted-1", "cooperative")
            told, _ = sides["accreditor"].send("membership", "enrolDevice", {
                "urn": device.urn, "owner": OWNER, "gateway": GATEWAY, "profile": "soil-probe", "generation": 1,
                "key": device.cose}, device.urn)
            check("a device of another language is enrolled", told == "FINAL", told)
            device.connect(folder)
            plant(check, folder, sides[OWNER], device)
            reader, private = enrol_reader(check, url, ledger, sides["accreditor"])
            share(check, sides[OWNER], reader, private, device)
            after_restart(check, folder, url, port, lambda: stop(node))
            device.close()
        finally:
            if gateway:
                stop(gateway)
            stop(node)
        hold_alone(check, folder)


def plant(check, folder, farm, device):
    """COMMON-13: what the device says is on the ledger, and readable nowhere but in its owner's vault."""
    device.report("feed", [{"n": "weight", "u": "kg", "v": NUMBER}, {"n": "note", "vs": SECRET}])
    device.report("water", [{"n": "level", "u": "m", "v": 1.25}])
    batches = farm.wait_for("farm.feed", 1)
    farm.wait_for("farm.water", 1)
    check("COMMON-13: the batch is sealed", all(sealed.parts(batch)[2]["sealed"] for batch in batches))
    allowed = {"vaults/farm.vault.sqlite", "vaults/farm.vault.sqlite-wal"}
    # The gateway tidies its store within seconds, the broker saves its queue anew every ten.
    for _ in range(40):
        found = search(folder)
        if set(found) <= allowed:
            break
        time.sleep(1)
    check("COMMON-13: the search finds it with its owner", any("double" in hit for hits in found.values() for hit in hits), found)
    check("COMMON-13: and in no other store, index, queue or log", set(found) <= allowed, found)
    with tempfile.TemporaryDirectory() as place:
        made = subprocess.run([PROGRAM, "backup", "create", folder, "--to", f"{place}/copy"], capture_output=True, text=True,
                              check=False)
        kept = search(place)
        check("COMMON-13: a backup has it in its owner's vault and nowhere else", made.returncode == 0
              and set(kept) == {"copy/vaults/farm.vault.sqlite"}, (made.stderr, kept))
    others = get_json(f"{farm.url}/api/v1/readings?device={device.urn}")["items"]
    check("COMMON-27: others read nothing of it", others == [], others)
    disclose(check, farm, device)


def disclose(check, farm, device):
    """COMMON-25: the owner, and nobody else, discloses one reading with its proof; the key stays where it is."""
    items = get_json(f"{farm.url}/api/v1/ledgers/{farm.ledger}/transactions?mentioning=farm.feed&limit=10")["items"]
    batch = [item["id"] for item in items if item["operation"] == "batch"][0]
    place = f"{farm.url}/api/v1/transactions/{batch}/evidence?reading=0"
    status, _ = request("GET", place)
    check("COMMON-25: nobody else has a reading disclosed", status == 404, status)
    own = {"Authorization": f"Bearer {sign_in(farm.url, farm.who)}"}
    status, body = call("GET", place, headers=own)
    bundle = decode(body) if status == 200 else {6: []}
    check("COMMON-25: the owner discloses one reading", status == 200 and len(bundle[6]) == 1, body[:200])
    check("COMMON-25: it verifies against the sealed batch", not Bundle(body, bytes.fromhex(farm.ledger)).run())
    check("COMMON-25: also by the program's own verifier", verifies(body, farm.ledger))
    altered = body.replace(b'"n":"weight"', b'"n":"height"')
    check("COMMON-25: an altered reading does not", altered != body and not verifies(altered, farm.ledger))
    check("COMMON-25: it is the device's", signed(device, decode(bundle[6][0][1])))
    status, body = call("GET", f"{farm.url}/api/v1/readings?device={device.urn}", headers=own)
    values = {item["quantity"]: item["value"] for item in json.loads(body)["items"]}
    check("COMMON-27: the owner reads it", values.get("weight") == NUMBER and values.get("level") == 1.25, values)


def verifies(bundle, ledger):
    """What `cairn receipt verify` says."""
    with tempfile.NamedTemporaryFile(suffix=".cbor") as file:
        file.write(bundle)
        file.flush()
        return subprocess.run([PROGRAM, "receipt", "verify", file.name, "--ledger", ledger], capture_output=True).returncode == 0


def access_log(farm):
    """What the owner's log says."""
    own = {"Authorization": f"Bearer {sign_in(farm.url, farm.who)}"}
    return json.loads(call("GET", f"{farm.url}/api/v1/access-log", headers=own)[1])["items"]


def enrol_reader(check, url, ledger, registrar):
    """A reader whose keys are nowhere at the node."""
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(os.urandom(32).hex())
        file.flush()
        who = Participant("auditor", file.name)
    raw = who.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    told, _ = registrar.send("membership", "enrolParticipant", {
        "id": "auditor", "member": "retail", "name": "Auditor", "roles": [], "validUntil": None,
        "key": encode({1: 1, -1: 6, -2: raw})}, "auditor")
    check("a reader from outside is enrolled", told == "FINAL", told)
    private = os.urandom(32)
    reader = Side(url, ledger, who)
    told, _ = reader.send("grants", "setEncryptionKey", {"key": sealed.public(private)}, "auditor")
    check("its encryption key is registered", told == "FINAL", told)
    return reader, private


def terms(streams, seconds=3600):
    now = int(time.time() * 1000)
    return {"streams": streams, "purpose": "Audit of the feed", "from": now - DAY, "to": None,
            "until": now + seconds * 1000}


def share(check, farm, reader, private, device):
    asked = terms(["farm.feed", "farm.water"])
    told, _ = reader.send("grants", "request", {"id": "ask-1", "owner": OWNER, **asked}, "ask-1")
    check("COMMON-27: a request is on the ledger", told == "FINAL", told)
    status, answer = reader.fetch("ask-1")
    check("COMMON-27: a request alone opens nothing", status == 404, answer)
    given = dict(asked, streams=["farm.feed"])
    told, _ = farm.send("grants", "grant", {"id": "grant-1", "reader": "auditor", "request": "ask-1", **given}, "grant-1")
    check("COMMON-27: a part of it is granted", told == "FINAL", told)
    status, answer = reader.fetch("grant-1", [[GATEWAY, "farm.water", 1, 1]])
    check("COMMON-27: the other channel is refused", (status, answer.get("code")) == (403, "not-granted"), answer)
    status, answer = reader.fetch("grant-1")
    check("COMMON-9: the granted channel's key comes", status == 200 and len(answer["keys"]) == 1, answer)
    old = sealed.unwrap(private, answer["keys"][0], bytes.fromhex(farm.ledger), "auditor", "grant-1")
    readings = [decode(reading) for batch in farm.batches("farm.feed") for reading in sealed.open_batch(batch, old)]
    check("COMMON-13: pyhpke and pycose open what the gateway sealed", any(SECRET.encode() in reading[4] for reading in readings))
    check("COMMON-13: the device's signature is in it", all(signed(device, reading) for reading in readings))
    check("COMMON-13: the key opens no other stream", opens(farm.batches("farm.water"), old) == 0)
    log = access_log(farm)
    check("COMMON-9: the owner's log has who, what, under which grant and why", len(log) == 1 and log[0]["time"] and [
        log[0]["reader"], log[0]["grant"], log[0]["purpose"], log[0]["epochs"]] == ["auditor", "grant-1", asked["purpose"], [
            {"gateway": GATEWAY, "stream": "farm.feed", "first": 1, "last": 1}]], log)
    revoked(check, farm, reader, device, old)


def revoked(check, farm, reader, device, old):
    told, _ = farm.send("grants", "revoke", {"id": "grant-1"}, "grant-1")
    check("COMMON-9: revoked", told == "FINAL", told)
    status, answer = reader.fetch("grant-1")
    check("COMMON-9: the next fetch is refused", (status, answer.get("code")) == (403, "not-granted"), answer)
    time.sleep(2.5)  # the gateway asks the node each second
    before = len(farm.batches("farm.feed"))
    device.report("feed", [{"n": "weight", "u": "kg", "v": 2}])
    later = farm.wait_for("farm.feed", before + 1)[before:]
    check("COMMON-9: later batches do not open with the old key", len(later) > 0 and opens(later, old) == 0)
    check("COMMON-9: they are of another epoch", all(sealed.parts(batch)[2]["epoch"] == 2 for batch in later))
    told, _ = farm.send("grants", "revoke", {"id": "grant-1"}, "grant-1")
    check("COMMON-9: a grant ends once", told == "grants-105", told)
    check("COMMON-9: a refused access is no access", len(access_log(farm)) == 1)


def signed(device, reading):
    message = encode(["Signature1", encode({1: -8, 4: device.kid}), encode([reading[1], reading[2]]), reading[4]])
    try:
        device.key.public_key().verify(reading[5], message)
        return True
    except Exception:
        return False


def opens(batches, key):
    count = 0
    for batch in batches:
        try:
            sealed.open_batch(batch, key)
            count += 1
        except Exception:  # whichever the tool raises, it did not open
            pass
    return count


def after_restart(check, folder, url, port, halt):
    """The vault is made anew from ledger and keys."""
    halt()
    for path in pathlib.Path(f"{folder}/vaults").glob("*.vault.sqlite*"):
        path.unlink()
    os.remove(f"{folder}/vaults/sealed.sqlite")
    node = start(f"{folder}/logs", "node", *BARE, "--folder", folder, "--port", str(port))
    try:
        wait_until_up(url, process=node)
        for _ in range(100):
            found = search(f"{folder}/vaults")
            if any(name.startswith("farm.vault") for name in found):
                break
            time.sleep(0.1)
        check("a deleted vault is filled again from ledger and keys", any(name.startswith("farm.vault") for name in found), found)
    finally:
        stop(node)


def hold_alone(check, folder):
    """Keys: none in the open, in no file but those of whom they belong to."""
    modes = {str(path.relative_to(folder)): oct(path.stat().st_mode & 0o777)
             for path in pathlib.Path(folder).glob("keys/encryption/*")}
    check("private keys are for their owner alone", modes and set(modes.values()) == {"0o600"}, modes)

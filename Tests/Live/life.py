"""The life of devices and gateways: claim, rotation, revocation within two seconds, quarantine, and who may reach whom."""
import base64
import hashlib
import json
import os
import re
import ssl
import subprocess
import tempfile
import time

import paho.mqtt.client as mqtt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from device import certificate
from field import MEMBER, SOIL, VALVE, Field
from process import PROGRAM, call, get_json, sign_in
from statement import Participant, encode, secret_of

LAMP = "urn:dev:ops:32473-valve-new"


def run(check):
    with tempfile.TemporaryDirectory() as folder, Field(folder) as field:
        field.wait("the valve's readings", lambda: field.readings(VALVE), 60)
        new_device(check, field)
        transfer(check, field)
        forbidden(check, field)
        strangers(check, field)
        by_command(check, field)
        expiry(check, field)
        quarantine(check, field)


def page(field, who):
    token = sign_in(field.url, field.people[who])
    return call("GET", f"{field.url}/devices", headers={"Accept": "text/html", "Authorization": f"Bearer {token}"})[1]


class Device:
    """A device of another make: paho, a key of its own, a certificate by request."""

    def __init__(self, urn, folder):
        self.urn, self.sequence = urn, 0
        self.ledger_key = Ed25519PrivateKey.generate()
        raw = self.ledger_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.cose = encode({1: 1, -1: 6, -2: raw})
        self.kid = hashlib.sha256(self.cose).digest()
        self.tls = ec.generate_private_key(ec.SECP256R1())
        self.files = {name: f"{folder}/{hashlib.sha256(self.kid).hexdigest()[:8]}.{name}" for name in ("crt", "key", "ca")}
        with open(self.files["key"], "wb") as file:
            file.write(self.tls.private_bytes(Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        self.replies, self.disconnected, self.refused = [], None, None

    def csr(self):
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.urn)])
        return x509.CertificateSigningRequestBuilder().subject_name(name).sign(self.tls, hashes.SHA256()) \
            .public_bytes(Encoding.PEM).decode()

    def properties(self, topic, payload):
        self.sequence += 1
        header = encode({1: -8, 4: self.kid})
        signed = encode(["Signature1", header, encode([topic, self.sequence]), payload])
        signature = base64.urlsafe_b64encode(self.ledger_key.sign(signed)).rstrip(b"=").decode()
        properties = Properties(PacketTypes.PUBLISH)
        properties.UserProperty = [("kid", self.kid.hex()), ("seq", str(self.sequence)), ("sig", signature)]
        return properties

    def client(self, port, authority, user=None, password=None):
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=user or self.urn, protocol=mqtt.MQTTv5)
        certificate = {} if user else {"certfile": self.files["crt"], "keyfile": self.files["key"]}
        client.tls_set(ca_certs=authority, **certificate)
        if user:
            client.username_pw_set(user, password)
        self.disconnected, self.connected, self.granted = None, None, []
        client.on_message = lambda _c, _u, message: self.replies.append(message)

        def gone(*_):
            self.disconnected = time.monotonic()

        def arrived(_c, _u, _f, code, _p):
            self.connected = code
        client.on_disconnect, client.on_connect = gone, arrived
        client.on_subscribe = lambda _c, _u, _m, codes, _p: self.granted.extend(codes)
        client.connect("127.0.0.1", port)
        client.loop_start()
        deadline = time.monotonic() + 5
        while self.connected is None and self.disconnected is None and time.monotonic() < deadline:
            time.sleep(0.01)
        return client

    def report(self, client, value, topic=None):
        topic = topic or f"cairn/v1/{MEMBER}/{self.urn}/data/valve"
        payload = json.dumps([{"bn": self.urn + ":", "bt": time.time(), "n": "opening", "u": "/", "v": value}]).encode()
        return client.publish(topic, payload, qos=1, properties=self.properties(topic, payload))

    def provision(self, field, claim, code, generation=1):
        ports = [int(port) for port in re.findall(r"listener (\d+)", open(f"{field.folder}/broker/mosquitto.conf").read())]
        authority = f"{field.folder}/ca/ca.pem"
        for _ in range(10):  # the broker may be reading its list of claims at this moment
            client = self.client(ports[1], authority, claim, code)
            if self.connected is not None and not self.connected.is_failure:
                break
            client.loop_stop()
            time.sleep(0.5)
        topic = f"cairn/v1/{MEMBER}/{claim}/provision"
        client.subscribe(topic + "/reply", qos=1)
        payload = json.dumps({"device": self.urn, "generation": generation, "key": self.cose.hex(), "csr": self.csr()}).encode()
        self.replies.clear()
        client.publish(topic, payload, qos=1, properties=self.properties(topic, payload))
        deadline = time.monotonic() + 10
        while not self.replies and time.monotonic() < deadline:
            time.sleep(0.02)
        client.disconnect()
        client.loop_stop()
        answer = json.loads(self.replies[0].payload) if self.replies else {"ok": False, "error": "no answer"}
        if answer["ok"]:
            open(self.files["crt"], "w").write(answer["certificate"])
        return answer


def make_claim(field, device=None):
    claim, code, salt = f"claim{os.urandom(4).hex()}", os.urandom(16).hex(), os.urandom(12)
    verifier = hashlib.sha512(code.encode() + salt).digest()
    arguments = {"id": claim, "gateway": "farm-gateway", "profile": "irrigation-valve", "device": device,
                 "verifier": verifier, "salt": salt, "until": int(time.time() * 1000) + 3_600_000}
    status, answer = field.submit("farm", "devices", "claim", arguments, claim)
    if status != 201:
        raise RuntimeError(f"no claim: {answer}")
    password_file = f"{field.folder}/broker/claims.password"
    field.wait("the claim at the broker", lambda: claim in open(password_file).read())
    time.sleep(0.3)
    return claim, code


def enrol(field, claim):
    """The registrar enrols what the claim brought."""
    record = field.wait("the used claim", lambda: field.state(f"devices/claims/{claim}")["use"])
    arguments = {"urn": record["device"], "owner": "farm", "gateway": "farm-gateway", "profile": "irrigation-valve",
                 "generation": record["generation"], "key": bytes.fromhex(record["key"])}
    return field.submit("accreditor", "membership", "enrolDevice", arguments, record["device"])


def new_device(check, field):
    """COMMON-6, COMMON-15: claim, certificate request, enrolment, rotation, revocation of a live connection."""
    device = Device(LAMP, field.folder)
    claim, code = make_claim(field)
    wrong = Device(LAMP, field.folder)
    wrong.client(int(re.findall(r"listener (\d+)", open(f"{field.folder}/broker/mosquitto.conf").read())[1]),
                 f"{field.folder}/ca/ca.pem", claim, "0" * 32).loop_stop()
    check("a wrong claim code is not let in", wrong.connected is not None and wrong.connected.is_failure, wrong.connected)
    answer = device.provision(field, claim, code)
    check("a device with a claim gets its certificate", answer["ok"], answer)
    if not answer["ok"]:
        return
    authority = f"{field.folder}/ca/ca.pem"
    client = device.client(field.broker_port, authority)
    check("it connects with the certificate", device.connected is not None and not device.connected.is_failure, device.connected)
    status, answer = enrol(field, claim)
    check("the registrar enrols it", status == 201, answer)
    time.sleep(2)
    device.report(client, 0.1)
    check("its reading is on the ledger", field.wait("its reading", lambda: field.readings(LAMP)))
    time.sleep(1)
    again = Device(LAMP, field.folder).provision(field, claim, code)
    check("a claim works once", not again["ok"], again)

    # Rotation: the next generation by another claim; the old key is retired on the ledger.
    second = Device(LAMP, field.folder)
    claim, code = make_claim(field, LAMP)
    answer = second.provision(field, claim, code, 2)
    status, answer = enrol(field, claim)
    check("the next key generation is enrolled", status == 201, answer)
    old = field.state(f"membership/keys/{device.kid.hex()}")
    check("the old key is retired on the ledger", old["until"] is not None, old)
    register(check, field, LAMP, [device.kid, second.kid])
    client.disconnect()
    client.loop_stop()
    client = second.client(field.broker_port, authority)
    second.sequence = 100
    second.report(client, 0.2)
    check("readings with the new key are taken", field.wait("the reading", lambda: [
        r for r in field.readings(LAMP) if r["value"] == 0.2]))

    # Revocation of a live connection.
    _, statement = field.people["farm"].sign(field.ledger, "membership", "revokeDevice", {"urn": LAMP, "reason": "lost"}, LAMP)
    begun = time.monotonic()
    status, answer = field.post(statement)
    check("the owner revokes the device", status == 201, answer)
    field.wait("the end of the connection", lambda: second.disconnected)
    seconds = second.disconnected - begun
    check.figure("COMMON-6: a revoked device's live connection ends", seconds, 2, "s")
    client.loop_stop()
    time.sleep(1)
    try:
        late = second.client(field.broker_port, authority)
        check("the revoked certificate is refused", second.connected is None or second.connected.is_failure, second.connected)
        late.loop_stop()
    except (ssl.SSLError, ConnectionError, OSError):
        check("the revoked certificate is refused", True)


def register(check, field, urn, kids):
    """COMMON-15: at any height a device has one key and a key one device; derived keys are what the registrar enrolled."""
    keys = [field.state(f"membership/keys/{kid.hex()}") for kid in kids]
    check("COMMON-15: each key names the device", {key["owner"] for key in keys} == {urn}, keys)
    check("COMMON-15: where one ends the next begins", [key["until"] for key in keys[:-1]] == [key["from"] for key in keys[1:]],
          keys)
    head = get_json(f"{field.url}/api/v1/ledgers")["items"][0]["height"]
    valid = [sum(key["from"] <= height and (key["until"] is None or height < key["until"]) for key in keys)
             for height in range(keys[0]["from"], head + 1)]
    check("COMMON-15: at every height since the first exactly one is valid", set(valid) == {1}, sorted(set(valid)))
    devices = get_json(f"{field.url}/api/v1/devices")["items"]
    check("COMMON-15: no two devices share a key", len({item["kid"] for item in devices}) == len(devices) > 5, len(devices))
    for item in devices:
        key = field.state(f"membership/keys/{item['kid']}")
        if not check("COMMON-15: the register agrees with itself", key["owner"] == item["urn"] and key["kind"] == "device", item):
            break
    secret = secret_of(f"{field.folder}/keys/provisioning-secret.key")
    info = encode([SOIL, 1])
    seed = HKDF(hashes.SHA256(), 64, None, info).derive(secret)[:32]
    raw = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    kid = hashlib.sha256(encode({1: 1, -1: 6, -2: raw})).hexdigest()
    found = next(item for item in devices if item["urn"] == SOIL)
    check("COMMON-15: the key follows from the device's id and the secret", found["kid"] == kid, found)


def transfer(check, field):
    """COMMON-6: a device goes to a new owner; the old key and the old connection end with it."""
    urn = "urn:dev:ops:32473-valve-sold"
    device = Device(urn, field.folder)
    claim, code = make_claim(field)
    device.provision(field, claim, code)
    enrol(field, claim)
    client = device.client(field.broker_port, f"{field.folder}/ca/ca.pem")
    time.sleep(1.5)
    device.report(client, 0.3)
    field.wait("its reading", lambda: field.readings(urn))
    heir = Participant("coldline", f"{field.folder}/keys/coldline.key")
    status, answer = field.submit(heir, "membership", "acceptDevice", {"urn": urn}, urn)
    check("nobody takes a device that was not offered", answer.get("code") == "membership-103", answer)
    field.submit("farm", "membership", "transferDevice", {"urn": urn, "to": "coldline"}, urn)
    status, answer = field.submit(heir, "membership", "acceptDevice", {"urn": urn}, urn)
    check("the new owner takes the device over", status == 201, answer)
    field.wait("the end of the connection", lambda: device.disconnected, 5)
    check("the old key is retired", field.state(f"membership/keys/{device.kid.hex()}")["until"] is not None)
    status, answer = field.submit("farm", "devices", "command", {
        "id": "mine", "device": urn, "name": "valve", "arguments": b"{}", "timeout": 5}, urn)
    check("the old owner commands it no more", answer.get("code") == "devices-5", answer)
    client.loop_stop()


def forbidden(check, field):
    """COMMON-37: the pairs that may not speak with each other."""
    device = Device("urn:dev:ops:32473-valve-other", field.folder)
    claim, code = make_claim(field)
    device.provision(field, claim, code)
    enrol(field, claim)
    time.sleep(1)
    client = device.client(field.broker_port, f"{field.folder}/ca/ca.pem")
    for topic in (f"cairn/v1/{MEMBER}/{SOIL}/#", f"cairn/v1/{MEMBER}/+/data/+", "#"):
        device.granted.clear()
        client.subscribe(topic, qos=1)
        time.sleep(0.3)
        before = len(device.replies)
        time.sleep(3)
        check(f"a device hears nothing on {topic}", len(device.replies) == before, device.granted)
    answers = []
    client.on_publish = lambda _c, _u, _m, code, _p: answers.append(code)
    device.report(client, 1, f"cairn/v1/{MEMBER}/{SOIL}/data/soil")
    field.wait("the broker's answer", lambda: answers, 30)
    check("a device cannot publish under another's name", answers and answers[0].is_failure, answers)
    person = Participant.__new__(Participant)
    person.name, person.key, person.kid = device.urn, device.ledger_key, device.kid
    try:
        sign_in(field.url, person)
        check("a device gets no session at the node", False)
    except RuntimeError as error:
        check("a device gets no session at the node", "401" in str(error) or "403" in str(error), error)
    status, answer = field.submit(person, "devices", "setInterval", {"device": SOIL, "channel": "soil", "seconds": 9}, SOIL)
    check("a device's key signs no statement", status in (403, 422), (status, answer))
    check("without a session no reading is told", call("GET", f"{field.url}/api/v1/readings?device={SOIL}")[0] == 401)
    status, answer = field.submit("farm", "devices", "outcome", {"id": "x", "device": SOIL, "word": "done", "reply": b""}, SOIL)
    check("an owner cannot speak for a gateway", answer.get("code") == "devices-5", answer)
    client.disconnect()
    client.loop_stop()


def by_command(check, field):
    """A device comes in by `cairn device claim`: its keys are made on its side, and derived from its id."""
    urn = "urn:dev:ops:32473-valve-command"
    claim, code = make_claim(field)
    ports = re.findall(r"listener (\d+)", open(f"{field.folder}/broker/mosquitto.conf").read())
    with tempfile.TemporaryDirectory() as own:
        def ask(text):
            return subprocess.run(
                [PROGRAM, "device", "claim", text, "--urn", urn, "--member", MEMBER, "--port", ports[1], "--authority",
                 f"{field.folder}/ca/ca.pem", "--folder", own, "--timeout", "15"], capture_output=True, text=True, check=False)
        told = ask(f"{claim}-{'0' * 32}")
        check("cairn device claim: a wrong code is not let in", told.returncode == 8, told.stderr)
        told = ask(f"{claim}-{code}")
        check("cairn device claim: a device gets its certificate", told.returncode == 0, told.stderr)
        record = field.wait("the used claim", lambda: field.state(f"devices/claims/{claim}")["use"])
        kid = hashlib.sha256(bytes.fromhex(record["key"])).hexdigest()
        check("cairn device claim: the claim holds the key that it printed", told.stdout.strip() == kid, told.stdout)
        secret = secret_of(f"{own}/keys/provisioning-secret.key")
        device = Device(urn, field.folder)
        device.ledger_key = Ed25519PrivateKey.from_private_bytes(
            HKDF(hashes.SHA256(), 64, None, encode([urn, 1])).derive(secret)[:32])
        device.kid = bytes.fromhex(kid)
        name = urn.replace(":", "_")
        device.files = {"crt": f"{own}/{name}.pem", "key": f"{own}/{name}.key.pem", "ca": f"{own}/ca.pem"}
        modes = {os.stat(path).st_mode & 0o777 for path in device.files.values()}
        check("cairn device claim: its files are its own", modes == {0o600}, modes)
        status, answer = enrol(field, claim)
        check("cairn device claim: the registrar enrols it", status == 201, answer)
        time.sleep(2)
        client = device.client(field.broker_port, device.files["ca"])
        device.report(client, 0.4)
        check("cairn device claim: its reading is on the ledger", field.wait("its reading", lambda: field.readings(urn)))
        client.disconnect()
        client.loop_stop()


def expiry(check, field):
    """COMMON-6: a gateway in a process of its own tells when certificates end; page and metric of the node warn."""
    def ends():
        found = re.findall(r'cairn_certificate_expiry_timestamp_seconds\{kind="(\w+)"\} ([0-9.e+]+)', field.metrics())
        return {kind: float(end) for kind, end in found}
    told = field.wait("the ends of certificates", lambda: {"ca", "broker", "gateway", "device"} <= set(ends()) and ends())
    check("the node knows the ends of the gateway's certificates", all(
        end > time.time() + 300 * 86_400 for end in told.values()), told)
    certificate(field.folder, "urn:dev:ops:32473-old")  # it ends tomorrow
    soon = field.wait("the earlier end", lambda: ends()["device"] < time.time() + 2 * 86_400 and ends())
    check("one that ends soon is told", soon["device"] > time.time(), soon)
    shown = page(field, "farm").decode()
    rows = {re.sub("<[^>]+>", " ", row).split()[0]: row for row in re.findall(r"<tr>(.*?)</tr>", shown, re.S)[1:]}
    old = next((row for name, row in rows.items() if name.endswith("32473_old")), "")
    check("the page asks to renew it", "renew" in old, old)
    check("and the others are valid", "valid" in next((row for name, row in rows.items() if name == "broker"), ""), rows.keys())


def strangers(check, field):
    """COMMON-37: somebody without certificate, claim and enrolled key reaches neither broker nor gateway."""
    stranger = Device("urn:dev:ops:32473-nobody", field.folder)
    client = None
    try:
        client = stranger.client(field.broker_port, f"{field.folder}/ca/ca.pem", "consumer", "secret")
        refused = stranger.connected is None or stranger.connected.is_failure
    except (ssl.SSLError, ConnectionError, OSError):
        refused = True
    check("without a certificate the broker lets nobody in", refused, stranger.connected)
    if client is not None:
        client.loop_stop()
    port = int(open(f"{field.folder}/field-http.port").read())
    pack = json.dumps([{"bn": SOIL + ":", "bt": time.time(), "n": "moisture", "u": "%", "v": 1}]).encode()
    path, kind = f"http://127.0.0.1:{port}/v1/{SOIL}/soil", {"Content-Type": "application/senml+json"}
    status, _ = call("POST", path, pack, kind)
    check("the gateway takes no unsigned reading", status == 422, status)
    topic = f"cairn/v1/{MEMBER}/{SOIL}/data/soil"
    signed = dict(stranger.properties(topic, pack).UserProperty)
    status, _ = call("POST", path, pack, kind | {f"Cairn-{name.capitalize()}": value for name, value in signed.items()})
    check("nor one that somebody else signed", status == 422, status)
    check("a consumer's page needs no session", call("GET", f"{field.url}/")[0] == 200)


def batch(first, count=1):
    leaf = hashlib.sha256(b"\0" + b"x").digest()
    return {"stream": "farm.field", "epoch": 0, "first": first, "last": first + count - 1, "from": 1, "to": 2, "root": leaf,
            "body": encode([b"x"]), "sealed": False}


def quarantine(check, field):
    """COMMON-17: an unenrolled, a revoked and a replaying gateway are refused with reasons of their own."""
    stranger = Participant.__new__(Participant)
    stranger.name, stranger.key = "gateway-9", Ed25519PrivateKey.generate()
    raw = stranger.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    cose = encode({1: 1, -1: 6, -2: raw})
    stranger.kid = hashlib.sha256(cose).digest()
    key = {"Cairn-Key": cose.hex()}
    for _ in range(2):
        status, answer = field.submit(stranger, "telemetry", "batch", batch(0), "field", key)
    check("an unenrolled gateway is refused", answer.get("code") == "unknown-key", answer)
    shown = page(field, "accreditor").decode()
    check("and waits in quarantine for the registrar", "gateway-9" in shown and stranger.kid.hex() in shown)
    check("whom nobody else sees", "gateway-9" not in page(field, "farm").decode())
    arguments = {"id": "gateway-9", "member": MEMBER, "name": "Gateway 9", "roles": ["gateway"], "validUntil": None, "key": cose}
    status, answer = field.submit("accreditor", "membership", "enrolParticipant", arguments, "gateway-9")
    check("the registrar enrols it", status == 201, answer)
    # Plain readings are taken of published streams alone.
    field.submit("farm", "grants", "publish", {"stream": "farm.field"}, "farm.field")
    status, answer = field.submit(stranger, "telemetry", "batch", batch(0), "field", key)
    check("its readings are taken then", status == 201, answer)
    status, answer = field.submit(stranger, "telemetry", "batch", batch(0), "field", key)
    check("a replayed batch is refused", answer.get("code") == "telemetry-100", answer)
    field.submit("accreditor", "membership", "revokeParticipant", {"id": "gateway-9"}, "gateway-9")
    status, answer = field.submit(stranger, "telemetry", "batch", batch(1), "field", key)
    check("a revoked gateway is refused", answer.get("code") in ("ledger-4", "ledger-1"), answer)
    counted = dict(re.findall(r'cairn_gateway_refusals_total{code="([^"]+)"} (\d+)', field.metrics()))
    check("the three refusals are counted apart",
          {"unknown-key", "telemetry-100", answer.get("code")} <= set(counted), counted)


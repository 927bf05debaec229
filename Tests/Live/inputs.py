"""Readings that come in over HTTP and Modbus pass the same checks as those over MQTT and reach the ledger."""
import asyncio
import json
import tempfile
import threading
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from field import Field
from life import Device
from process import call, free_port
from statement import encode, secret_of

METER, PLAIN, SIGNED = "urn:dev:ops:32473-meter-1", "urn:dev:ops:32473-plain-1", "urn:dev:ops:32473-http-1"


def modbus_server(port):
    """pymodbus' own server: register 0 holds 2150, registers 1 and 2 a float."""
    async def serve():
        data = [SimData(0, values=[2150], datatype=DataType.REGISTERS),
                SimData(1, values=[21.5], datatype=DataType.FLOAT32)]
        await ModbusTcpServer(SimDevice(1, simdata=data), address=("127.0.0.1", port)).serve_forever()
    threading.Thread(target=lambda: asyncio.run(serve()), daemon=True).start()


def adapters(port):
    registers = [{"name": "voltage", "address": 0, "table": "holding", "type": "uint16", "scale": 0.1, "unit": "V"},
                 {"name": "temperature", "address": 1, "table": "holding", "type": "float32", "scale": 1, "unit": "Cel"}]
    modbus = {"tcp": {"host": "127.0.0.1", "port": port}, "unit": 1, "interval": 1, "registers": registers}
    return [{"urn": METER, "generation": 1, "channel": "meter", "plainHTTP": False, "modbus": modbus},
            {"urn": PLAIN, "generation": 1, "channel": "air", "plainHTTP": True}]


def derived(field, urn):
    """The COSE_Key of an adapter, from its name and the provisioning secret."""
    material = HKDF(hashes.SHA256(), 64, None, encode([urn, 1])).derive(
        secret_of(f"{field.folder}/keys/provisioning-secret.key"))
    raw = Ed25519PrivateKey.from_private_bytes(material[:32]).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return encode({1: 1, -1: 6, -2: raw})


def enrol(field, urn, key):
    return field.submit("accreditor", "membership", "enrolDevice", {
        "urn": urn, "owner": "farm", "gateway": "farm-gateway", "profile": "standard", "generation": 1, "key": key}, urn)


def run(check):
    port = free_port()
    modbus_server(port)
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/adapters.json", "w") as file:
            json.dump(adapters(port), file)
        with Field(folder, simulate=False) as field:
            for urn in (METER, PLAIN):
                status, answer = enrol(field, urn, derived(field, urn))
                check(f"{urn} is enrolled", status == 201, answer)
            over_modbus(check, field)
            over_http(check, field)


def over_modbus(check, field):
    field.wait("values of the meter", lambda: field.readings(METER))
    values = {item["quantity"]: item["value"] for item in field.readings(METER)}
    check("registers reach the ledger, scaled", values == {"voltage": 215.0, "temperature": 21.5}, values)


def over_http(check, field):
    base = f"http://127.0.0.1:{int(open(f'{field.folder}/field-http.port').read())}/v1"
    headers = {"Content-Type": "application/senml+json"}

    def pack(urn, value):
        return json.dumps([{"bn": urn + ":", "bt": time.time(), "n": "temperature", "u": "Cel", "v": value}]).encode()

    status, answer = call("POST", f"{base}/{PLAIN}/air", pack(PLAIN, 20.5), headers)
    check("a plain sensor's reading is taken for its adapter", status == 201, answer)
    field.wait("the plain reading", lambda: field.readings(PLAIN))
    status, answer = call("POST", f"{base}/{METER}/meter", pack(METER, 1), headers)
    check("an adapter that is not open takes nothing unsigned", status == 422 and b"unsigned" in answer, answer)
    device = Device(SIGNED, field.folder)
    enrol(field, SIGNED, device.cose)
    payload = pack(SIGNED, 19.5)
    signed = dict(device.properties(f"cairn/v1/cooperative/{SIGNED}/data/air", payload).UserProperty)
    fields = headers | {"Cairn-Kid": signed["kid"], "Cairn-Seq": signed["seq"], "Cairn-Sig": signed["sig"]}
    time.sleep(1.5)
    status, answer = call("POST", f"{base}/{SIGNED}/air", payload, fields)
    check("a signed message is taken", status == 201, answer)
    status, answer = call("POST", f"{base}/{SIGNED}/air", payload, fields)
    check("the same message again is known", status == 200, answer)
    status, answer = call("POST", f"{base}/{SIGNED}/air", payload.replace(b"19.5", b"99.5"), fields)
    check("a changed one is refused", status == 422 and b"bad-signature" in answer, answer)
    status, answer = call("POST", f"{base}/{SIGNED}/water", payload, fields)
    check("so is one for another channel", status == 422 and b"bad-signature" in answer, answer)
    check("the signed reading is on the ledger", field.wait("the reading", lambda: field.readings(SIGNED)))

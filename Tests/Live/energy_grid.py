"""A phasor measurement unit of other people's making (PyPI's pyc37) behind the gateway stops and starts a microgrid's market."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from energy_market import GATE, LENGTH, Site, now
from process import call, free_port, request_as, sign_in, start, stop
from statement import encode, secret_of

UNIT, ID = "urn:dev:ops:32473-phasor-north", 7734


def key_of(folder):
    """The COSE_Key of the adapter, from its name and the provisioning secret."""
    material = HKDF(hashes.SHA256(), 64, None, encode([UNIT, 1])).derive(secret_of(f"{folder}/keys/provisioning-secret.key"))
    raw = Ed25519PrivateKey.from_private_bytes(material[:32]).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return encode({1: 1, -1: 6, -2: raw})


class Unit:
    """The unit's process, in a group of its own: it has a child for each that connects."""

    def __init__(self, port, file):
        self.file = pathlib.Path(file)
        self.show(50, 230)
        self.process = subprocess.Popen(
            [sys.executable, str(pathlib.Path(__file__).parent / "phasor_unit.py"), str(port), file],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True)

    def show(self, hertz, volt):
        new = self.file.with_suffix(".new")
        new.write_text(f"{hertz} {volt}")
        new.replace(self.file)

    def stop(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def wait(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.3)
    return None


def run(check):
    port, unit_port = free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/adapters.json", "w") as file:
            json.dump([{"urn": UNIT, "generation": 1, "channel": "grid", "plainHTTP": False, "synchrophasor": {
                "tcp": {"host": "127.0.0.1", "port": unit_port}, "id": ID, "interval": 1}}], file)
        unit = Unit(unit_port, f"{folder}/shown")
        processes = [start("demo", "--use-case", "energy-north", "--bare", "--folder", folder, "--port", str(port))]
        try:
            site = Site("north", port, folder, ("sun", "ivy"))
            site.open(processes[0])
            for home in site.homes:
                site.admit(home)
            processes.append(start("gateway", "energy-north", "--node", site.url, "--folder", folder))
            check("the gateway makes the adapter's secret", wait(
                lambda: os.path.exists(f"{folder}/keys/provisioning-secret.key")))
            site.must("registrar", "enrolDevice", "membership", UNIT, urn=UNIT, owner="eag-north", gateway="gateway-north",
                      profile="phasor-unit", generation=1, key=key_of(folder))
            disturbances(check, site, unit)
        finally:
            for process in reversed(processes):
                stop(process)
            unit.stop()


def order(site):
    """What becomes of an order for an interval that has time."""
    interval = (now() + GATE + 20_000) // LENGTH * LENGTH + LENGTH
    status, answer = site.act("sun", "seal", interval=interval, commitment=os.urandom(32))
    return answer["status"] if status == 201 and "status" in answer else answer.get("code")


def disturbances(check, site, unit):
    def readings(quantity):
        _, body = request_as(site.people["eag"], "GET", f"{site.url}/api/v1/readings?device={UNIT}&quantity={quantity}&limit=500")
        return [item["value"] for item in json.loads(body).get("items", [])]

    def disturbance():
        return site.state("energy/disturbance/grid")

    check("NRG-2: what the unit shows is on the ledger, as its owner reads it",
          wait(lambda: readings("frequency")) and set(readings("frequency")) == {50.0}, readings("frequency"))
    check("NRG-2: its voltages too", wait(lambda: readings("voltageLow")) and all(
        abs(value - 230) < 0.1 for value in readings("voltageLow") + readings("voltageHigh")), readings("voltageHigh"))
    check("NRG-2: in a calm grid an order is taken", order(site) == "FINAL" and disturbance() is None, disturbance())
    for name, hertz, volt in (("low frequency", 49.2, 230), ("high frequency", 50.8, 230), ("low voltage", 50, 180),
                              ("high voltage", 50, 260)):
        unit.show(hertz, volt)
        found = wait(disturbance)
        check(f"NRG-2: {name} disturbs the market, with the figures of the unit", found and (
            found["frequency"] == round(hertz * 1000) and abs(found["lowest"] - volt * 1000) < 100
            and abs(found["highest"] - volt * 1000) < 100), found)
        check(f"NRG-2: at {name} no order is taken", (told := order(site)) == "energy-124", told)
        token = sign_in(site.url, site.people["eag"])
        _, page = call("GET", f"{site.url}/energy/market", headers={"Authorization": f"Bearer {token}"})
        check(f"NRG-2: at {name} the operator reads why", b"Trading stands still" in page, page[:300])
        unit.show(50, 230)
        check(f"NRG-2: after {name} the market goes on", wait(lambda: disturbance() is None), disturbance())
        check(f"NRG-2: after {name} an order is taken", (told := order(site)) == "FINAL", told)

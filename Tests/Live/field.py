"""A consortium, a gateway with its broker, and devices as processes of their own, for live tests."""
import os
import pathlib
import re
import time
import urllib.parse


from process import BARE, call, free_port, get_json, read_as, start, stop, wait_until_up
from statement import Participant

NAME = "agricultural-tracing"
MEMBER = "cooperative"
VALVE = "urn:dev:ops:32473-valve-hillside"
BUTTON = "urn:dev:ops:32473-panicbutton-hillside"
SOIL = "urn:dev:ops:32473-soilprobe-hillside"


class Field:
    """Processes in a folder of their own; ``with Field(folder) as field``."""

    def __init__(self, folder, simulate=True):
        self.folder, self.simulate = folder, simulate
        self.port, self.operations = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.gateway = self.devices = self.node = None

    def __enter__(self):
        self.node = start(*BARE, "--folder", self.folder, "--port", str(self.port),
                          "--operations-port", str(self.operations))
        self.ledger = wait_until_up(self.url, process=self.node)["id"]
        while not os.path.exists(f"{self.folder}/keys/farm-gateway.key"):
            time.sleep(0.05)
        self.people = {name: Participant(name, f"{self.folder}/keys/{name}.key")
                       for name in ("accreditor", "farm", "farm-gateway")}
        # The owner reads: everybody else sees the streams sealed.
        read_as(self.url, self.people["farm"])
        self.start_gateway()
        if self.simulate:
            self.devices = start("simulate", NAME, "--node", self.url, "--folder", self.folder)
        return self

    def __exit__(self, *_):
        for process in (self.devices, self.gateway, self.node):
            if process:
                stop(process)

    def start_gateway(self):
        configuration = pathlib.Path(f"{self.folder}/broker/mosquitto.conf")
        before = configuration.stat().st_mtime if configuration.exists() else 0
        self.gateway = start("gateway", NAME, "--node", self.url, "--folder", self.folder)
        self.wait("the broker", lambda: configuration.exists() and configuration.stat().st_mtime > before)
        time.sleep(0.5)

    @property
    def broker_port(self):
        return int(re.search(r"listener (\d+)", open(f"{self.folder}/broker/mosquitto.conf").read()).group(1))

    def submit(self, who, contract, operation, arguments, subject, headers=None):
        """(status, answer) of a statement, once final."""
        person = self.people[who] if isinstance(who, str) else who
        _, statement = person.sign(self.ledger, contract, operation, arguments, subject)
        return self.post(statement, headers)

    def post(self, statement, headers=None):
        import json
        status, body = call("POST", f"{self.url}/api/v1/transactions", statement,
                            {"Content-Type": "application/cose", "Prefer": "wait=20"} | (headers or {}))
        return status, json.loads(body)

    def wait(self, what, condition, seconds=90):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                found = condition()
                if found:
                    return found
            except (OSError, RuntimeError, KeyError, IndexError):
                pass
            time.sleep(0.05)
        raise RuntimeError(f"waited {seconds} s in vain for {what}")

    def commands(self, urn):
        return get_json(f"{self.url}/api/v1/devices/{urllib.parse.quote(urn)}/commands")

    def outcome(self, urn, identity, seconds=30):
        """The command's record once it has an outcome."""
        return self.wait(f"the outcome of {identity}", lambda: next(
            (item for item in self.commands(urn)["items"] if item["id"] == identity and item["outcome"]), None), seconds)

    def readings(self, urn, quantity=None, limit=50):
        extra = f"&quantity={quantity}" if quantity else ""
        return get_json(f"{self.url}/api/v1/readings?device={urllib.parse.quote(urn)}&limit={limit}{extra}")["items"]

    def known(self, urn):
        return next((item for item in get_json(f"{self.url}/api/v1/devices")["items"] if item["urn"] == urn), None)

    def metrics(self):
        return call("GET", f"http://127.0.0.1:{self.operations}/metrics")[1].decode()

    def state(self, key):
        return get_json(f"{self.url}/api/v1/ledgers/{self.ledger}/state?key={urllib.parse.quote(key, safe='')}")["decoded"]


def command(urn, identity, name, arguments, timeout=20):
    return {"id": identity, "device": urn, "name": name, "arguments": arguments, "timeout": timeout}

"""Fish farming on running processes: the uplink is cut while oxygen falls, and the whole story is on the ledger after."""
import contextlib
import datetime
import json
import os
import signal
import subprocess
import tempfile
import time
import urllib.parse

import cbor2

import field
from device import Device
from field import Field
from process import PROGRAM, REPOSITORY, call, read_as, request, request_as, sign_in, start, wait_until_up
from statement import Participant

NAME = "fish-farming"
POND = "lagoon-1"
PROBE = "urn:dev:ops:32473-pondprobe-lagoon"
AERATOR = "urn:dev:ops:32473-aerator-lagoon"
FEEDER = "urn:dev:ops:32473-feeder-lagoon"
#: Seconds without uplink: more than a day of the pond.
CUT = 110
PEOPLE = ("fisheries-office", "lagoon-farm", "rural-bank", "city-bank", "harvest-mutual", "delta-feeds", "pond-vet",
          "pond-gateway")


@contextlib.contextmanager
def living(people):
    """Ponds that report, with these people besides."""
    field.NAME = NAME
    try:
        with tempfile.TemporaryDirectory() as folder, Ponds(folder) as ponds:
            for person in people:
                ponds.people[person] = Participant(person, f"{folder}/keys/{person}.key")
            ponds.wait("readings of the probe", lambda: ponds.readings(PROBE), 60)
            ponds.wait("a water report", lambda: ponds.state(f"fish/ponds/{POND}")["oxygen"], 60)
            yield ponds
    finally:
        field.NAME = "agricultural-tracing"


class Ponds(Field):
    """The consortium of fish farming with a gateway and, where asked for, its pond."""

    def __enter__(self):
        self.start_node()
        self.people = {name: Participant(name, f"{self.folder}/keys/{name}.key") for name in PEOPLE}
        read_as(self.url, self.people["lagoon-farm"])
        self.start_gateway()
        if self.simulate:
            os.environ["CAIRN_POND_ACCELERATION"] = "900"
            self.devices = start("simulate", NAME, "--node", self.url, "--folder", self.folder)
            del os.environ["CAIRN_POND_ACCELERATION"]
        return self

    def start_node(self):
        self.node = start("demo", "--bare", "--use-case", NAME, "--folder", self.folder, "--port", str(self.port),
                          "--operations-port", str(self.operations))
        self.ledger = wait_until_up(self.url, process=self.node)["id"]
        while not os.path.exists(f"{self.folder}/keys/pond-gateway.key"):
            time.sleep(0.05)

    def state(self, key):
        """As the registrar sees it: state is not for those whose business it holds."""
        status, body = self.get("fisheries-office", f"/api/v1/ledgers/{self.ledger}/state?key={urllib.parse.quote(key, safe='')}")
        if status != 200:
            raise RuntimeError(f"{key}: {status}")
        return json.loads(body)["decoded"]

    def get(self, who, path):
        return request_as(self.people[who], "GET", self.url + path)

    def incidents(self):
        prefix = urllib.parse.quote(f"pond:{POND}", safe="")
        _, body = request("GET", f"{self.url}/api/v1/ledgers/{self.ledger}/transactions?mentioning={prefix}&limit=500")
        ids = [item["id"] for item in json.loads(body)["items"] if item["operation"] == "reportIncident"]
        return [statement(self.url, identity) for identity in ids]

    def command(self, urn, name, arguments):
        identity = f"t{time.monotonic_ns()}"
        status, answer = self.submit("lagoon-farm", "devices", "command",
                                     field.command(urn, identity, name, json.dumps(arguments).encode()), urn)
        return status, identity


def statement(url, identity):
    """The arguments of a transaction's statement."""
    _, bundle = request("GET", f"{url}/api/v1/transactions/{identity}/evidence")
    found = operations(cbor2.loads(bundle))
    return next(arguments for name, arguments in found if name == "reportIncident")


def operations(value):
    """Name and arguments of the operations anywhere inside a bundle."""
    if isinstance(value, cbor2.CBORTag):
        yield from operations(value.value)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from operations(inner)
    elif isinstance(value, (list, tuple)):
        if len(value) == 3 and isinstance(value[1], str) and isinstance(value[2], dict):
            yield value[1], value[2]
        for inner in value:
            yield from operations(inner)
    elif isinstance(value, bytes) and len(value) > 20:
        try:
            yield from operations(cbor2.loads(value))
        except (cbor2.CBORDecodeError, ValueError, EOFError, RecursionError):
            pass


def terms_of(ponds, issuer, name="finance"):
    """Version and SHA-256 of somebody's terms, as whoever is going to sign them reads them."""
    _, body = ponds.get("lagoon-farm", "/api/v1/terms")
    found = next(item for item in json.loads(body)["items"] if (item["issuer"], item["name"]) == (issuer, name))
    return {"version": found["version"], "hash": bytes.fromhex(found["hash"])}


def agree(ponds, who, issuer):
    """Signs the terms of a bank or insurer, without which it is shown nothing."""
    status, answer = ponds.submit(who, "terms", "sign", {"issuer": issuer, "name": "finance"} | terms_of(ponds, issuer), who)
    if status != 201:
        raise RuntimeError(f"the terms of {issuer}: {status} {answer}")


def run(check):
    field.NAME = NAME
    try:
        scenario(check)
        with tempfile.TemporaryDirectory() as folder, Ponds(folder) as ponds:
            ponds.wait("readings of the probe", lambda: ponds.readings(PROBE), 60)
            ponds.wait("a water report", lambda: ponds.state(f"fish/ponds/{POND}")["oxygen"], 60)
            views(check, ponds)
            competitors(check, ponds)
            refusals(check, ponds)
            clock(check, ponds)
            manual(check, ponds)
            cut(check, ponds)
    finally:
        field.NAME = "agricultural-tracing"


def scenario(check):
    """FISH-34, FISH-35, FISH-41 to FISH-49: every step of table 7 against a consortium of its own."""
    result = subprocess.run([PROGRAM, "scenario", NAME, "--output", "json"], capture_output=True, text=True,
                            cwd=REPOSITORY, timeout=240, check=False)
    check("table 7: every step held", result.returncode == 0, result.stderr[-400:])
    steps = json.loads(result.stdout)["steps"] if result.returncode == 0 else []
    named = {step["step"] for step in steps}
    check("table 7: no step is missing", {f"T7.{number}" for number in range(1, 10)} <= named, sorted(named))
    check("table 7: receipts verify", all(step["receiptVerified"] for step in steps))
    refused = [step for step in steps if step.get("refusal")]
    check("a loan against withdrawn consent is refused",
          any("consent" in step["refusal"] for step in refused), [step["refusal"] for step in refused])
    started = next((step for step in steps if step["step"] == "T7.3"), None)
    if check("FISH-3: the aerator runs after the low reading", started):
        check.figure("FISH-3: the aerator runs after the low reading", started["finalityMs"], 2000, "ms")


def views(check, ponds):
    """FISH-38, FISH-45, FISH-46: the farmer sees the pond; every other role is refused."""
    path = f"{ponds.url}/api/v1/fish/ponds/{POND}/now"
    status, body = request("GET", path)
    view = json.loads(body)
    check("FISH-45: the farmer's phone has oxygen, forecast and suggestion",
          status == 200 and {"oxygen", "expected", "band", "suggestion"} <= set(view), view)
    for name in ("rural-bank", "harvest-mutual", "delta-feeds", "pond-vet"):
        token = sign_in(ponds.url, ponds.people[name])
        status, _ = call("GET", path, headers={"Authorization": f"Bearer {token}"})
        check(f"FISH-38: {name} does not see the pond", status == 403, status)
        status, body = call("GET", f"{ponds.url}/api/v1/readings?device={PROBE}",
                            headers={"Authorization": f"Bearer {token}"})
        check(f"FISH-38: {name} sees no reading without a grant", not json.loads(body)["items"])
    check("FISH-38: nobody sees it without a session", call("GET", path)[0] == 401)


def competitors(check, ponds):
    """FISH-38: a record is for those whom it names; another bank finds none of it anywhere."""
    until = int(time.time() * 1000) + 86_400_000
    share = {"institution": "rural-bank", "classes": ["water"], "until": until}
    _, answer = ponds.submit("lagoon-farm", "fish", "share", share, "lagoon-farm")
    check("FISH-40: not before its terms are signed", answer.get("code") == "fish-112", answer)
    agree(ponds, "lagoon-farm", "rural-bank")
    status, answer = ponds.submit("lagoon-farm", "fish", "share", share, "lagoon-farm")
    check("the farmer lets one bank see the water", status == 201, answer)
    record = f"/api/v1/transactions/{answer['id']}"
    for who, known in (("rural-bank", True), ("lagoon-farm", True), ("fisheries-office", True), ("city-bank", False),
                       ("delta-feeds", False)):
        _, body = ponds.get(who, record)
        check(f"FISH-38: {who} {'reads' if known else 'does not read'} the record",
              ("arguments" in json.loads(body)) == known, body[:200])
        status, body = ponds.get(who, f"{record}/evidence")
        check(f"FISH-38: nor its evidence: {who}", status == (200 if known else 404), status)
        status, _ = ponds.get(who, f"/ledgers/{ponds.ledger}/transactions/{answer['id']}")
        check(f"FISH-38: nor its page: {who}", status == (200 if known else 404), status)
        status, _ = ponds.get(who, f"/entries/{answer['id']}")
        check(f"FISH-38: nor its statement: {who}", status == (200 if known else 404), status)
        _, body = ponds.get(who, f"/api/v1/ledgers/{ponds.ledger}/transactions?limit=500")
        listed = {item["id"] for item in json.loads(body)["items"]}
        check(f"FISH-38: nor in the list: {who}", (answer["id"] in listed) == known, len(listed))
        _, body = ponds.get(who, "/api/v1/sequence?about=lagoon-farm")
        drawn = {item["transactionId"] for item in json.loads(body)["items"]}
        check(f"FISH-38: nor in the sequence: {who}", (answer["id"] in drawn) == known, len(drawn))
    for who in ("city-bank", "rural-bank", "lagoon-farm"):
        for path in (f"/api/v1/ledgers/{ponds.ledger}/state?key=fish/shares/lagoon-farm/rural-bank",
                     f"/api/v1/ledgers/{ponds.ledger}/blocks", f"/log/{ponds.ledger}/tile/entries/000.p/1"):
            status, _ = ponds.get(who, path)
            check(f"FISH-38: the whole ledger is not for {who}", status == 403, (path, status))


def refusals(check, ponds):
    """FISH-14, FISH-28: only the gateway of a pond reports its water; consent that ends stops records."""
    now = int(time.time() * 1000)
    report = {"pond": POND, "from": now, "to": now + 1000, "low": 100, "mean": 100, "high": 100, "samples": 9, "fit": 9}
    _, answer = ponds.submit("lagoon-farm", "fish", "reportWater", report, f"pond:{POND}")
    check("a farmer does not report water", answer.get("code") == "fish-5", answer)
    _, answer = ponds.submit("lagoon-farm", "fish", "withdraw", {"classes": ["fry"]}, "lagoon-farm")
    stock = {"batch": "B", "pond": POND, "species": "tilapia", "supplier": "delta-feeds", "count": 10,
             "certificate": bytes(32)}
    _, answer = ponds.submit("lagoon-farm", "fish", "stock", stock, "batch:B")
    check("FISH-14: without consent no record of this class", answer.get("code") == "fish-120", answer)
    ponds.submit("lagoon-farm", "fish", "allow", {"classes": ["fry"]}, "lagoon-farm")
    status, _ = ponds.submit("lagoon-farm", "fish", "stock", stock, "batch:B")
    check("FISH-14: with it, there is", status == 201, status)


def clock(check, ponds):
    """COMMON-14: what a clock that is an hour wrong measured is kept and marked, and no contract acts on it."""
    probe = Device("urn:dev:ops:32473-pondprobe-second", "aqua-service")
    ponds.submit("fisheries-office", "membership", "enrolDevice", {
        "urn": probe.urn, "owner": "lagoon-farm", "gateway": "pond-gateway", "profile": "pond-probe", "generation": 1,
        "key": probe.cose}, probe.urn)
    status, answer = ponds.submit("lagoon-farm", "fish", "registerPond", {
        "pond": "second", "species": "tilapia", "squareMetres": 900, "gateway": "pond-gateway", "probe": probe.urn,
        "aerators": [], "on": 400, "off": 500, "alarm": 200, "shortest": 0}, "pond:second")
    check("a second pond", status == 201, answer)
    probe.connect(ponds.folder)
    def seen(oxygen, ahead):
        probe.report("water", [{"n": "oxygen", "u": "mg/l", "v": oxygen}], ahead)
        time.sleep(0.5)
        return [item for item in ponds.readings(probe.urn, "oxygen", 500) if item["value"] == oxygen]
    late = ponds.wait("a reading that is an hour late", lambda: seen(1.0, -3700))
    check("COMMON-14: it is kept, and marked", all(item["quality"] & 4 for item in late), late[:2])
    def reports():
        _, body = ponds.get("lagoon-farm", f"/api/v1/ledgers/{ponds.ledger}/transactions?mentioning=pond:second&limit=500")
        return [item for item in json.loads(body)["items"] if item["operation"] == "reportWater"]
    def after(count):
        seen(1.0, -3700)
        return len(reports()) > count
    ponds.wait("a report of the water", lambda: after(0))
    check("COMMON-14: the contract passes over it", ponds.state("fish/ponds/second")["oxygen"] == 0,
          ponds.state("fish/ponds/second"))
    def right():
        return seen(6.5, 0) and ponds.state("fish/ponds/second")["oxygen"]
    oxygen = ponds.wait("a report with the right clock", right)
    check("COMMON-14: and takes what a right clock measured", oxygen == 650, oxygen)
    probe.close()


def running(ponds):
    items = ponds.readings(AERATOR, "running", 1)
    return items[0]["value"] if items else None


def manual(check, ponds):
    """FISH-32: by hand, with an end, confirmed by the device's state; feeding is counted by the feeder."""
    began = time.time()
    _, identity = ponds.command(AERATOR, "aerate", {"on": 1, "minutes": 0})
    check("FISH-32: the command is done", ponds.outcome(AERATOR, identity)["outcome"] == "done")
    ponds.wait("the aerator's own word", lambda: ponds.readings(AERATOR, "running", 5), 20)
    _, identity = ponds.command(FEEDER, "feed", {"grams": 700})
    check("the feeder feeds", ponds.outcome(FEEDER, identity)["outcome"] == "done")
    fed = ponds.wait("the feeder's count", lambda: ponds.state("fish/batches/B")["feed"], 30)
    check("FISH-28: the gateway tells what the feeder counted", fed == 700, fed)
    _, identity = ponds.command(AERATOR, "aerate", {"on": 0, "minutes": 0})
    check("FISH-32: and back to the gateway", ponds.outcome(AERATOR, identity)["outcome"] == "done")
    print(f"fish: manual commands in {time.time() - began:.1f} s", flush=True)


def cut(check, ponds):
    """FISH-3, FISH-43, FISH-44: the node is gone, oxygen falls, the aerator runs; afterwards the whole story is there."""
    ponds.node.send_signal(signal.SIGKILL)
    ponds.node.wait()
    began = time.time()
    # A day of the pond takes 96 s, so that its night falls into the cut.
    time.sleep(CUT)
    ended = time.time()
    ponds.start_node()
    # What was kept is sent now; the gateway's own times say what happened while nobody could be asked.
    def inside():
        return [i for i in ponds.incidents() if began <= i["startedAt"] / 1000 <= ended - 5]
    found = ponds.wait("incidents of the time without uplink", inside, 90)
    incident = found[0]
    check("drill: the aerator was told within 2 s of the reading, without the platform",
          incident["answeredAt"] and incident["answeredAt"] - incident["startedAt"] <= 2000, incident)
    check("drill: the device answered that it runs", '"ok":true' in incident["answer"], incident)
    check("drill: oxygen recovered, and the incident ended", incident["recoveredAt"] and incident["hasWorked"], incident)
    check("drill: oxygen never fell to the alarm level", incident["lowest"] > 200, incident["lowest"])
    def kept():
        return [r for r in ponds.readings(PROBE, "oxygen", 5000) if began * 1000 <= moment(r["time"]) <= ended * 1000]
    # Two a second were measured; the owner's vault opens them as their batches become final.
    ponds.wait("readings of the cut", lambda: len(kept()) > CUT, 90)
    sent = kept()
    check("drill: the readings of the cut are on the ledger too", len(sent) > CUT, len(sent))
    print(f"fish: {len(found)} incidents and {len(sent)} oxygen readings of {CUT} s without uplink; first command answered "
          f"{incident['answeredAt'] - incident['startedAt']} ms after its reading", flush=True)


def moment(text):
    """ms since 1970 of RFC 3339."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000

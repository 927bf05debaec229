"""What an owner asks of devices reaches them once and its outcome is on the ledger; rules, intervals, Thing Descriptions."""
import calendar
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time

import jsonschema_rs

from field import BUTTON, SOIL, VALVE, Field, command
from process import REPOSITORY, call, request, sign_in, stop

VECTORS = pathlib.Path(os.environ.get("CAIRN_VECTORS", REPOSITORY.parent / "shared/vectors"))


def run(check):
    with tempfile.TemporaryDirectory() as folder, Field(folder) as field:
        field.wait("the valve's readings", lambda: field.readings(VALVE), 60)
        things(check, field)
        commands(check, field)
        interval(check, field)
        # Before there are rules: one that holds commands the valve again after a restart, and the valve counts that too.
        restart(check, field)
        rules(check, field)
        ages(check, field)
        stale(check, field)


def things(check, field):
    """COMMON-5: a wearable and an actuator came in by configuration alone, and describe themselves."""
    schema = VECTORS / "wot/validation/td-json-schema-validation.json"
    validator = jsonschema_rs.validator_for(json.loads(schema.read_text())) if schema.exists() else None
    if validator is None:
        print("skipped: the schema of Thing Descriptions is not there (3 cases)", flush=True)
    else:
        examples(check, validator)
    for urn in (VALVE, BUTTON):
        status, body = request("GET", f"{field.url}/api/v1/devices/{urn}/thing")
        recorded = field.state(f"membership/devices/{urn}")["thing"]
        check(f"{urn}: the Thing Description has the hash that is on the ledger",
              status == 200 and hashlib.sha256(body).hexdigest() in str(recorded), f"{status} {recorded}")
        if validator and status == 200:
            errors = [str(error.message) for error in validator.iter_errors(drafted(json.loads(body)))]
            check(f"{urn}: the Thing Description is valid by the W3C schema", not errors, errors[:3])
    check("a Thing Description needs a session", call("GET", f"{field.url}/api/v1/devices/{VALVE}/thing")[0] == 401)


def drafted(thing):
    """The schema is that of the next edition, which takes only its own context; nothing else differs for us."""
    return thing | {"@context": "https://www.w3.org/ns/wot-next/td"} if "@context" in thing else thing


def examples(check, validator):
    source = VECTORS / "wot/validation/resources/thing-descriptions.js"
    script = f"console.log(JSON.stringify(require({json.dumps(str(source))})))"
    found = json.loads(subprocess.run(["node", "-e", script], capture_output=True, check=True).stdout)
    invalid = found["invalidTDs"]
    check("the schema's invalid examples are refused",
          invalid and not any(validator.is_valid(drafted(thing)) for thing in invalid), len(invalid))


def commands(check, field):
    status, _ = field.submit("farm", "devices", "command", command(VALVE, "open-1", "valve", b'{"opening":0.25}'), VALVE)
    check("the owner commands the valve", status == 201, status)
    record = field.outcome(VALVE, "open-1")
    check("the valve did it, and its answer is on the ledger",
          record["outcome"] == "done" and b'"ok":true' in bytes.fromhex(record["reply"]), record)
    opening = field.wait("the new opening", lambda: next(
        (r for r in field.readings(VALVE, "opening") if r["value"] == 0.25), None), 40)
    check("the reading shows the new opening", opening is not None)
    field.submit("farm", "devices", "command", command(VALVE, "odd-1", "explode", b"{}"), VALVE)
    check("a command that the device does not know is refused", field.outcome(VALVE, "odd-1")["outcome"] == "refused")
    status, answer = field.submit("accreditor", "devices", "command", command(VALVE, "x", "valve", b"{}"), VALVE)
    check("only the owner commands", answer.get("code") == "devices-5", answer)
    status, answer = field.submit("farm", "devices", "command", command(VALVE, "open-1", "valve", b"{}"), VALVE)
    check("a command's id is used once", answer.get("code") == "devices-8", answer)
    outcome = {"id": "open-1", "device": VALVE, "word": "timeout", "reply": b""}
    status, answer = field.submit("farm-gateway", "devices", "outcome", outcome, VALVE)
    check("a command has one outcome", answer.get("code") == "devices-102", answer)


def interval(check, field):
    """COMMON-12: the interval is changed on the ledger, reaches the device, and the device obeys."""
    status, _ = field.submit("farm", "devices", "setInterval", {"device": SOIL, "channel": "soil", "seconds": 1}, SOIL)
    check("the owner sets the interval", status == 201, status)
    field.wait("the interval in force", lambda: field.commands(SOIL)["intervals"][0]["inForce"])
    def gaps():
        sequences = sorted({(item["time"], item["sequence"]) for item in field.readings(SOIL, limit=60)})[-4:]
        seconds = [float(moment[17:23]) for moment, _ in sequences]
        return [(b - a) % 60 for a, b in zip(seconds, seconds[1:])]
    # The device ends the pause that it is in first.
    field.wait("readings every second by the device's clock", lambda: [0.8 < gap < 2 for gap in gaps()] == [True] * 3)


def rules(check, field):
    """Edge rules as data: one marks and raises an event, and commands the valve."""
    document = {"version": 1, "rules": [{
        "id": "always-wet", "devices": {"profile": "soil-probe"}, "quantity": "moisture", "when": {"above": -1},
        "then": [{"mark": "calibration-age"}, {"event": "wet"},
                 {"command": {"device": VALVE, "name": "valve", "arguments": {"opening": 0.5}}}]}]}
    octets = json.dumps(document).encode()
    arguments = {"gateway": "farm-gateway", "hash": hashlib.sha256(b"other").digest(), "rules": octets}
    status, answer = field.submit("farm", "devices", "rules", arguments, "farm-gateway")
    check("rules need their own hash", answer.get("code") == "devices-105", answer)
    arguments["hash"] = hashlib.sha256(octets).digest()
    status, answer = field.submit("farm", "devices", "rules", arguments, "farm-gateway")
    check("the owner records rules", status == 201, answer)
    event = field.wait("the event on the ledger", lambda: field.state(f"devices/events/{SOIL}/wet"))
    _, head = request("GET", f"{field.url}/api/v1/ledgers/{field.ledger}/state?key=devices/events/{SOIL}/wet")
    check("the event names its rule", b"always-wet" in bytes.fromhex(json.loads(head)["value"]), event)
    acted = field.wait("the rule's command on the ledger", lambda: field.state(f"devices/events/{VALVE}/commanded"))
    check("the rule's command and its outcome are on the ledger", acted is not None)
    marked = field.wait("a marked reading", lambda: next(
        (r for r in field.readings(SOIL, "moisture") if r["quality"] & 32), None))
    check("the rule marks readings, which are kept", marked is not None)


def restart(check, field):
    """A command that the gateway's crash interrupts is carried out once."""
    before = count(field, "before")
    field.gateway.send_signal(signal.SIGKILL)
    field.gateway.wait()
    field.submit("farm", "devices", "command", command(VALVE, "crash-1", "valve", b'{"opening":0.75}', 120), VALVE)
    time.sleep(1)
    stop(field.devices)
    field.start_gateway()
    from field import NAME
    from process import start
    field.devices = start("simulate", NAME, "--node", field.url, "--folder", field.folder)
    record = field.outcome(VALVE, "crash-1", 60)
    check("a command over a crash of the gateway is done", record["outcome"] == "done", record)
    # The devices are new processes too: theirs is the first command they see.
    check("and was carried out once", json.loads(bytes.fromhex(record["reply"]))["count"] == 1, (before, record))


def count(field, identity):
    field.submit("farm", "devices", "command", command(VALVE, identity, "valve", b'{"opening":0.6}'), VALVE)
    return json.loads(bytes.fromhex(field.outcome(VALVE, identity)["reply"]))["count"]


def ages(check, field):
    """COMMON-38: how old a reading is when it can first be read."""
    # The devices are new processes since the restart and report as often as their kind says.
    field.submit("farm", "devices", "setInterval", {"device": SOIL, "channel": "soil", "seconds": 1}, SOIL)
    time.sleep(8)
    # What is there already came at a time that nobody here saw.
    seen, ages = {item["sequence"] for item in field.readings(SOIL, "moisture", 500)}, []
    deadline = time.time() + 60
    while time.time() < deadline and len(ages) < 200:
        for item in field.readings(SOIL, "moisture", 5):
            if item["sequence"] not in seen:
                moment = time.strptime(item["time"][:19], "%Y-%m-%dT%H:%M:%S")
                ages.append(time.time() - (calendar.timegm(moment) + float("0" + item["time"][19:-1])))
                seen.add(item["sequence"])
        time.sleep(0.1)
    ages.sort()
    median, worst = ages[len(ages) // 2], ages[int(len(ages) * 0.99)]
    check.figure(f"COMMON-38: age of {len(ages)} readings, median", median, 2, "s")
    check.figure("COMMON-38: age that 99 % are below", worst, 5, "s")
    check("the page of devices shows ages to their owner", "reporting" in page_of(field, "farm"))


def page_of(field, who):
    token = sign_in(field.url, field.people[who])
    return call("GET", f"{field.url}/devices", headers={"Accept": "text/html", "Authorization": f"Bearer {token}"})[1].decode()


def stale(check, field):
    """COMMON-38: after three missed intervals a device is marked stale."""
    stop(field.devices)
    field.devices = None

    def row():
        page = page_of(field, "farm")
        return page[page.index(f"/devices/{VALVE}"):][:900]

    time.sleep(15)
    check("a device that missed one interval is not stale yet", "reporting" in row(), row())
    time.sleep(25)
    check("after three missed intervals it is marked stale", "stale" in row(), row())

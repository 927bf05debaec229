"""Ponds, people and papers of fish farming on running processes: alarms, commands, harvest, audits, and figures recomputed."""
import json
import os
import threading
import time

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

import sharing
from sharing import sealed
from device import Device
from fish import POND, PROBE, agree, living, moment, operations, terms_of
from process import request_as, stop
from statement import Participant, encode

HOUR = 3_600_000
PEOPLE = ("rural-bank", "harvest-mutual", "loss-desk", "aquacloud", "pond-vet", "delta-feeds")


def now():
    return int(time.time() * 1000)


class Probe(Device):
    """Reports only when it is asked to."""

    def connect(self, folder):
        super().connect(folder)
        self.client.on_message = self.obey
        self.client.subscribe(f"cairn/v1/{self.member}/{self.urn}/cmd/+", qos=1)

    def obey(self, client, _, message):
        properties = Properties(PacketTypes.PUBLISH)
        properties.CorrelationData = message.properties.CorrelationData
        client.publish(message.topic + "/reply", b'{"ok":true}', qos=1, properties=properties)
        threading.Thread(target=lambda: self.report("water", [{"n": "oxygen", "u": "mg/l", "v": 6.25}])).start()


def must(ponds, who, operation, contract="fish", about=None, **arguments):
    status, answer = ponds.submit(who, contract, operation, arguments, about or "lagoon-farm")
    if status != 201 or answer["status"] != "FINAL":
        raise RuntimeError(f"{operation} {arguments}: {status} {answer}")
    return answer


def enrol(ponds, urn, key, profile="pond-probe"):
    must(ponds, "fisheries-office", "enrolDevice", "membership", urn, urn=urn, owner="lagoon-farm",
         gateway="pond-gateway", profile=profile, generation=1, key=key)


def person(ponds, name, roles, member):
    """A newcomer with a key that no node has."""
    path = f"{ponds.folder}/{name}.key"
    with open(path, "w") as file:
        file.write(os.urandom(32).hex())
    who = Participant(name, path)
    must(ponds, "fisheries-office", "enrolParticipant", "membership", name, id=name, member=member, name=name, roles=roles,
         validUntil=None, key=encode({1: 1, -1: 6, -2: who.key.public_key().public_bytes_raw()}))
    ponds.people[name] = who
    return who


def run(check):
    with living(PEOPLE) as ponds:
        outcome_of_a_choice(check, ponds)
        on_demand(check, ponds)
        alarms(check, ponds)
        papers(check, ponds)
        audit(check, ponds)
        levels(check, ponds)
        risks(check, ponds)
        delivery(check, ponds)
        figures(check, ponds)
        derived(check, ponds)


def outcome_of_a_choice(check, ponds):
    """FISH-46: suggestion, choice and what came of it are one record, and the farmer sees it."""
    before = ponds.state(f"fish/ponds/{POND}")["lastAt"]
    must(ponds, "lagoon-farm", "choose", about=f"pond:{POND}", pond=POND, id="tonight", suggestion="Aerate from midnight.",
         expected=280, band=50, choice="as suggested")
    ponds.wait("a report after the choice", lambda: ponds.state(f"fish/choices/{POND}/tonight")["lowest"], 90)
    record = ponds.state(f"fish/choices/{POND}/tonight")
    check("FISH-46: suggestion, choice and outcome in one record",
          record["suggestion"].startswith("Aerate") and record["choice"] == "as suggested" and record["lowest"] > 0
          and ponds.state(f"fish/ponds/{POND}")["lastAt"] > before, record)
    _, body = request_as(ponds.people["lagoon-farm"], "GET", f"{ponds.url}/api/v1/fish/ponds/{POND}/now")
    shown = json.loads(body)
    check("FISH-46: the farmer's phone has the outcome", shown["lastChoice"]["choice"] == "as suggested"
          and shown["lastChoice"]["lowest"] > 0, shown)


def on_demand(check, ponds):
    """FISH-31, FISH-32: a probe that sleeps measures when it is woken; a controller that is away is never said to have obeyed."""
    probe = Probe("urn:dev:ops:32473-pondprobe-third", "aqua-service")
    enrol(ponds, probe.urn, probe.cose)
    enrol(ponds, "urn:dev:ops:32473-aerator-third", new_key(), "aerator")
    enrol(ponds, "urn:dev:ops:32473-feeder-third", new_key(), "feeder")
    probe.connect(ponds.folder)
    ponds.third = probe
    must(ponds, "lagoon-farm", "registerPond", about="pond:third", pond="third", species="Nile tilapia", squareMetres=900,
         gateway="pond-gateway", probe=probe.urn, aerators=["urn:dev:ops:32473-aerator-third"],
         feeder="urn:dev:ops:32473-feeder-third", on=400, off=500, alarm=200, shortest=0)
    begun = time.monotonic()
    _, identity = ponds.command(probe.urn, "read", {})
    found = ponds.wait("a reading on demand", lambda: ponds.readings(probe.urn, "oxygen"), 60)
    check.figure("FISH-31: a reading on demand arrives", time.monotonic() - begun, 5, "s")
    check("FISH-31: it is what the probe measured then", found[0]["value"] == 6.25, found[:1])
    check("FISH-31: the probe's answer is the outcome", ponds.outcome(probe.urn, identity)["outcome"] == "done")
    _, identity = ponds.command("urn:dev:ops:32473-aerator-third", "aerate", {"on": 1, "minutes": 5})
    record = ponds.outcome("urn:dev:ops:32473-aerator-third", identity, 90)
    check("FISH-32: a command to a controller that is away is told as not executed", record["outcome"] != "done", record)


def new_key():
    return encode({1: 1, -1: 6, -2: Ed25519PrivateKey.generate().public_key().public_bytes_raw()})


def alarms(check, ponds):
    """FISH-5, FISH-21, FISH-32: an aerator that does not start is an alarm; nobody answers, and the neighbour is told."""
    neighbour = person(ponds, "delta-farm", ["fish-farmer"], "aqua-service")
    must(ponds, "lagoon-farm", "nameNeighbour", participant=neighbour.name, after=8000)
    begun = time.monotonic()

    def listed(who):
        status, body = request_as(ponds.people[who], "GET", f"{ponds.url}/api/v1/fish/alarms")
        return [item for item in json.loads(body)["items"] if item["pond"] == "third"] if status == 200 else []

    def dead():
        ponds.third.report("water", [{"n": "oxygen", "u": "mg/l", "v": 3.0}])
        time.sleep(0.5)
        return [item for item in listed("lagoon-farm") if "draws no power" in item["words"]]
    found = ponds.wait("an alarm of the dead aerator", dead, 120)[0]
    check.figure("FISH-21: a dead aerator is an alarm", time.monotonic() - begun, 600, "s")
    check("FISH-5: the neighbour is not told at once", found["escalatedTo"] is None, found)

    def escalated():
        return [item for item in listed(neighbour.name) if item["alarm"] == found["alarm"]]
    later = ponds.wait("the neighbour to be told", escalated, 60)[0]
    check("FISH-5: nobody answered in time, so it goes on to the neighbour", later["escalatedTo"] == neighbour.name
          and later["escalatedAt"] - later["raisedAt"] >= 8000, later)
    _, answer = ponds.submit("rural-bank", "fish", "acknowledge", {"pond": "third", "alarm": found["alarm"]}, "pond:third")
    check("FISH-5: others do not answer it", answer.get("code") == "fish-5", answer)
    must(ponds, neighbour.name, "acknowledge", about="pond:third", pond="third", alarm=found["alarm"])
    check("FISH-5: the farmer sees who looks after it", [item["acknowledgedBy"] for item in listed("lagoon-farm")
                                                         if item["alarm"] == found["alarm"]] == [neighbour.name])

    def low():
        ponds.third.report("water", [{"n": "oxygen", "u": "mg/l", "v": 1.5}])
        time.sleep(0.5)
        return [item for item in listed("lagoon-farm") if "is below" in item["words"]]
    answered = ponds.wait("an alarm of low oxygen", low, 60)[0]
    must(ponds, "lagoon-farm", "acknowledge", about="pond:third", pond="third", alarm=answered["alarm"])
    time.sleep(10)
    kept = next(item for item in listed("lagoon-farm") if item["alarm"] == answered["alarm"])
    check("FISH-5: an alarm that is answered goes no further", kept["escalatedTo"] is None, kept)

    def reported():
        ponds.third.report("water", [{"n": "oxygen", "u": "mg/l", "v": 2.5}])
        time.sleep(0.5)
        return ponds.state("fish/ponds/third")["oxygen"] and ponds.state("fish/ponds/third")["oxygen"] < 300
    ponds.wait("a report of low oxygen", reported, 60)
    _, answer = ponds.submit("lagoon-farm", "fish", "requestFeeding", {"pond": "third", "grams": 500}, "pond:third")
    check("FISH-32: feeding at low oxygen is refused, with the reason", answer.get("code") == "fish-140"
          and "digest" in json.dumps(answer), answer)


def rule(feature, limit, reason):
    """No points up to a limit and hardly any above it; the other way round, and at once, for what is counted and should be none."""
    few = feature in ("medicineBreaches",)
    return {"feature": feature, "reason": reason,
            "bins": [[limit, 100], [limit + 1, 0]] if few else [[limit, 0], [1_000_000, 100]]}


def card(kind, rules, cutoff=0, rate=50, exclusions=()):
    return encode({"kind": kind, "cutoff": cutoff, "maximum": 80_000, "thinDays": 0, "thinMaximum": 80_000, "rate": rate,
                   "days": 100, "rules": rules, "exclusions": list(exclusions)})


def papers(check, ponds):
    """FISH-33: fry, feed, medicine and water in the score's reasons; a harvest inside the withdrawal period is flagged."""
    must(ponds, "lagoon-farm", "stock", about="batch:P", batch="P", pond=POND, species="Nile tilapia",
         supplier="delta-feeds", count=1000, certificate=bytes(32))
    must(ponds, "lagoon-farm", "recordFeed", about="batch:P", batch="P", grams=5000)
    must(ponds, "pond-vet", "recordMedicine", about="batch:P", batch="P", product="oxytetracycline", dose="75 mg/kg",
         withdrawalDays=21)
    before = ponds.state("fish/farms/lagoon-farm")["breaches"]
    answer = must(ponds, "lagoon-farm", "harvest", about="batch:P", batch="P", grams=40_000)
    check("FISH-33: a harvest inside the withdrawal period is flagged",
          ponds.state("fish/farms/lagoon-farm")["breaches"] == before + 1, answer)
    until = now() + 86_400_000
    agree(ponds, "lagoon-farm", "rural-bank")
    must(ponds, "lagoon-farm", "share", institution="rural-bank", until=until,
         classes=["water", "operations", "fry", "feed", "medicine"])
    reasons = {"water": "history is short", "fry": "fry is not confirmed", "feed": "feed is not counted",
               "medicine": "harvested inside a withdrawal period"}
    must(ponds, "rural-bank", "publishModel", about="rural-bank", name="strict", version=1, card=card("loan", [
        rule("historyDays", 30, reasons["water"]), rule("fryConfirmed", 999, reasons["fry"]),
        rule("feedByDevice", 999, reasons["feed"]), rule("medicineBreaches", 0, reasons["medicine"])], cutoff=300))
    must(ponds, "lagoon-farm", "order", about="order:O", order="O", seller="delta-feeds", amount=50_000, goods="feed",
         document=bytes(32))
    must(ponds, "delta-feeds", "confirmOrder", about="order:O", order="O")
    must(ponds, "lagoon-farm", "entrust", about="order:O", order="O", document=bytes(32))
    must(ponds, "lagoon-farm", "apply", about="loan:lagoon-farm/L", id="L", model="rural-bank/strict/1", order="O",
         batch="P", amount=20_000)
    must(ponds, "rural-bank", "decide", about="loan:lagoon-farm/L", loan="lagoon-farm/L")
    loan = ponds.state("fish/loans/lagoon-farm/L")
    check("FISH-33: all four kinds of data are in the score's reasons", set(loan["reasons"]) == set(reasons.values())
          and loan["stage"] == "refused", loan)


def shares_with(ponds, institution):
    """The farm signs an institution's terms, and shows it all kinds of data for a day."""
    agree(ponds, "lagoon-farm", institution)
    must(ponds, "lagoon-farm", "share", institution=institution, until=now() + 86_400_000,
         classes=["water", "operations", "fry", "feed", "medicine"])


def bind(ponds, cover, model, batch):
    """The farm asks for a cover, the insurer quotes, the farm takes it."""
    key = f"lagoon-farm/{cover}"
    must(ponds, "lagoon-farm", "requestCover", about=f"cover:{key}", id=cover, model=model, batch=batch, sum=50_000)
    must(ponds, "harvest-mutual", "quote", about=f"cover:{key}", cover=key)
    must(ponds, "lagoon-farm", "bind", about=f"cover:{key}", id=cover)


def audit(check, ponds):
    """FISH-25: a gap of the sensor counts neither as loss nor as none, and an audit pays where the index failed."""
    silent = "urn:dev:ops:32473-pondprobe-silent"
    enrol(ponds, silent, new_key())
    must(ponds, "lagoon-farm", "registerPond", about="pond:silent", pond="silent", species="carp", squareMetres=900,
         gateway="pond-gateway", probe=silent, aerators=[], on=400, off=500, alarm=200, shortest=0)
    must(ponds, "lagoon-farm", "stock", about="batch:S", batch="S", pond="silent", species="carp", supplier="delta-feeds",
         count=1000, certificate=bytes(32))
    must(ponds, "fisheries-office", "issue", "wallet", "harvest-mutual", to="harvest-mutual", amount=200_000, currency="XPT")
    must(ponds, "fisheries-office", "issue", "wallet", "lagoon-farm", to="lagoon-farm", amount=20_000, currency="XPT")
    shares_with(ponds, "harvest-mutual")
    must(ponds, "harvest-mutual", "publishModel", about="harvest-mutual", name="plain", version=1,
         card=card("cover", [rule("historyDays", 0, "history is short")]))
    for cover in ("gap", "index"):
        bind(ponds, cover, "harvest-mutual/plain/1", "S")
    start = now() - 10 * HOUR
    minute = 60_000

    def report(begin, end, oxygen, fit):
        must(ponds, "pond-gateway", "reportWater", about="pond:silent", pond="silent", to=start + end * minute,
             low=oxygen, mean=oxygen, high=oxygen, samples=60, fit=fit, **{"from": start + begin * minute})
    balance = lambda: ponds.state("wallet/accounts/XPT/lagoon-farm")
    cover = lambda name: ponds.state(f"fish/covers/lagoon-farm/{name}")
    before = balance()
    report(0, 40, 150, 60)
    report(40, 110, 150, 0)
    report(110, 125, 150, 60)
    record = cover("gap")
    check("FISH-25: seventy minutes without fit readings are no loss", record["stage"] == "live" and record["paid"] == 0
          and record["lowTime"] == 55 * minute and record["gapTime"] == 70 * minute, record)
    check("FISH-25: an insurer's desk cannot pay itself out of it", ponds.submit("harvest-mutual", "fish", "payAudit", {
        "cover": "lagoon-farm/gap", "amount": 10, "finding": "none", "report": bytes(32)}, "cover")[1].get("code") == "fish-5")
    must(ponds, "loss-desk", "payAudit", about="cover:lagoon-farm/gap", cover="lagoon-farm/gap", amount=20_000,
         finding="half of the fish are dead; the probe was under mud", report=bytes(32))
    check("FISH-25: the audit pays where the index did not", balance() == before + 20_000 and cover("gap")["auditPaid"] == 20_000,
          (before, balance()))
    report(125, 135, 150, 60)
    check("FISH-25: and the gap is not taken as no loss either: the next low minutes complete the hour",
          cover("index")["paid"] == 30_000 and balance() == before + 20_000 + 2 * 30_000, cover("index"))


def levels(check, ponds):
    """FISH-19: once fish are weighed, their gateway is given the levels of their species and size."""
    def told():
        _, body = ponds.get("pond-gateway", "/api/v1/fish/ponds?gateway=pond-gateway")
        return next(item for item in json.loads(body)["items"] if item["pond"] == "silent")
    before = told()
    must(ponds, "lagoon-farm", "weigh", about="batch:S", batch="S", meanGrams=3)
    after = told()
    check("FISH-19: small carp need more than the pond's own alarm level", (before["alarm"], after["alarm"]) == (2.0, 2.5)
          and after["off"] == 5.5 and after["on"] == 4.0 and after["fall"] == 1.0, (before, after))


def risks(check, ponds):
    """FISH-27: a risk is found, advice followed, and the effect measured by what the gateway reports before and after."""
    finding = {"farmer": "lagoon-farm", "id": "R", "finding": "The probe of pond silent lies in mud.", "advice": "Hang it higher."}
    _, answer = ponds.submit("rural-bank", "fish", "reportRisk", finding, "lagoon-farm")
    check("FISH-27: risks are told by the company that serves the farm", answer.get("code") == "fish-5", answer)
    must(ponds, "aquacloud", "reportRisk", **finding)

    def listed(who):
        _, body = request_as(ponds.people[who], "GET", f"{ponds.url}/api/v1/fish/risks")
        return [item for item in json.loads(body)["items"] if item["risk"] == "lagoon-farm/R"]
    check("FISH-27: farmer and company see it open", [item["state"] for who in ("lagoon-farm", "aquacloud")
                                                      for item in listed(who)] == ["open", "open"])
    _, answer = ponds.submit("aquacloud", "fish", "measureRisk", {"farmer": "lagoon-farm", "id": "R"}, "lagoon-farm")
    check("FISH-27: nothing is measured before it is done", answer.get("code") == "fish-134", answer)
    must(ponds, "lagoon-farm", "riskDone", id="R")
    at = ponds.state("fish/ponds/silent")["lastAt"]
    must(ponds, "pond-gateway", "reportWater", about="pond:silent", pond="silent", to=at + HOUR, low=700, mean=700, high=700,
         samples=60, fit=60, **{"from": at})
    must(ponds, "aquacloud", "measureRisk", farmer="lagoon-farm", id="R")
    record, farm = listed("lagoon-farm")[0], ponds.state("fish/farms/lagoon-farm")
    kept = ponds.state("fish/risks/lagoon-farm/R")
    check("FISH-27: the effect is measured by the reports before and since", record["state"] == "measured"
          and record["lowBefore"] == kept["low"] * 1000 // kept["covered"] and record["lowBefore"] > 0
          and record["lowAfter"] < record["lowBefore"] and farm["covered"] > kept["covered"], (record, kept))


def delivery(check, ponds):
    """FISH-15, FISH-22: a bank asks, the farmer grants, the key comes; both are on the ledger, and it verifies offline."""
    bank = person(ponds, "coast-bank", ["bank"], "city-bank")
    private = os.urandom(32)
    reader, farm = sharing.Side(ponds.url, ponds.ledger, bank), sharing.Side(ponds.url, ponds.ledger, ponds.people["lagoon-farm"])
    told, _ = reader.send("grants", "setEncryptionKey", {"key": sealed.public(private)}, bank.name)
    check("the bank's encryption key is registered", told == "FINAL", told)
    asked = sharing.terms(["lagoon-farm.water"]) | {"purpose": "Decide on a loan"}
    told, request_made = reader.send("grants", "request", {"id": "ask-c", "owner": "lagoon-farm", **asked}, "ask-c")
    check("FISH-15: the request is on the ledger", told == "FINAL", told)
    status, _ = reader.fetch("ask-c")
    check("FISH-15: a request alone delivers nothing", status == 404, status)
    told, _ = farm.send("grants", "grant", {"id": "grant-c", "reader": bank.name, "request": "ask-c", **asked}, "grant-c")
    check("FISH-15: the farmer grants it", told == "FINAL", told)
    status, answer = reader.fetch("grant-c")
    check("FISH-15: the keys are delivered", status == 200 and answer["keys"], answer)
    for _ in range(100):  # the log is read from the index, which follows the ledger
        ours = [item for item in sharing.access_log(farm) if item["reader"] == bank.name]
        if ours:
            break
        time.sleep(0.1)
    check("FISH-22: the farmer's access log has the delivery, with grant, purpose and what was opened", len(ours) == 1
          and ours[0]["grant"] == "grant-c" and ours[0]["purpose"] == asked["purpose"] and ours[0]["epochs"], ours)
    status, _ = reader.fetch("grant-c")
    check("FISH-22: a second delivery is in it too", len(
        [item for item in sharing.access_log(farm) if item["reader"] == bank.name]) == (2 if status == 200 else 1))
    told, _ = farm.send("grants", "revoke", {"id": "grant-c"}, "grant-c")
    check("FISH-22: a grant that ended delivers nothing more", told == "FINAL" and reader.fetch("grant-c")[0] == 403, told)
    _, body = ponds.get("lagoon-farm",
                        f"/api/v1/ledgers/{ponds.ledger}/transactions?mentioning=lagoon-farm.water&limit=100")
    batch = next(item["id"] for item in json.loads(body)["items"] if item["operation"] == "batch")
    status, bundle = ponds.get("lagoon-farm", f"/api/v1/transactions/{batch}/evidence?reading=0")
    check("FISH-15: the farmer hands over a reading with its proof", status == 200, bundle[:200])
    check("FISH-15: the bank verifies it offline", sharing.verifies(bundle, ponds.ledger))
    changed = bundle.replace(b'"n":"oxygen"', b'"n":"oxigen"')
    check("FISH-15: and finds a changed one", changed != bundle and not sharing.verifies(changed, ponds.ledger))


def figures(check, ponds):
    """FISH-29: the service company has figures of the market, and none of a group below five farms."""
    def told():
        _, body = request_as(ponds.people["aquacloud"], "GET", f"{ponds.url}/api/v1/fish/figures")
        return json.loads(body)
    shown = told()
    check("FISH-29: fewer than five farms make no figure", shown["smallestGroup"] == 5 and all(
        value is None for name, value in shown.items() if name != "smallestGroup"), shown)
    for number in range(4):
        farmer = person(ponds, f"farmer-{number}", ["fish-farmer"], "aqua-service")
        terms = terms_of(ponds, "aquacloud", "service")
        must(ponds, farmer.name, "signAgreement", about=farmer.name, provider="aquacloud", version=terms["version"],
             document=terms["hash"])
    shown = told()
    check("FISH-29: five farms do; what one of them alone has is still hidden", shown["farms"] == 5
          and shown["ponds"] is None and shown["covers"] is None, shown)
    status, _ = ponds.get("rural-bank", "/api/v1/fish/figures")
    check("FISH-29: they are for the service company", status == 403, status)


def statements(ponds, about):
    """Name and arguments of all accepted statements about something, oldest first."""
    _, body = ponds.get("fisheries-office", f"/api/v1/ledgers/{ponds.ledger}/transactions?mentioning={about}&limit=500")
    found = []
    for item in json.loads(body)["items"]:
        if item["status"] == "FINAL":
            _, bundle = ponds.get("fisheries-office", f"/entries/{item['id']}")
            found += list(operations(cbor2.loads(bundle)))[:1]
    return found


def derived(check, ponds):
    """FISH-30: everything that is derived is found again from the records, and reports from the signed readings."""
    stop(ponds.devices)
    ponds.devices = None
    ponds.third.close()
    farm, last = None, ponds.state("fish/farms/lagoon-farm")
    deadline = time.monotonic() + 120
    while farm != last and time.monotonic() < deadline:
        time.sleep(15)
        farm, last = last, ponds.state("fish/farms/lagoon-farm")
    sums = dict.fromkeys(("covered", "fit", "low"), 0)
    reports = {}
    for pond in (POND, "third", "silent"):
        alarm = ponds.state(f"fish/ponds/{pond}")["alarm"]
        reports[pond] = [arguments for name, arguments in statements(ponds, f"pond:{pond}") if name == "reportWater"]
        for report in reports[pond]:
            length = report["to"] - report["from"]
            sums["covered"] += length
            if report["fit"] * 2 >= report["samples"] and report["fit"]:
                sums["fit"] += length
                sums["low"] += length if report["mean"] < alarm else 0
    check("FISH-30: what the farm's record adds up is the sum of its reports", sums == {
        name: last[name] for name in sums}, (sums, last))
    check("FISH-30: the first time is that of the first report", last["firstAt"] == min(
        report["from"] for all in reports.values() for report in all), last["firstAt"])
    readings = ponds.readings(PROBE, "oxygen", 5000)
    points = sorted((round(moment(item["time"])), item["value"], item["quality"]) for item in readings)
    compared = 0
    for report in sorted(reports[POND], key=lambda report: report["from"])[-8:]:
        inside = [value for at, value, quality in points if report["from"] - 1 <= at <= report["to"] + 1]
        if len(inside) != report["samples"] or report["fit"] != report["samples"]:
            continue
        compared += 1
        again = [round(100 * value) for value in (min(inside), sum(inside) / len(inside), max(inside))]
        check("FISH-30: a report is what its signed readings give", all(
            abs(one - other) <= 1 for one, other in zip(again, (report["low"], report["mean"], report["high"]))),
            (again, report))
    check("FISH-30: reports were compared with readings", compared >= 3, (compared, len(points)))

"""Rules of chattel mortgage on running processes: persons of an enterprise, notices, parts and swaps, the case room, crashes, two nodes."""
import copy
import json
import os
import pathlib
import re
import signal
import tempfile
import threading
import time
import urllib.parse

import jsonschema_rs

import chattel
from chattel import DAY, Ledger, bring, decide, declare, issue, now, prepare, sense
from cluster import Network
from device import Device
from devices import VECTORS
from process import call, free_port, sign_in, start, stop, wait_until_up
from statement import Participant, encode


def run(check):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["demo", "--bare", "--use-case", "chattel-mortgage", "--folder", folder, "--port", str(port)]
        node = start(*arguments)
        try:
            ledger = Ledger(url, wait_until_up(url, process=node)["id"], folder)
            prepare(check, ledger)
            persons(check, ledger, folder)
            notices(check, ledger)
            shapes(check, ledger)
            parts(check, ledger)
            room(check, ledger, folder)
            screens(check, ledger)
            node = crashes(check, ledger, node, arguments)
        finally:
            stop(node)
    tunnel(check)
    two_nodes(check)


def tunnel(check):
    """CHAT-24: a truck's box keeps what it measures for twenty minutes; all of it arrives, in its own time, and is judged by it."""
    seconds = 1200
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        node = start("demo", "--bare", "--use-case", "chattel-mortgage", "--folder", folder, "--port", str(port))
        gateway = None
        try:
            ledger = Ledger(url, wait_until_up(url, process=node)["id"], folder)
            prepare(check, ledger)
            box = Device("urn:dev:ops:32473-motion-TRUCK.CAB", "monitoring")
            told = [ledger.act("chamber", "enrolDevice", box.urn, "membership", urn=box.urn, owner="portwatch",
                               gateway="hall-gateway", profile="goods-motion", generation=1, key=box.cose),
                    ledger.act("portwatch", "registerSite", "site:TRUCK", site="TRUCK", gateway="hall-gateway", name="Truck 7",
                               place="On the road", licence="L-7", kind="truck"),
                    # The lot is handed over to the truck, so that what happens on the road is about it.
                    ledger.act("portwatch", "handOver", "lot:LOT", lot="LOT", to="TRUCK"),
                    ledger.act("portwatch", "takeOver", "lot:LOT", lot="LOT", bay="CAB")]
            check("CHAT-24: a lot on a truck", told == ["FINAL"] * 4, told)
            gateway = start("gateway", "chattel-mortgage", "--node", url, "--folder", folder)
            while not os.path.exists(f"{folder}/broker/mosquitto.conf"):
                time.sleep(0.05)
            time.sleep(1)
            box.connect(folder)
            began = time.time()
            for number in range(seconds):
                # The ninth minute has a shock.
                shock = 40 if number == 540 else 1
                box.report("motion", [{"n": "lat", "u": "lat", "v": 53.5}, {"n": "lon", "u": "lon", "v": 10.0},
                                      {"n": "speed", "u": "m/s", "v": 20}, {"n": "shock", "u": "m/s2", "v": shock},
                                      {"n": "tilt", "u": "deg", "v": 1}, {"n": "door", "vb": False}],
                           ahead=number - seconds - (time.time() - began))
            box.close()
            shown = "Shock"
            headers = session_of(ledger, "portwatch")
            times, deadline = [], time.monotonic() + 120
            while time.monotonic() < deadline and len(times) < seconds:
                status, body = call("GET", f"{url}/api/v1/readings?device={box.urn}&quantity=shock&limit=2000", headers=headers)
                times = [item["time"] for item in json.loads(body)["items"]] if status == 200 else []
                time.sleep(0.5)
            check("CHAT-24: twenty minutes without a connection, and no reading lost", len(set(times)) == seconds, len(set(times)))
            ordered = sorted(times)
            check("CHAT-24: in the device's time", times in (ordered, ordered[::-1]), times[:5])
            status, body = call("GET", f"{url}/halls", headers=headers)
            row = body.decode().split(shown)[1].split("</tr>")[0] if shown in body.decode() else ""
            check("CHAT-24: the shock of the ninth minute is an alarm, once", body.decode().count(">Shock<") == 1,
                  body.decode().count(">Shock<"))
            late = re.search(r"told (\d+) min", row)
            check("CHAT-24: marked with how late it was told", late and 9 <= int(late.group(1)) <= 14, row[:400])
        finally:
            for process in (gateway, node):
                if process:
                    stop(process)


class Apart(Ledger):
    """The same ledger on four nodes: everybody speaks to the node of their own member."""

    def __init__(self, network):  # the people's keys lie with their members
        self.url, self.ledger = network.urls["monitoring"], network.ledger
        keys = {path.stem: path for path in pathlib.Path(network.folder).glob("*/keys/*.key")}
        self.people = {name: Participant(name, str(keys[name])) for name in chattel.PEOPLE}
        self.places = {}
        for name in chattel.PEOPLE:
            place = self.places[name] = copy.copy(self)
            place.url = network.urls[keys[name].parent.parent.name]

    def send(self, person, *arguments, **more):
        return Ledger.send(self.places[person], person, *arguments, **more)


def two_nodes(check):
    """CHAT-10: two banks decide on one lot at once, each at a node of its own; one wins."""
    races = int(os.environ.get("CAIRN_RACES_APART", "40"))
    with tempfile.TemporaryDirectory() as folder:
        network = Network(folder, "chattel-mortgage", ("chamber", "chamber"))
        with network.running():
            ledger = Apart(network)
            prepare(check, ledger)
            chattel.race(check, ledger, races)
            heads = network.agree()
            check("CHAT-10: all four nodes agree afterwards", len(set(heads.values())) == 1, heads)


def person(ledger, folder, name, roles):
    """Somebody of the enterprise with a key of their own."""
    path = f"{folder}/{name}.key"
    with open(path, "w", encoding="ascii") as file:
        file.write(os.urandom(32).hex())
    one = Participant(name, path)
    public = encode({1: 1, -1: 6, -2: one.key.public_key().public_bytes_raw()})
    told = ledger.act("nordic-metals", "enrolPerson", name, "membership", id=name, name=name, roles=roles, validUntil=None,
                      key=public)
    ledger.people[name] = one
    return told


def persons(check, ledger, folder):
    """CHAT-7: who prepares does not send; an approver does, and nobody without the role."""
    told = [person(ledger, folder, "clerk", ["enterprise", "approver"]), person(ledger, folder, "colleague", ["enterprise"]),
            person(ledger, folder, "chief", ["enterprise", "approver"])]
    check("CHAT-7: three persons with keys of their own", told == ["FINAL"] * 3, told)
    about, application = "application:PERSONS", {"application": "PERSONS"}
    told = ledger.act("clerk", "draft", about, **application, bank="harbour-bank", receipts=["NORTH-1"], amount=1_000_000,
                      currency="EUR", days=90, purpose="Work", orders=["PO-1"], ordersValue=91_000_000, documents=bytes(32))
    check("CHAT-7: the clerk prepares", told == "FINAL", told)
    told = [ledger.act(who, "submit", about, **application) for who in ("clerk", "colleague", "chief")]
    check("CHAT-7: neither the clerk nor a colleague without the role sends it, the chief does",
          told == ["chattel-122", "chattel-122", "FINAL"], told)
    record = ledger.state("chattel/applications/PERSONS")
    check("CHAT-7: the application says who prepared it", record["preparedBy"] == "clerk", record)
    ledger.act("chief", "withdraw", about, **application)


def notices(check, ledger):
    """CHAT-12: the registry answers as of any time, with a numbered certificate that stays."""
    def search(field, value, as_of=None):
        told, answer = ledger.send("city-bank", "search", {"field": field, "value": value, "asOf": as_of}, "search",
                                   contract="chattel")
        number = [event["subject"] for event in ledger.events(answer) if event["name"] == "searched"][0]
        return number, ledger.state(f"chattel/certificates/{number.removeprefix('certificate:')}")

    before = now()
    _, nothing = search("debtor", "baltic-trade")
    check("CHAT-12: nothing registered, and a certificate says so", nothing["found"] == [], nothing)
    year = now() + 365 * DAY

    def register(parties, collateral):
        return ledger.send("harbour-bank", "registerNotice", {
            "securedParties": parties, "debtor": "baltic-trade", "collateral": collateral, "until": year}, "notice",
            contract="chattel")

    told, _ = register(["harbour-bank", "HARBOUR-BANK"], ["SN 7"])
    check("CHAT-12: the same secured party twice is blocked", told == "chattel-170", told)
    told, answer = register(["harbour-bank"], ["SN 7"])
    notice = [event["subject"] for event in ledger.events(answer) if event["name"] == "noticed"][0].removeprefix("notice:")
    check("CHAT-12: a notice is registered", told == "FINAL", told)
    for field, value in (("debtor", "baltic-trade"), ("secured", "harbour-bank"), ("collateral", "sn-7")):
        _, found = search(field, value)
        check(f"CHAT-12: found by {field}", notice in found["found"], found)
    told = [ledger.act("city-bank", "amendNotice", "notice", notice=notice, collateral=["SN 8"]),
            ledger.act("harbour-bank", "amendNotice", "notice", notice=notice, collateral=["SN 8"]),
            ledger.act("harbour-bank", "renewNotice", "notice", notice=notice, until=year + DAY)]
    check("CHAT-12: amended and renewed by its secured party alone", told == ["chattel-5", "FINAL", "FINAL"], told)
    _, found = search("collateral", "SN 8")
    check("CHAT-12: found by what was added", found["found"] == [notice], found)
    while now() <= found["at"] + 5:
        time.sleep(0.01)
    live = found["at"]
    told = [ledger.act("harbour-bank", "dischargeNotice", "notice", notice=notice) for _ in range(2)]
    check("CHAT-12: discharged once", told == ["FINAL", "chattel-171"], told)
    number, found = search("debtor", "baltic-trade")
    check("CHAT-12: after the discharge nothing is found", found["found"] == [], found)
    _, found = search("debtor", "baltic-trade", live)
    check("CHAT-12: as of before the discharge it is", found["found"] == [notice], found)
    _, found = search("debtor", "baltic-trade", before - 60_000)
    check("CHAT-12: as of before it was registered it is not", found["found"] == [], found)
    again = ledger.state(f"chattel/certificates/{number.removeprefix('certificate:')}")
    check("CHAT-12: a certificate is there to be printed again", again["found"] == [] and again["value"] == "baltic-trade",
          again)


def shapes(check, ledger):
    """CHAT-12: systems of institutions register, renew, discharge and search in the shapes of a public registry."""
    def ask(who, method, path, body=None):
        headers = {"Authorization": f"Bearer {sign_in(ledger.url, ledger.people[who])}", "Content-Type": "application/json"}
        status, answer = call(method, f"{ledger.url}/api/v1/chattel/{path}", body and json.dumps(body).encode(), headers)
        return status, json.loads(answer)

    schemas = VECTORS / "chattel/src/registry_schemas/schemas"
    if schemas.exists():
        documents = [json.loads(path.read_text()) for path in schemas.glob("*/*.json")]
        registry = jsonschema_rs.Registry([(document["$id"], document) for document in documents])
        validators = {document["$id"].rsplit("/", 1)[1]: jsonschema_rs.validator_for(document, registry=registry)
                      for document in documents}
    else:
        print("skipped: the registry's schemas are not there (6 shapes)", flush=True)
        validators = {}

    def answered(name, document):
        valid(name, document)
        check(f"CHAT-12: the {name} names its notice", document["baseRegistrationNumber"] == number, document)

    def valid(name, document):
        if name in validators:
            wrong = [error.message for error in validators[name].iter_errors(document)]
            check(f"CHAT-12: a {name} as the registry has it", not wrong, (wrong[:3], document))

    party = {"code": "harbour-bank"}
    debtor = {"businessName": "Baltic Trade", "address": {"street": "Quay 1", "city": "Port", "country": "CA", "region": "BC",
                                                          "postalCode": "V8V 1A1"}}
    statement = {"type": "SA", "authorizationReceived": True, "registeringParty": party, "securedParties": [party],
                 "debtors": [debtor], "lifeYears": 5, "generalCollateral": [{"description": "Press 12"}],
                 "vehicleCollateral": [{"type": "MV", "serialNumber": "VIN 4711", "make": "MAN", "model": "TGX"}]}
    valid("financingStatement", statement)
    status, made = ask("harbour-bank", "POST", "notices", statement)
    check("CHAT-12: a financing statement is accepted", status == 201 and made["statusType"] == "ACT", (status, made))
    valid("financingStatement", made)
    number = made["baseRegistrationNumber"]
    status, told = ask("harbour-bank", "POST", "notices", dict(statement, securedParties=[party, {"code": "Harbour Bank"}]))
    check("CHAT-12: the same secured party twice is blocked", (status, told["code"]) == (422, "chattel-170"), told)
    for broken in (dict(statement, lifeYears=26), dict(statement, type="RL"), dict(statement, debtors=[]), {}, []):
        status, told = ask("harbour-bank", "POST", "notices", broken)
        check("CHAT-12: another shape is refused with what to do", status == 400 and told["detail"], told)

    law(check, ledger, ask, statement)

    def search(query):
        valid("searchQuery", query)
        status, found = ask("city-bank", "POST", "searches", query)
        check("CHAT-12: a search", status == 201, found)
        valid("searchQueryResult", found)
        return found

    by_debtor = {"type": "BUSINESS_DEBTOR", "criteria": {"debtorName": {"business": "Baltic Trade"}}}
    found = search(by_debtor)
    check("CHAT-12: found by debtor", [hit["baseRegistrationNumber"] for hit in found["results"]] == [number], found)
    found = search({"type": "SERIAL_NUMBER", "criteria": {"value": "vin-4711"}})
    check("CHAT-12: and by serial number, in another spelling", found["totalResultsSize"] == 1, found)
    change = {"baseRegistrationNumber": number, "registeringParty": party, "debtorName": {"businessName": "Baltic Trade"}}
    status, told = ask("harbour-bank", "POST", f"notices/{number}/renewals", dict(change, lifeYears=10))
    check("CHAT-12: renewed", status == 201, told)
    answered("renewalStatement", told)
    status, told = ask("city-bank", "POST", f"notices/{number}/discharges", change)
    check("CHAT-12: another bank does not discharge it", status == 422, told)
    time.sleep(1.5)  # times of the registry have whole seconds
    live = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    time.sleep(2)
    status, told = ask("harbour-bank", "POST", f"notices/{number}/discharges", change)
    check("CHAT-12: discharged", status == 201, told)
    answered("dischargeStatement", told)
    found = search(by_debtor)
    check("CHAT-12: nothing registered, says the certificate", found["results"] == [] and found["totalResultsSize"] == 0, found)
    before = search(dict(by_debtor, endDateTime=live))
    check("CHAT-12: as of before the discharge it was", [hit["baseRegistrationNumber"] for hit in before["results"]] == [number],
          before)
    status, again = ask("city-bank", "GET", f"searches/{before['searchId']}")
    check("CHAT-12: the certificate can be had again, the same", (status, again) == (200, before), again)
    status, told = ask("harbour-bank", "GET", f"notices/{number}")
    check("CHAT-12: the notice is history", told["statusType"] == "HDC" and told["dischargedDateTime"], told)
    status, _ = ask("baltic-trade", "GET", f"notices/{number}")
    check("CHAT-12: the registry is for institutions", status == 403, status)


def parts(check, ledger):
    """CHAT-16: loan and goods fall in step and never below the ratio; like goods in exchange; more of them on top."""
    bring(ledger, "PARTS", "harbour-bank")
    told, _ = decide(ledger, "PARTS", "harbour-bank")
    check("CHAT-16: a loan of 300,000 on 100 t", told == "FINAL", told)

    def release(tonnes):
        return ledger.act("harbour-bank", "release", "receipt:NORTH-1", receipt="NORTH-1", grams=tonnes * 1_000_000)

    # 300,000 need 535,714 of value after haircut and ratio, which are 63.8 t.
    told = [release(37), release(36), release(1)]
    check("CHAT-16: as much goes as the ratio lets", told == ["chattel-151", "FINAL", "chattel-151"], told)
    told = ledger.act("nordic-metals", "repay", "application:PARTS", loan="PARTS", amount=15_000_000)
    loan = ledger.state("chattel/loans/PARTS")
    check("CHAT-16: half is paid back", (told, loan["outstanding"]) == ("FINAL", 15_000_000), loan)
    told = [release(32), release(1)]
    check("CHAT-16: and half of the goods may go", told == ["FINAL", "chattel-151"], told)
    declare(ledger, "LIKE", "A4", ["T-4"])
    sense(ledger, 100_000_000, bay="A4", tags=["T-4"])
    check("a second receipt", issue(ledger, "NORTH-2", "LIKE") == "FINAL")
    swap = {"loan": "PARTS", "out": "NORTH-1", "in": "NORTH-2"}
    told = [ledger.act("harbour-bank", "proposeSwap", "application:PARTS", **swap),
            ledger.act("nordic-metals", "proposeSwap", "application:PARTS", **swap),
            ledger.act("nordic-metals", "acceptSwap", "application:PARTS", loan="PARTS"),
            ledger.act("harbour-bank", "acceptSwap", "application:PARTS", loan="PARTS")]
    check("CHAT-16: the owner proposes a swap of like goods, the bank accepts", told == [
        "chattel-5", "FINAL", "chattel-5", "FINAL"], told)
    loan, free = ledger.state("chattel/loans/PARTS"), ledger.state("chattel/receipts/NORTH-1")
    check("CHAT-16: one receipt for the other", loan["receipts"] == ["NORTH-2"] and free["loan"] is None, (loan, free))
    ledger.act("nordic-metals", "repay", "application:PARTS", loan="PARTS", amount=15_000_000)


def session_of(ledger, who):
    token = sign_in(ledger.url, ledger.people[who])
    return {"Authorization": f"Bearer {token}", "Accept": "text/html"}


def room(check, ledger, folder):
    """CHAT-17: the three parties of a case read its messages; nobody else does, and no file has their words."""
    receipt = "NORTH-2"
    about = "application:ROOM"
    told = bring(ledger, "ROOM", "harbour-bank", receipt)
    check("CHAT-17: a case", told == ["FINAL"] * len(told), told)
    words = "The buyer of PO-1 pays on Thursday, Quecksilber"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    headers = session_of(ledger, "nordic-metals")
    status, body = call("POST", f"{ledger.url}/cases/message", urllib.parse.urlencode(
        {"application": "ROOM", "words": words}).encode(), headers | form)
    check("CHAT-17: the enterprise says something", status in (200, 303), body[:300])
    for who in ("nordic-metals", "harbour-bank", "portwatch"):
        status, body = call("GET", f"{ledger.url}/cases/ROOM", headers=session_of(ledger, who))
        check(f"CHAT-17: {who} reads it", status == 200 and words in body.decode(), status)
    ledger.send("harbour-bank", "decide", {"application": "ROOM", "approved": False, "reason": "Not now", "amount": 0}, about,
                contract="chattel")
    status, body = call("GET", f"{ledger.url}/cases/ROOM", headers=headers)
    text = body.decode()
    check("CHAT-17: requests and the decision are in it", "request for status data" in text and "decision, limit" in text
          and "Not now" in text)
    took = re.search(r"From sent to decided.*?(\d+) steps", text, re.S)
    check("CHAT-16: it says how long the decision took, and in how many steps", took and took.group(1) == "4",
          took and took.group(0)[-200:])
    for who in ("city-bank", "baltic-trade", "inland-watch"):
        status, _ = call("GET", f"{ledger.url}/cases/ROOM", headers=session_of(ledger, who))
        told, _ = call("POST", f"{ledger.url}/cases/message", urllib.parse.urlencode(
            {"application": "ROOM", "words": "Hello"}).encode(), session_of(ledger, who) | form)
        check(f"CHAT-17: for {who} there is no such case", (status, told) == (404, 404), (status, told))
    found = []
    for base, _, names in os.walk(folder):
        for name in names:
            try:
                with open(os.path.join(base, name), "rb") as file:
                    if b"Quecksilber" in file.read():
                        found.append(name)
            except OSError:
                continue
    check("CHAT-17: no file has the words in clear", not found, found)
    status, body = call("GET", f"{ledger.url}/receipts/{receipt}", headers=headers)
    table = body.decode().split("Where each figure comes from")[-1].split("</table>")[0]
    check("CHAT-20: each figure of the goods names device, owner and site",
          all(word in table for word in ("Weight", chattel.DEVICE, "Port Watch Monitoring", "North hall, A4")), table[:600])


def screens(check, ledger):
    """CHAT-23: bank, owner and monitoring organisation see the same move within two seconds."""
    bring(ledger, "SCREENS", "harbour-bank", "NORTH-2")
    told, answer = decide(ledger, "SCREENS", "harbour-bank")
    check("a loan on watched goods", told == "FINAL", answer)
    pages = {"harbour-bank": "/lending", "nordic-metals": "/goods", "portwatch": "/halls"}
    seen, ready = {}, threading.Barrier(len(pages) + 1)

    def watch(who):
        headers = session_of(ledger, who)
        before = call("GET", ledger.url + pages[who], headers=headers)[1].decode().count("Goods left without leave")
        ready.wait()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and who not in seen:
            if call("GET", ledger.url + pages[who], headers=headers)[1].decode().count("Goods left without leave") > before:
                seen[who] = time.monotonic()
            time.sleep(0.1)

    threads = [threading.Thread(target=watch, args=(who,)) for who in pages]
    for thread in threads:
        thread.start()
    ready.wait()
    began = time.monotonic()
    check("the move", sense(ledger, 99_000_000, bay="A4", tags=["T-4"]) == "FINAL")
    for thread in threads:
        thread.join()
    check("CHAT-23: three screens show the move", set(seen) == set(pages), seen)
    if len(seen) == len(pages):
        check.figure("CHAT-23: between the first screen and the last", 1000 * (max(seen.values()) - min(seen.values())), 2000, "ms")
        check.figure("CHAT-23: from the measurement to the last screen", 1000 * (max(seen.values()) - began), 2000, "ms")


def crashes(check, ledger, node, arguments, count=6):
    """CHAT-22: killed while a bank decides; afterwards the goods are pledged and the money is paid, or neither."""
    outcomes = {True: 0, False: 0}
    for number in range(count):
        lot, receipt, application = f"CRASH{number}", f"NORTH-{3 + number}", f"CRASH{number}"
        bay = f"C{number}"
        declare(ledger, lot, bay, [f"C-{number}"])
        sense(ledger, 100_000_000, bay=bay, tags=[f"C-{number}"])
        told = issue(ledger, receipt, lot)
        ready = [told] + bring(ledger, application, "city-bank", receipt)
        if ready != ["FINAL"] * len(ready):
            check("CHAT-22: a case is ready", False, ready)
            break
        paid = ledger.state("wallet/accounts/EUR/nordic-metals")

        def decide_and_lose():
            try:
                decide(ledger, application, "city-bank")
            except OSError:
                pass  # the node was killed before it answered

        thread = threading.Thread(target=decide_and_lose)
        thread.start()
        time.sleep(0.004 * number)
        node.send_signal(signal.SIGKILL)
        node.wait()
        thread.join()
        node = start(*arguments)
        wait_until_up(ledger.url, process=node)
        time.sleep(1)
        # What was accepted before the crash may still be taken up now; the answer is asked once all is at rest.
        pledged = ledger.state(f"chattel/receipts/{receipt}")["loan"] is not None
        got = ledger.state("wallet/accounts/EUR/nordic-metals") - paid
        stage = ledger.state(f"chattel/applications/{application}")["stage"]
        check(f"CHAT-22: crash {number}: pledged, paid and approved, or nothing of it",
              (pledged, got, stage) in ((True, 30_000_000, "approved"), (False, 0, "submitted")), (pledged, got, stage))
        outcomes[pledged] += 1
    print(f"chattel: {count} crashes while a bank decided: {outcomes[True]} lent, {outcomes[False]} not", flush=True)
    return node


def law(check, ledger, ask, statement):
    """CHAT-32: what a notice has to say is configured by jurisdiction, on the ledger."""
    field = lambda name, required, choices=(): {"name": name, "required": required, "maximum": 40, "choices": list(choices)}
    told = ledger.act("chamber", "setJurisdiction", "jurisdiction:XX", name="XX", title="Xanadu", longest=3650 * DAY,
                      fields=[field("registrationNumber", True), field("legalForm", False, ["company", "cooperative"])])
    check("CHAT-32: a registrar configures a jurisdiction", told == "FINAL", told)
    told = ledger.act("harbour-bank", "setJurisdiction", "jurisdiction:YY", name="YY", title="Y", longest=DAY, fields=[])
    check("CHAT-32: a bank does not", told.startswith("chattel-5"), told)
    status, shown = ask("harbour-bank", "GET", "jurisdictions")
    check("CHAT-32: systems of banks read what it wants", status == 200 and [
        (item["name"], item["required"]) for item in shown["items"][0]["members"]] == [("registrationNumber", True), ("legalForm", False)],
        shown)
    other = dict(statement, jurisdiction="XX", vehicleCollateral=[], generalCollateral=[{"description": "Press 99"}])
    for members, missing in (({}, "registrationNumber is required"), ({"registrationNumber": "1", "legalForm": "club"}, "one of"),
                             ({"registrationNumber": "1", "colour": "red"}, "no member")):
        status, answer = ask("harbour-bank", "POST", "notices", dict(other, jurisdictionMembers=members))
        check(f"CHAT-32: {missing}", (status, answer["code"]) == (422, "chattel-172") and missing in answer["detail"], answer)
    status, answer = ask("harbour-bank", "POST", "notices", dict(other, lifeYears=11, jurisdictionMembers={"registrationNumber": "1"}))
    check("CHAT-32: a term that the law does not know is refused", (status, answer["code"]) == (422, "chattel-172"), answer)
    members = {"registrationNumber": "HRB 1", "legalForm": "company"}
    status, made = ask("harbour-bank", "POST", "notices", dict(other, jurisdictionMembers=members))
    check("CHAT-32: a complete one is registered, and says under which law", status == 201
          and (made["jurisdiction"], made["jurisdictionMembers"]) == ("XX", members), made)
    status, _ = ask("harbour-bank", "POST", f"notices/{made['baseRegistrationNumber']}/discharges", {
        "baseRegistrationNumber": made["baseRegistrationNumber"], "registeringParty": {"code": "harbour-bank"},
        "debtorName": {"businessName": "Baltic Trade"}})
    check("CHAT-32: and discharged", status == 201, status)

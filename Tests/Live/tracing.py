"""Agricultural tracing against a running node: what must be refused is refused, and what must be named is named."""
import copy
import csv
import io
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.parse

from process import BARE, PROGRAM, call, free_port, get_json, read_as, request, sign_in, start, stop, wait_for_participants, wait_until_up
from statement import Encoding, Participant, PublicFormat, encode

GLN, GTIN = "4012345000009", "04012345000016"
SSCCS = ("340123450000000017", "340123450000000024", "340123450000000031")
PACKERS = 4


class Ledger:
    """A node's ledger with the people of the demo, who sign on their own side."""

    def __init__(self, url, ledger, folder):
        self.url, self.ledger = url, ledger
        while not os.path.exists(f"{folder}/keys/partner-registry.key"):
            time.sleep(0.05)
        names = ("accreditor", "farm", "agrilab", "coldline", "corner-shop")
        self.people = {name: Participant(name, f"{folder}/keys/{name}.key") for name in names}
        read_as(url, self.people["accreditor"])

    def send(self, person, operation, arguments, subject, contract="agri", signer=None):
        """(code, answer): code is FINAL, or that of the problem. `signer` is who signs in the person's name."""
        participant = copy.copy(self.people[signer or person])
        participant.name = person
        identity, body = participant.sign(self.ledger, contract, operation, arguments, subject)
        status, answer = request("POST", f"{self.url}/api/v1/transactions", body,
                                 {"Content-Type": "application/cose", "Prefer": "wait=20"})
        told = json.loads(answer)
        return ("FINAL" if status == 201 else told.get("code")), dict(told, id=identity)

    def events(self, answer):
        return get_json(f"{self.url}/api/v1/transactions/{answer['id']}")["events"]

    def state(self, key):
        place = f"{self.url}/api/v1/ledgers/{self.ledger}/state?key={urllib.parse.quote(key, safe='')}"
        return get_json(place)["decoded"]

    def page(self, code):
        """The state that a shopper's page of the box shows."""
        return self.html(code).split('data-state="', 1)[1].split('"', 1)[0]

    def html(self, code):
        return request("GET", f"{self.url}/{code}")[1].decode()

    def commission(self, code, lot, grams=100, units=2):
        expiry = time.strftime("%y%m%d", time.gmtime(time.time() + 10 * 86_400))
        return self.send("farm", "commission", {"code": code, "lot": lot, "grams": grams, "units": units,
                                                "expiry": expiry, "utcOffsetMinutes": 0}, code)


def run(check):
    codes_each = int(os.environ.get("CAIRN_CODES", "10000")) // PACKERS
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        arguments = [*BARE, "--folder", folder, "--port", str(port)]
        node = start(*arguments)
        try:
            ledger = Ledger(url, wait_until_up(url, process=node)["id"], folder)
            wait_for_cast(ledger)
            grow(ledger)
            mass(check, ledger)
            lies(check, ledger)
            arrival(check, ledger)
            hold(check, ledger)
            code = life(check, ledger)
            accreditation(check, ledger)
            growing(check, ledger)
            pallets(check, ledger)
            returns(check, ledger)
            recall(check, ledger)
            borrowed(check, ledger)
            withdrawal(check, ledger)
            packers(check, ledger, codes_each)
            stop(node)
            shutil.rmtree(f"{folder}/members/retail")
            node = start(*arguments)
            state = wait_until_up(url, process=node)
            check("AGR-32: a member's store is made again", state["damaged"] == [] and len(state["members"]) == 4)
            told, _ = ledger.commission(code, "MASS")
            check("AGR-32: a used code is refused after the rebuild", told == "agri-124", told)
        finally:
            stop(node)


def wait_for_cast(ledger):
    wait_for_participants(ledger.url, 7)


def grow(ledger):
    ledger.send("farm", "registerFarm", {"farm": GLN, "name": "Farm", "region": "Valley"}, f"farm:{GLN}")
    ledger.send("farm", "registerPlot", {"plot": "P", "farm": GLN, "crop": "Tomatoes", "squareMetres": 1000}, "plot:P")


def harvest(ledger, lot, grams):
    ledger.send("farm", "harvest", {"lot": lot, "plot": "P", "harvestedAt": int(time.time() * 1000) - 60_000,
                                    "grams": grams}, f"lot:{lot}")


def code_of(lot, serial):
    return f"01/{GTIN}/10/{lot}/21/{serial}"


def mass(check, ledger):
    """AGR-19: boxes of 120 % of a harvest."""
    harvest(ledger, "MASS", 1000)
    told = [ledger.commission(code_of("MASS", f"M{number}"), "MASS", grams=200)[0] for number in range(6)]
    check("AGR-19: boxes cannot outweigh their harvest", told == ["FINAL"] * 5 + ["agri-125"], told)


def lies(check, ledger):
    """COMMON-40, AGR-40: a yield that cannot be, a weight and a temperature that another party finds otherwise; all stand."""
    told, answer = ledger.send("farm", "harvest", {"lot": "LIES", "plot": "P", "harvestedAt": int(time.time() * 1000) - 60_000,
                                                   "grams": 150_000_000}, "lot:LIES")
    found = [event["name"] for event in ledger.events(answer)]
    check("AGR-40: 150 t from 1,000 m² are kept and marked", (told, found) == ("FINAL", ["implausibleYield"]), (told, found))
    harvest(ledger, "TRUE", 50_000_000)
    code, other = code_of("TRUE", "W1"), code_of("TRUE", "W2")
    for box in (code, other):
        ledger.commission(box, "TRUE", grams=10_000)
    told, _ = ledger.send("corner-shop", "weighBox", {"code": code, "grams": 9_200, "weighedAt": 1}, code)
    check("COMMON-40: who does not hold a box does not weigh it", told == "agri-5", told)
    ship(ledger, "L-LIES", [code, other], [code, other], highest=500)

    def weigh(box, grams):
        told, answer = ledger.send("corner-shop", "weighBox", {"code": box, "grams": grams, "weighedAt": 3}, box)
        return told, {event["name"]: event["details"] for event in ledger.events(answer)}

    check("COMMON-40: scales that agree are no finding", weigh(other, 9_900) == ("FINAL", {}))
    told, found = weigh(code, 9_200)
    check("COMMON-40: different weights are told with both parties", (told, found) == (
        "FINAL", {"weightDiffers": {"packed": 10_000, "packer": "farm", "weighed": 9_200}}), (told, found))
    told, answer = ledger.send("corner-shop", "measureArrival", {"code": code, "leg": "L-LIES", "temperature": 1130,
                                                                 "measuredAt": 3}, code)
    found = {event["name"]: event["details"] for event in ledger.events(answer)}
    check("AGR-40: warmer on arrival than the carrier says it ever was", found == {
        "temperatureDiffers": {"carrier": "coldline", "told": 500, "measured": 1130}}, (told, found))
    page = ledger.html(code)
    check("COMMON-40: the page of the box shows both weights and the difference", "10.0 kg" in page and "9.2 kg" in page
          and "8.0 % less than the 10.0 kg that" in page)
    check("AGR-40: and the temperature beside the carrier's", "11.3" in page and "says it ever was on the way: 5.0" in page)
    page = ledger.html(other)
    check("COMMON-40: of a box whose weights agree nothing is said", "less than the" not in page)


def ship(ledger, leg, codes, arrived, highest=500, minutes=0):
    """Brings boxes to the shop; returns the answers of delivery and arrival."""
    for code in codes:
        ledger.send("farm", "affix", {"code": code}, code)
    ledger.send("coldline", "dispatch", {"leg": leg, "from": "farm", "to": "corner-shop", "boxes": codes,
                                         "maximumTemperature": 700, "departedAt": 1}, f"leg:{leg}")
    _, delivered = ledger.send("coldline", "deliver", {"leg": leg, "deliveredAt": 2, "highestTemperature": highest,
                                                       "minutesOver": minutes}, f"leg:{leg}")
    _, received = ledger.send("corner-shop", "receive", {"leg": leg, "boxes": arrived}, f"leg:{leg}")
    return delivered, received


def arrival(check, ledger):
    """AGR-45: a hundred sent, two missing. AGR-8: forty minutes above the limit."""
    harvest(ledger, "HUNDRED", 10_000)
    codes = [code_of("HUNDRED", f"H{number:03}") for number in range(100)]
    for code in codes:
        ledger.commission(code, "HUNDRED")
    delivered, received = ship(ledger, "L-100", codes, codes[:98], highest=910, minutes=40)
    missing = [event["subject"] for event in ledger.events(received) if event["name"] == "missingOnArrival"]
    check("AGR-45: what did not arrive is named", missing == codes[98:], missing)
    breaches = [event for event in ledger.events(delivered) if event["name"] == "coldChainBreach"]
    details = breaches[0]["details"] if breaches else {}
    check("AGR-8: one breach", len(breaches) == 1 and breaches[0]["subject"] == "leg:L-100", breaches)
    check("AGR-8: it names carrier, highest and minutes", details == {
        "carrier": "coldline", "limit": 700, "highest": 910, "minutesOver": 40}, details)


def hold(check, ledger):
    """AGR-20: a value over its limit stops every box of the lot with the block that holds it."""
    harvest(ledger, "HOLD", 1000)
    codes = [code_of("HOLD", f"T{number}") for number in range(3)]
    for code in codes:
        ledger.commission(code, "HOLD")
    ship(ledger, "L-HOLD", codes, codes)
    ledger.send("corner-shop", "offer", {"code": codes[0]}, codes[0])
    told, answer = ledger.send("agrilab", "reportTest", {
        "report": "R-1", "lot": "HOLD", "sample": "S", "analyte": "Nitrate", "value": 251, "limit": 250, "decimals": 0,
        "unit": "mg/kg", "method": "EN 12014-2", "document": bytes(32)}, "lot:HOLD")
    check("AGR-20: the result is final", told == "FINAL", told)
    check("AGR-20: its own block puts the lot on hold",
          [event["name"] for event in ledger.events(answer)] == ["lotOnHold"])
    told, _ = ledger.send("corner-shop", "sell", {"code": codes[0], "units": 1}, codes[0])
    check("AGR-20: a held box cannot be sold", told == "agri-123", told)
    time.sleep(0.5)  # the pages read an index that follows the ledger
    check("AGR-20: every box says so", [ledger.page(code) for code in codes] == ["held"] * 3)


def life(check, ledger):
    """AGR-27, AGR-30: printed, on a box, sold out, gone."""
    harvest(ledger, "LIFE", 1000)
    code = code_of("LIFE", "A1")
    ledger.commission(code, "LIFE")
    time.sleep(0.5)
    check("AGR-27: a printed label is not in use", ledger.page(code) == "unused", ledger.page(code))
    told, _ = ledger.send("farm", "sell", {"code": code, "units": 1}, code)
    check("AGR-27: it cannot be sold", told == "agri-133", told)
    ship(ledger, "L-LIFE", [code], [code])
    ledger.send("corner-shop", "offer", {"code": code}, code)
    told, _ = ledger.send("corner-shop", "sell", {"code": code, "units": 3}, code)
    check("AGR-31: no more is sold than there is", told == "agri-132", told)
    ledger.send("corner-shop", "sell", {"code": code, "units": 2}, code)
    check("AGR-30: a box that is sold out left the live state", ledger.state(f"agri/boxes/{code}") is None)
    told, _ = ledger.commission(code, "LIFE")
    check("AGR-32: its code is never used again", told == "agri-124", told)
    return code


def test_of(ledger, report, lot, analyte):
    return ledger.send("agrilab", "reportTest", {
        "report": report, "lot": lot, "sample": "S", "analyte": analyte, "value": 1, "limit": 9, "decimals": 0,
        "unit": "mg/kg", "method": "EN 12014-2", "document": bytes(32)}, f"lot:{lot}")


def accreditation(check, ledger):
    """AGR-7: qualification is a record; what it does not cover, by scope or time, is marked."""
    harvest(ledger, "TESTED", 1000)
    code = code_of("TESTED", "A1")
    ledger.commission(code, "TESTED")
    now = int(time.time() * 1000)
    scope = {"agency": "agrilab", "number": "NAB-17025-0042", "scope": ["Nitrate"]}
    told, _ = ledger.send("agrilab", "accredit", {**scope, "from": now, "until": now + 86_400_000}, "agrilab")
    check("AGR-7: nobody accredits itself", told == "agri-5", told)
    ledger.send("accreditor", "accredit", {**scope, "from": now - 172_800_000, "until": now - 86_400_000}, "agrilab")
    test_of(ledger, "R-ENDED", "TESTED", "Nitrate")
    time.sleep(0.5)
    check("AGR-7: an accreditation that ended the day before does not cover", "Not covered" in ledger.html(code))
    ledger.send("accreditor", "accredit", {**scope, "from": now - 1, "until": now + 86_400_000}, "agrilab")
    test_of(ledger, "R-LEAD", "TESTED", "Lead")
    test_of(ledger, "R-NITRATE", "TESTED", "Nitrate")
    covered = [ledger.state(f"agri/reports/{report}")["isCovered"] for report in ("R-ENDED", "R-LEAD", "R-NITRATE")]
    check("AGR-7: scope and validity decide", covered == [False, False, True], covered)
    check("AGR-7: what is covered counts as passed", ledger.state("agri/lots/TESTED")["passedTests"] == 1)


def growing(check, ledger):
    """AGR-18: a harvest inside a waiting period. AGR-22: a record that is corrected is shown with both versions."""
    about, now = "plot:WAIT", int(time.time() * 1000)
    ledger.send("farm", "registerPlot", {"plot": "WAIT", "farm": GLN, "crop": "Salad", "squareMetres": 90}, about)
    spray = {"plot": "WAIT", "kind": "protecting", "performedAt": now - 60_000, "product": "Copper", "quantity": 12}
    _, wrong = ledger.send("farm", "recordOperation", {**spray, "waitingDays": 14}, about)
    _, right = ledger.send("farm", "recordOperation", {**spray, "quantity": 2, "waitingDays": 14}, about)
    told, _ = ledger.send("farm", "declareError", {"record": bytes.fromhex(wrong["id"]), "reason": "Typing error",
                                                   "corrective": bytes.fromhex(right["id"])}, about)
    check("AGR-22: the signer declares the error", told == "FINAL", told)
    ledger.send("coldline", "declareError", {"record": bytes.fromhex(right["id"]), "reason": "Not mine"}, about)
    told, answer = ledger.send("farm", "harvest", {"lot": "WAIT", "plot": "WAIT", "harvestedAt": now - 30_000,
                                                   "grams": 1000}, "lot:WAIT")
    events = [event["name"] for event in ledger.events(answer)]
    check("AGR-18: the harvest is recorded, with its finding", (told, events) == ("FINAL", ["waitingPeriod"]), events)
    code = code_of("WAIT", "A1")
    ledger.commission(code, "WAIT")
    time.sleep(0.5)
    page = ledger.html(code)
    check("AGR-18: the box's page says that it was cut too early", "Cut before the waiting period" in page)
    check("AGR-22: both versions are there", "Copper, 12 " in page and "Copper, 2 " in page)
    check("AGR-22: with the reason", page.count("Declared wrong by its signer: Typing error") == 1)
    check("AGR-22: another's declaration changes nothing", "Not mine" not in page)


def pallets(check, ledger):
    """AGR-21: a pallet is repacked into three, and each box keeps its whole trace."""
    harvest(ledger, "PALLET", 1000)
    codes = [code_of("PALLET", f"P{number}") for number in range(6)]
    for code in codes:
        ledger.commission(code, "PALLET")
        ledger.send("farm", "affix", {"code": code}, code)
    def load(word, number, boxes):
        sscc = SSCCS[number]
        return ledger.send("farm", word, {"sscc": sscc, "boxes": boxes}, f"sscc:{sscc}")[0]
    check("AGR-21: boxes on a pallet", load("aggregate", 0, codes) == "FINAL")
    check("AGR-21: a box stands on one pallet", load("aggregate", 1, codes[:1]) == "agri-136")
    told = [load("disaggregate", 0, codes[2:]), load("aggregate", 1, codes[2:4]), load("aggregate", 2, codes[4:])]
    check("AGR-21: repacked into three", told == ["FINAL"] * 3, told)
    told, _ = ledger.send("farm", "aggregate", {"sscc": "340123450000000018", "boxes": codes[:1]}, "sscc:x")
    check("AGR-25: an SSCC with a wrong check digit is refused", told == "agri-3", told)
    ship(ledger, "L-PALLET", codes, codes)
    time.sleep(0.5)
    pages = [ledger.html(code) for code in codes]
    steps = ("Harvested", "Packed", "Tag confirmed", "Put on a pallet", "Taken over by the carrier", "Received")
    check("AGR-21: every box has its whole trace", all(step in page for page in pages for step in steps))
    stood = [[number for number, sscc in enumerate(SSCCS) if sscc in page] for page in pages]
    check("AGR-21: and its own pallets", stood == [[0], [0], [0, 1], [0, 1], [0, 2], [0, 2]], stood)


def returns(check, ledger):
    """AGR-9, AGR-31: units come back, no more than were sold."""
    harvest(ledger, "BACK", 1000)
    code = code_of("BACK", "A1")
    ledger.commission(code, "BACK", units=4)
    ship(ledger, "L-BACK", [code], [code])
    ledger.send("corner-shop", "offer", {"code": code}, code)
    def back(units):
        return ledger.send("corner-shop", "takeBack", {"code": code, "units": units, "reason": "dented"}, code)[0]
    check("AGR-31: nothing was sold that could come back", back(1) == "agri-139")
    ledger.send("corner-shop", "sell", {"code": code, "units": 3}, code)
    check("AGR-31: no more comes back than was sold", back(4) == "agri-139")
    check("AGR-31: a return", back(2) == "FINAL" and ledger.state(f"agri/boxes/{code}")["unitsLeft"] == 3)
    ledger.send("corner-shop", "sell", {"code": code, "units": 3}, code)
    check("AGR-31: a code that is sold out stays so", back(1) == "agri-120")


def recall(check, ledger):
    """AGR-33, AGR-35: forward from a seed lot; a recall reaches its boxes; holders answer; the authority's sheet."""
    ledger.send("farm", "registerSeedLot", {"seedLot": "SEED-7", "supplier": "S", "variety": "V",
                                            "germinationPermille": 900}, "seedlot:SEED-7")
    ledger.send("farm", "recordOperation", {"plot": "P", "kind": "sowing", "seedLot": "SEED-7",
                                            "performedAt": int(time.time() * 1000) - 90_000}, "plot:P")
    made = {}
    for lot in ("FWD-1", "FWD-2"):
        harvest(ledger, lot, 1000)
        made[lot] = [code_of(lot, f"F{number}") for number in range(3)]
        for code in made[lot]:
            ledger.commission(code, lot)
    found = get_json(f"{ledger.url}/api/v1/tracing/forward?from=seedlot:SEED-7")["items"]
    listed = {item["lot"]: [box["code"] for box in item["boxes"]] for item in found}
    check("AGR-33: forward from a seed lot lists exactly the boxes made from it", listed == made, listed)
    ship(ledger, "L-FWD", made["FWD-1"][:2], made["FWD-1"][:2])
    told, _ = ledger.send("corner-shop", "confirmRecall", {"lot": "FWD-1", "boxes": made["FWD-1"][:2]}, "lot:FWD-1")
    check("AGR-35: there is no recall to answer", told == "agri-137", told)
    ledger.send("farm", "recall", {"lot": "FWD-1", "reason": "Glass"}, "lot:FWD-1")
    time.sleep(0.5)
    check("AGR-35: a recall reaches every box of the lot", [ledger.page(code) for code in made["FWD-1"]] == ["recalled"] * 3)
    check("AGR-35: and none of another", ledger.page(made["FWD-2"][0]) != "recalled")
    token = sign_in(ledger.url, ledger.people["corner-shop"])
    shop = call("GET", f"{ledger.url}/shop", headers={"Authorization": f"Bearer {token}"})[1].decode()
    check("AGR-35: the holder is told", "A recall waits for your answer" in shop)
    page = request("GET", f"{ledger.url}/lots/FWD-1")[1].decode()
    check("AGR-35: nobody answered yet", page.count("Not answered") == 2, page.count("Not answered"))
    told, _ = ledger.send("corner-shop", "confirmRecall", {"lot": "FWD-1", "boxes": made["FWD-1"][:2]}, "lot:FWD-1")
    check("AGR-35: the shop answers", told == "FINAL", told)
    page = request("GET", f"{ledger.url}/lots/FWD-1")[1].decode()
    check("AGR-35: who answered is known", (page.count("Not answered"), page.count("Set aside: 2")) == (1, 1))
    rows = list(csv.DictReader(io.StringIO(request("GET", f"{ledger.url}/api/v1/tracing/lots/FWD-1/events")[1].decode())))
    events = sorted(row["event"] for row in rows)
    check("AGR-35: a row for each critical tracking event", events == ["harvesting"] + ["initial packing"] * 3
          + ["receiving", "shipping"], events)
    check("AGR-35: with lot code and source", {(row["traceabilityLotCode"], row["lotCodeSource"]) for row in rows}
          == {("FWD-1", GLN)})


def borrowed(check, ledger):
    """COMMON-21: a statement in one's name, signed with another's key."""
    told, _ = ledger.send("farm", "registerSeedLot", {"seedLot": "X", "supplier": "S", "variety": "V",
                                                      "germinationPermille": 900}, "seedlot:X", signer="coldline")
    check("COMMON-21: a borrowed key signs nothing", told == "unknown-key", told)
    check("COMMON-21: nothing of it is on the ledger", ledger.state("agri/seedlots/X") is None)


def withdrawal(check, ledger):
    """COMMON-19: who vouches is shown, and the end; after its withdrawal nothing is accepted, and the past verifies."""
    seed = os.urandom(32)
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(seed.hex())
        file.flush()
        ledger.people["second-lab"] = laboratory = Participant("second-lab", file.name)
    raw = laboratory.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    told, _ = ledger.send("accreditor", "enrolParticipant", {
        "id": "second-lab", "member": "laboratory", "name": "Second Laboratory", "roles": ["laboratory"],
        "validUntil": int(time.time() * 1000) + 30 * 86_400_000, "key": encode({1: 1, -1: 6, -2: raw})},
        "second-lab", contract="membership")
    check("COMMON-19: enrolled", told == "FINAL", told)
    _, page = request("GET", f"{ledger.url}/ledgers/{ledger.ledger}/participants/second-lab")
    check("COMMON-19: who vouches, and until when", b"Vouched for by National Accreditation Body until" in page)
    told, kept = ledger.send("second-lab", "recall", {"lot": "HOLD", "reason": "test"}, "lot:HOLD")
    check("COMMON-19: it may write", told == "FINAL", told)
    told, _ = ledger.send("accreditor", "revokeParticipant", {"id": "second-lab"}, "second-lab", contract="membership")
    check("COMMON-19: the accreditation body withdraws", told == "FINAL", told)
    told, _ = ledger.send("second-lab", "recall", {"lot": "LIFE", "reason": "test"}, "lot:LIFE")
    check("COMMON-19: then nothing is accepted any more", told == "ledger-4", told)
    _, bundle = request("GET", f"{ledger.url}/api/v1/transactions/{kept['id']}/evidence")
    with tempfile.NamedTemporaryFile() as file:
        file.write(bundle)
        file.flush()
        verified = subprocess.run([PROGRAM, "receipt", "verify", file.name, "--ledger", ledger.ledger],
                                  capture_output=True, text=True, check=False)
    check("COMMON-19: what was accepted before still verifies", verified.returncode == 0, verified.stdout)


def packers(check, ledger, each):
    """AGR-26: packers at once make no code twice, and two that print the same code do not both get it."""
    lot = "PACK"
    harvest(ledger, lot, 1_000_000_000)
    told, lock = [], threading.Lock()
    same = threading.Barrier(PACKERS)

    def pack(packer):
        own = [ledger.commission(code_of(lot, f"{packer}-{number:05}"), lot)[0] for number in range(each)]
        same.wait()
        conflict = ledger.commission(code_of(lot, "SAME"), lot)[0]
        with lock:
            told.append((own, conflict))

    threads = [threading.Thread(target=pack, args=(packer,)) for packer in range(PACKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = sum(own.count("FINAL") for own, _ in told)
    check("AGR-26: every code is made", made == each * PACKERS, f"{made} of {each * PACKERS}")
    conflicts = sorted(conflict for _, conflict in told)
    check("AGR-26: of one code printed by all, one box gets it", conflicts == ["FINAL"] + ["agri-124"] * (PACKERS - 1),
          conflicts)
    boxes = ledger.state(f"agri/lots/{lot}")["boxes"]
    check("AGR-26: the lot has as many boxes as codes", boxes == made + 1, f"{boxes} for {made}")
    print(f"tracing: {made} codes of {PACKERS} packers at once", flush=True)

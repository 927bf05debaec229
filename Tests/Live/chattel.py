"""Chattel mortgage against running processes: table 10 with sensors, and two banks that race for one lot."""
import json
import os
import subprocess
import tempfile
import threading
import time
import urllib.request

from process import PROGRAM, REPOSITORY, free_port, get_json, read_as, request, request_as, sign_in, start, stop, wait_for_participants, wait_until_up
from statement import Participant, encode
from tracing import Ledger as TracingLedger

DEVICE = "urn:dev:ops:32473-scale-NORTH.A1"
PEOPLE = ("portwatch", "inland-watch", "chamber", "nordic-metals", "baltic-trade", "harbour-bank", "city-bank", "surveyor",
          "metal-exchange", "clearing", "hall-gateway")
DAY = 86_400_000


class Ledger(TracingLedger):
    """The demo's ledger with the cast of chattel mortgage, who sign on their own side."""

    def __init__(self, url, ledger, folder):  # the other cast has other names
        self.url, self.ledger = url, ledger
        while not all(os.path.exists(f"{folder}/keys/{name}.key") for name in PEOPLE):
            time.sleep(0.05)
        self.people = {name: Participant(name, f"{folder}/keys/{name}.key") for name in PEOPLE}
        read_as(url, self.people["chamber"])
        wait_for_participants(url, len(PEOPLE))

    def act(self, person, operation, subject, contract="chattel", **arguments):
        """The code: FINAL, or that of the refusal."""
        return self.send(person, operation, arguments, subject, contract=contract)[0]


def now():
    return int(time.time() * 1000)


def run(check):
    scenario(check)
    races = int(os.environ.get("CAIRN_RACES", "1000"))
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["demo", "--bare", "--use-case", "chattel-mortgage", "--folder", folder, "--port", str(port)]
        node = start(*arguments)
        try:
            ledger = Ledger(url, wait_until_up(url, process=node)["id"], folder)
            prepare(check, ledger)
            unseen(check, ledger)
            consent(check, ledger)
            terms(check, ledger)
            strangers(check, ledger)
            stale = bring(ledger, "STALE", "city-bank")
            race(check, ledger, races)
            told = decide(ledger, "STALE", "city-bank")
            check("CHAT-37: a stale proof is refused at pledge time", races < 100 or told[0] == "chattel-133",
                  (stale, told))
            title(check, ledger)
            proof(check, ledger, folder)
            delete(check, ledger)
            push(check, ledger)
        finally:
            stop(node)


def scenario(check):
    """CHAT-33 to CHAT-40: the step table on running processes, with the times that it took."""
    done = subprocess.run([PROGRAM, "scenario", "chattel-mortgage", "--output", "json"], capture_output=True, text=True,
                          cwd=REPOSITORY, timeout=180, check=False)
    check("the scenario exits with 0", done.returncode == 0, done.stderr[-500:])
    steps = json.loads(done.stdout)["steps"] if done.returncode == 0 else []
    check("every step of the table", {f"T10.{number}" for number in range(1, 8)} <= {step["step"] for step in steps})
    check("every step verified from bytes", all(step["receiptVerified"] for step in steps))
    refusals = [step["exchanged"] for step in steps if step.get("refusal")]
    blind = [step for step in steps if "evidence grade B" in step["exchanged"]]
    check("CHAT-31: an unplugged sensor lowers the grade", len(blind) == 1, blind)
    check("its refusals", len(refusals) == 5 and any("60 t" in words for words in refusals)
          and any("second loan" in words for words in refusals), refusals)
    moved = [step for step in steps if "alarm over" in step["exchanged"]]
    check("CHAT-39: 5 t too much raise an alarm", len(moved) == 1 and "5.0" in moved[0]["exchanged"], moved)
    away = [step for step in steps if "corridor" in step["exchanged"]]
    check("CHAT-15: corridor alarm", len(away) == 1, away)
    for row, target, found in ("CHAT-39", 3000, moved), ("CHAT-15", 10_000, away), ("CHAT-31", 10_000, blind):
        for step in found:
            check.figure(f"{row}: {step['exchanged']}", step["finalityMs"], target, "ms")


def prepare(check, ledger):
    """A lot of 100 t with its receipt; the gateway's part is signed here."""
    key = encode({1: 1, -1: 6, -2: os.urandom(32)})
    ledger.act("chamber", "enrolDevice", DEVICE, "membership", urn=DEVICE, owner="portwatch", gateway="hall-gateway",
               profile="goods-scale", generation=1, key=key)
    ledger.act("portwatch", "registerSite", "site:NORTH", site="NORTH", gateway="hall-gateway", name="North hall",
               place="Port", licence="L-1", kind="hall")
    ledger.act("metal-exchange", "price", "price:copper", kind="copper", perTonne=840_000, currency="EUR",
               source="Exchange", at=now())
    for bank in ("harbour-bank", "city-bank"):
        ledger.act("clearing", "issue", bank, "wallet", to=bank, amount=100_000_000, currency="EUR")
        ledger.act(bank, "setPolicy", f"bank:{bank}", haircut=200, ratio=700, marginRatio=700, cure=3_600_000,
                   concentration=500_000_000, kinds=["copper"])
    told = sense(ledger, 100_000_000)
    check("the gateway's measurement", told == "FINAL", told)
    declare(ledger, "LOT", "A1", ["T-1"])
    told = issue(ledger, "NORTH-1", "LOT")
    check("a receipt for goods that are seen", told == "FINAL", told)


def sense(ledger, grams, site="NORTH", bay="A1", tags=("T-1",), length=5000):
    return ledger.act("hall-gateway", "sensed", f"{site}/{bay}", site=site, bay=bay, grams=grams, count=40, length=length,
                      width=4000, height=620, tags=list(tags), devices=[DEVICE], raw=bytes(32), at=now())


def bring(ledger, application, bank, receipt="NORTH-1"):
    about = f"application:{application}"
    steps = [("nordic-metals", "draft", dict(bank=bank, receipts=[receipt], amount=30_000_000, currency="EUR", days=90,
                                             purpose="Work", orders=["PO-1"], ordersValue=91_000_000,
                                             documents=bytes(32))),
             ("nordic-metals", "submit", {}), ("nordic-metals", "consent", {"until": now() + DAY}),
             (bank, "authorise", {"monitor": "portwatch", "until": now() + DAY}), ("portwatch", "report", {})]
    return [ledger.act(who, name, about, application=application, **arguments) for who, name, arguments in steps]


def decide(ledger, application, bank, amount=30_000_000):
    return ledger.send(bank, "decide", {"application": application, "approved": True, "reason": "Good",
                                        "amount": amount}, f"application:{application}", contract="chattel")


def declare(ledger, lot, bay, tags):
    return ledger.send("nordic-metals", "declare", {
        "lot": lot, "site": "NORTH", "bay": bay, "kind": "copper", "class": "A", "specification": "Cathodes",
        "grams": 100_000_000, "count": 40, "densityLeast": 6500, "densityMost": 8960, "tags": tags, "sealed": False},
        f"lot:{lot}", contract="chattel")


def issue(ledger, number, lot, term="To order"):
    return ledger.act("portwatch", "issueReceipt", f"receipt:{number}", number=number, lot=lot, deliveryTerm=term,
                      negotiable=True, charges=None, insurance=None)


def unseen(check, ledger):
    """CHAT-11, CHAT-25, CHAT-10: 60 t for 100 t, the wrong contour, a blank, a mark in another spelling."""
    declare(ledger, "SIXTY", "A2", ["T-60"])
    sense(ledger, 60_000_000, bay="A2", tags=["T-60"])
    told = issue(ledger, "NORTH-2", "SIXTY")
    check("CHAT-11: 100 t declared, 60 t on the scale: no receipt", told == "chattel-111", told)
    sense(ledger, 100_000_000, bay="A2", tags=["T-60"], length=8000)
    told = issue(ledger, "NORTH-2", "SIXTY")
    check("CHAT-11: full weight and a wrong contour: no receipt", told == "chattel-113", told)
    sense(ledger, 100_000_000, bay="A2", tags=["T-60"])
    told = issue(ledger, "NORTH-2", "SIXTY", term="")
    check("CHAT-25: a blank required field is refused", told == "chattel-3", told)
    _, answer = declare(ledger, "AGAIN", "A3", ["t 60"])
    hits = [event["details"]["hit"] for event in ledger.events(answer) if event["name"] == "duplicateMark"]
    check("CHAT-10: a mark in another spelling is flagged", hits == ["similar"], hits)
    sense(ledger, 100_000_000, bay="A3", tags=[])
    told = issue(ledger, "NORTH-2", "AGAIN")
    check("CHAT-10: and makes no receipt", told == "chattel-116", told)


def consent(check, ledger):
    """CHAT-18, CHAT-19: the states of an application; nothing is told without consent and authority."""
    about, application = "application:CONSENT", {"application": "CONSENT"}
    report = lambda: ledger.act("portwatch", "report", about, **application)  # noqa: E731
    ledger.act("nordic-metals", "draft", about, **application, bank="harbour-bank", receipts=["NORTH-1"],
               amount=60_000_000, currency="EUR", days=90, purpose="Work", orders=["PO-1"], ordersValue=91_000_000,
               documents=bytes(32))
    check("CHAT-18: a draft is not decided on", decide(ledger, "CONSENT", "harbour-bank")[0] == "chattel-123")
    ledger.act("nordic-metals", "submit", about, **application)
    check("CHAT-19: no status without consent", report() == "chattel-130")
    ledger.act("nordic-metals", "consent", about, **application, until=now() + DAY)
    check("CHAT-19: no status without authority", report() == "chattel-131")
    ledger.act("harbour-bank", "authorise", about, **application, monitor="portwatch", until=now() + DAY)
    check("CHAT-19: with both it is told", report() == "FINAL")
    told, _ = decide(ledger, "CONSENT", "harbour-bank", 47_040_001)
    check("CHAT-38: a cent above the limit is refused", told == "chattel-141", told)
    check("CHAT-18: withdrawn", ledger.act("nordic-metals", "withdraw", about, **application) == "FINAL")
    check("CHAT-18: and then not decided on", decide(ledger, "CONSENT", "harbour-bank")[0] == "chattel-123")


def terms(check, ledger):
    """CHAT-6, CHAT-13, CHAT-26, CHAT-9: what a decision and a loan say, and what ends with the loan."""
    bring(ledger, "TERMS", "harbour-bank")
    told, answer = decide(ledger, "TERMS", "harbour-bank")
    check("a loan", told == "FINAL", (told, answer))
    decided = [event["details"] for event in ledger.events(answer) if event["name"] == "decided"][0]
    check("CHAT-6: the decision lists goods and orders", decided["value"] == 84_000_000
          and decided["orders"] == ["PO-1"] and decided["ordersValue"] == 91_000_000, decided)
    price = ledger.state("chattel/prices/copper")
    check("CHAT-13: value is quantity times price", 100 * price["perTonne"] == decided["value"], price)
    check("CHAT-13: and the limit takes haircut and ratio off", decided["limit"] == 84_000_000 * 8 // 10 * 7 // 10)
    loan, asked = ledger.state("chattel/loans/TERMS"), ledger.state("chattel/applications/TERMS")
    fields = (loan["bank"], loan["enterprise"], loan["currency"], loan["outstanding"], loan["policy"]["ratio"],
              asked["orders"], loan["maturity"] > now())
    check("CHAT-26: the transaction part", fields == ("harbour-bank", "nordic-metals", "EUR", 30_000_000, 700, ["PO-1"],
                                                      True), fields)
    look = {"application": "TERMS", "purpose": "credit"}
    check("CHAT-9: the bank looks", ledger.act("harbour-bank", "look", "application:TERMS", **look) == "FINAL")
    ledger.act("nordic-metals", "repay", "application:TERMS", loan="TERMS", amount=30_000_000)
    told = ledger.act("harbour-bank", "look", "application:TERMS", **look)
    check("CHAT-9: after pay-off its access ends", told == "chattel-130", told)
    token = sign_in(ledger.url, ledger.people["harbour-bank"])
    headers = {"Authorization": f"Bearer {token}"}
    status, _ = request("GET", f"{ledger.url}/api/v1/evidence/receipt?number=NORTH-1", headers=headers)
    check("CHAT-9: to the proof of the order, too", status == 404, status)
    status, _ = request("GET", f"{ledger.url}/api/v1/transactions/{answer['id']}/evidence", headers=headers)
    check("CHAT-9: its past evidence stays", status == 200, status)


def title(check, ledger):
    """CHAT-27, CHAT-40: owner and holder, and a buyer who has to wait for the bank."""
    def act(who, operation, **arguments):
        return ledger.act(who, operation, "receipt:NORTH-1", receipt="NORTH-1", **arguments)

    told = [act("nordic-metals", "nominate", beneficiary="nordic-metals"),
            act("nordic-metals", "nominate", beneficiary="baltic-trade", remark="r" * 121),
            act("baltic-trade", "nominate", beneficiary="baltic-trade"),
            act("nordic-metals", "transferOwners", beneficiary="baltic-trade", holder="baltic-trade"),
            act("baltic-trade", "rejectHolder"), act("baltic-trade", "rejectOwners"),
            act("nordic-metals", "surrender"), act("nordic-metals", "nominate", beneficiary="baltic-trade"),
            act("nordic-metals", "restore"), act("portwatch", "restore")]
    check("CHAT-27: the life of a title", told == [
        "chattel-161", "chattel-160", "chattel-5", "FINAL", "chattel-167", "FINAL", "FINAL", "chattel-169", "chattel-5",
        "FINAL"], told)
    bring(ledger, "TITLE", "harbour-bank")
    decide(ledger, "TITLE", "harbour-bank")
    told = [act("nordic-metals", "transferBeneficiary", beneficiary="baltic-trade"),
            act("harbour-bank", "transferBeneficiary", beneficiary="baltic-trade"),
            act("nordic-metals", "nominate", beneficiary="baltic-trade"),
            act("harbour-bank", "transferBeneficiary", beneficiary="baltic-trade"),
            act("harbour-bank", "transferHolder", holder="city-bank")]
    check("CHAT-40: ownership under pledge", told == ["chattel-150", "chattel-164", "FINAL", "FINAL", "chattel-150"],
          told)
    ledger.act("nordic-metals", "repay", "application:TITLE", loan="TITLE", amount=30_000_000)
    told = act("baltic-trade", "transferOwners", beneficiary="nordic-metals", holder="nordic-metals")
    check("CHAT-40: paid off, the buyer has it", told == "FINAL", told)


def race(check, ledger, races):
    """CHAT-10: both banks decide at once; one wins, the other hears why and nothing of whom."""
    wins, wrong, began = {}, [], time.monotonic()
    for number in range(races):
        told, barrier = {}, threading.Barrier(2)
        names = {bank: f"{bank}-{number}" for bank in ("harbour-bank", "city-bank")}
        ready = [bring(ledger, names[bank], bank) for bank in names]

        def race_for(bank):
            barrier.wait()
            told[bank] = decide(ledger, names[bank], bank)

        threads = [threading.Thread(target=race_for, args=(bank,)) for bank in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        codes = {bank: answer[0] for bank, answer in told.items()}
        if sorted(codes.values()) != ["FINAL", "chattel-140"]:
            wrong.append((ready, codes))
            break
        winner = next(bank for bank, code in codes.items() if code == "FINAL")
        loser = told["city-bank" if winner == "harbour-bank" else "harbour-bank"][1]
        if winner in json.dumps(loser):
            wrong.append(("named", loser))
        wins[winner] = wins.get(winner, 0) + 1
        paid = ledger.act("nordic-metals", "repay", f"application:{names[winner]}", loan=names[winner],
                          amount=30_000_000)
        if paid != "FINAL":
            wrong.append(("repay", paid))
    check(f"CHAT-10: {races} races, each won by one", not wrong and sum(wins.values()) == races, (wins, wrong[:2]))
    print(f"chattel: {races} races in {time.monotonic() - began:.0f} s, won {wins}", flush=True)


def proof(check, ledger, folder):
    """CHAT-21, CHAT-37: the proof of the order is verified by the command alone, away from the node."""
    status, bundle = request_as(ledger.people["harbour-bank"], "GET",
                                f"{ledger.url}/api/v1/evidence/receipt?number=NORTH-1")
    path = os.path.join(folder, "order.cbor")
    with open(path, "wb") as file:
        file.write(bundle)
    verified = subprocess.run([PROGRAM, "receipt", "verify", path, "--ledger", ledger.ledger], capture_output=True,
                              text=True, check=False)
    check("CHAT-37: the proof of the order verifies offline", status == 200 and verified.returncode == 0,
          (status, verified.stdout[-300:], verified.stderr[-300:]))
    with open(path, "r+b") as file:
        file.seek(len(bundle) // 2)
        file.write(bytes([bundle[len(bundle) // 2] ^ 1]))
    broken = subprocess.run([PROGRAM, "receipt", "verify", path, "--ledger", ledger.ledger], capture_output=True,
                            text=True, check=False)
    check("CHAT-37: a bit that is changed is found", broken.returncode == 9, broken.returncode)


def strangers(check, ledger):
    """CHAT-30: competitors and other banks find neither loan nor goods; who is party to them does."""
    told, answer = ledger.send("nordic-metals", "draft", {
        "application": "SECRET", "bank": "harbour-bank", "receipts": ["NORTH-1"], "amount": 1, "currency": "EUR", "days": 9,
        "purpose": "Work", "orders": ["PO-1"], "ordersValue": 1, "documents": bytes(32)}, "application:SECRET",
                               contract="chattel")
    check("a draft", told == "FINAL", answer)
    draft = f"{ledger.url}/api/v1/transactions/{answer['id']}/evidence"
    check("CHAT-30: a draft is not the bank's yet",
          request_as(ledger.people["harbour-bank"], "GET", draft)[0] == 404)
    ledger.act("nordic-metals", "submit", "application:SECRET", application="SECRET")
    goods = next(item["id"] for item in get_json(
        f"{ledger.url}/api/v1/ledgers/{ledger.ledger}/transactions?mentioning=lot:LOT")["items"])
    parties = {answer["id"]: ("nordic-metals", "harbour-bank"), goods: ("nordic-metals",)}
    for who in ("nordic-metals", "harbour-bank", "city-bank", "baltic-trade"):
        for identity, readers in parties.items():
            status, _ = request_as(ledger.people[who], "GET", f"{ledger.url}/api/v1/transactions/{identity}/evidence")
            expected = 200 if who in readers else 404
            check(f"CHAT-30: {who} and a record of {readers}", status == expected, status)
        status, _ = request_as(ledger.people[who], "GET", f"{ledger.url}/api/v1/ledgers/{ledger.ledger}/state"
                               "?key=chattel/loans/TERMS")
        check(f"CHAT-30: the state of all is not for {who}", status == 403, status)


def delete(check, ledger):
    """CHAT-3: the operator cannot take an event back; the attempt stands on the ledger as refused."""
    told, answer = ledger.send("portwatch", "deleteEvent", {"bay": "A1"}, "NORTH/A1", contract="chattel")
    check("CHAT-3: an event cannot be deleted", told == "chattel-1", told)
    found = get_json(f"{ledger.url}/api/v1/transactions/{answer['id']}")
    check("CHAT-3: the attempt is visible", found["status"] == "REJECTED", found.get("status"))


def push(check, ledger):
    """CHAT-39: who was away gets what was missed, by its position, and each event once."""
    before = get_json(f"{ledger.url}/api/v1/ledgers")["items"][0]["height"]
    bring(ledger, "PUSH", "harbour-bank")
    decide(ledger, "PUSH", "harbour-bank")
    sense(ledger, 88_000_000)
    deadline = time.monotonic() + 10
    token = sign_in(ledger.url, ledger.people["harbour-bank"])
    asked = urllib.request.Request(f"{ledger.url}/api/v1/events", headers={
        "Authorization": f"Bearer {token}", "Last-Event-ID": f"{before}"})
    seen = ""
    with urllib.request.urlopen(asked, timeout=10) as stream:
        while time.monotonic() < deadline and "unauthorisedMoveOut" not in seen:
            seen += stream.readline().decode()
    names = [word for word in ("pledged", "decided", "unauthorisedMoveOut") if word in seen]
    check("CHAT-39: what was missed is caught up with", len(names) == 3, (names, seen[-400:]))
    told = ledger.act("harbour-bank", "release", "receipt:NORTH-1", receipt="NORTH-1", grams=1)
    check("CHAT-39: an unauthorised move-out blocks release papers", told == "chattel-152", told)
    ledger.act("inland-watch", "registerSite", "site:SOUTH", site="SOUTH", gateway="hall-gateway", name="South hall",
               place="Harburg", licence="L-2", kind="hall")
    _, answer = ledger.send("hall-gateway", "sensed", {
        "site": "SOUTH", "bay": "B1", "grams": 2_500_000, "count": 1, "length": 1000, "width": 1000, "height": 310,
        "tags": ["T-1"], "devices": [DEVICE], "raw": bytes(32), "at": now()}, "SOUTH/B1", contract="chattel")
    alarms = [event["details"] for event in ledger.events(answer) if event["name"] == "alarm"]
    check("CHAT-14: one tag at two sites: alarm to the pledgee", [
        (alarm["kind"], alarm.get("pledgees")) for alarm in alarms] == [("sameIdentityTwice", ["harbour-bank"])], alarms)

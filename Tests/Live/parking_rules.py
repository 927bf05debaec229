"""Rules of automated parking on running processes: unmatched stays, changes of tariff, permits; the gateway's part is signed here."""
import hashlib
import json
import os
import tempfile
import time

from process import free_port, read_as, request_as, start, stop, wait_for_participants, wait_until_up
from statement import Participant, encode
from tracing import Ledger as TracingLedger

LOT = "harbour"
IN, OUT = "urn:dev:ops:32473-rules-in", "urn:dev:ops:32473-rules-out"
PEOPLE = ("city-office", "harbour-parking", "driver-7f3a", "driver-29c1", "driver-b04e", "driver-d5d8", "driver-e6a2", "lane-gateway")
MINUTE, DAY = 60_000, 86_400_000


class Lot(TracingLedger):
    """A car park of one lot with two lanes; cars come and go at times that are told."""

    def __init__(self, url, ledger, folder):  # the other cast has other names
        self.url, self.ledger, self.pictures = url, ledger, 0
        while not all(os.path.exists(f"{folder}/keys/{name}.key") for name in PEOPLE):
            time.sleep(0.05)
        self.people = {name: Participant(name, f"{folder}/keys/{name}.key") for name in PEOPLE}
        read_as(url, self.people["city-office"])

    def act(self, person, operation, subject, contract="parking", **arguments):
        told, answer = self.send(person, operation, arguments, subject, contract=contract)
        return told if told == "FINAL" else f"{told}: {answer.get('detail')}"

    def tariff(self, hour, grace, start_at):
        line = {"rateLineType": "incrementingRate", "label": "each started hour", "durationStart": 0, "durationEnd": None,
                "incrementPeriod": 3600, "value": hour, "valuePeriod": None, "taxRate": 0}
        table = {"rateLineCollections": [{"label": "Parking", "window": None, "rateLines": [line], "caps": [],
                                          "minValue": 0, "maxValue": None}],
                 "reset": "never", "grace": grace, "graceCharged": False, "surcharge": 0, "taxRate": 0, "taxIncluded": True}
        tariff = {"rateTables": [table], "offset": 60, "summerTime": "europe", "holidays": []}
        return self.act("harbour-parking", "tariff", f"lot:{LOT}", lot=LOT, tariff=encode(tariff), **{"from": start_at})

    def drive(self, device, plate, at):
        """A camera's two agreeing reads of a plate, at ms since 1970."""
        self.pictures += 1
        return self.act("lane-gateway", "arrive" if device == IN else "depart", device, device=device, time=at,
                        confidence=950, image=digest(f"picture {self.pictures}"), plate=digest(plate),
                        shape=digest(f"shape of {plate}"), reads=2)

    def stays(self):
        _, body = request_as(self.people["harbour-parking"], "GET", f"{self.url}/api/v1/parking/sessions")
        return {int(stay["session"].split("/")[1]): stay for stay in json.loads(body)["items"]}

    def settled(self, number):
        """A stay once nothing more happens to it by itself."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            stay = self.stays().get(number)
            if stay and stay["stage"] not in ("open", "billed"):
                return stay
            time.sleep(0.2)
        return self.stays().get(number)

    def review(self, number):
        return self.state(f"parking/reviews/{LOT}/{number:08}")


def digest(text):
    return hashlib.sha256(text.encode()).digest()


def run(check):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        node = start("demo", "--bare", "--use-case", "automated-parking", "--folder", folder, "--port", str(port))
        try:
            lot = Lot(url, wait_until_up(url, process=node)["id"], folder)
            prepare(check, lot)
            changed = int(time.time() * 1000) + MINUTE + 5000
            told = lot.tariff(900, 0, changed)
            check("PARK-16: a tariff is published in advance", told == "FINAL", told)
            unmatched(check, lot)
            permits(check, lot)
            grace(check, lot)
            change(check, lot, changed)
            overstay(check, lot)
        finally:
            stop(node)


def prepare(check, lot):
    wait_for_participants(lot.url, len(PEOPLE))
    for device in (IN, OUT):
        key = encode({1: 1, -1: 6, -2: os.urandom(32)})
        lot.act("city-office", "enrolDevice", device, "membership", urn=device, owner="harbour-parking",
                gateway="lane-gateway", profile="plate-camera", generation=1, key=key)
    told = lot.act("harbour-parking", "lot", f"lot:{LOT}", lot=LOT, name="Harbour", currency="XPT", capacity=50)
    check("a lot", told == "FINAL", told)
    for device, direction in ((IN, "entry"), (OUT, "exit")):
        told = lot.act("harbour-parking", "lane", device, lot=LOT, device=device, name=direction, direction=direction,
                       barrier=None)
        check(f"its lane: {direction}", told == "FINAL", told)
    told = lot.tariff(100, 600, 0)
    check("its tariff", told == "FINAL", told)
    for driver in ("driver-7f3a", "driver-29c1", "driver-b04e", "driver-d5d8", "driver-e6a2"):
        lot.act("city-office", "issue", driver, "wallet", to=driver, amount=100_000, currency="XPT")
        lot.act(driver, "mandate", driver, "wallet", id="parking", payee="harbour-parking", currency="XPT",
                perPayment=3000, perPeriod=100_000, period=DAY, until=int(time.time() * 1000) + DAY)
        told = lot.act(driver, "register", f"plate:{driver}", plate=digest(driver), country="D",
                       shape=digest(f"shape of {driver}"), mandate="parking", proof=bytes(32))
        check(f"a plate of {driver}", told == "FINAL", told)
        lot.act("city-office", "check", f"plate:{driver}", plate=digest(driver))


def unmatched(check, lot):
    """PARK-6: no bill without a matched pair; each case has its rule."""
    begun = int(time.time() * 1000) - 600 * MINUTE
    lot.drive(OUT, "driver-7f3a", begun)
    check("PARK-6: an exit without entry is a case for people", lot.review(1)["kind"] == "noEntry", lot.review(1))
    check("PARK-6: and no stay", lot.stays() == {}, lot.stays())
    for number, (enters, leaves) in enumerate([(10, 15), (60, 90), (120, 150)], 1):
        told = [lot.drive(IN, "driver-7f3a", begun + enters * MINUTE), lot.drive(OUT, "driver-7f3a", begun + leaves * MINUTE)]
        check(f"PARK-6: passages of stay {number}", told == ["FINAL"] * 2, told)
    through, first, second = (lot.settled(number) for number in (1, 2, 3))
    check("PARK-6: driving through costs nothing", (through["stage"], through["bill"]["total"]) == ("closed", 0), through)
    check("PARK-6: two visits on one day are two stays, each paid",
          [(stay["stage"], stay["paid"]) for stay in (first, second)] == [("paid", 100)] * 2, (first, second))
    for enters, leaves in ((200, None), (400, 430)):
        lot.drive(IN, "driver-7f3a", begun + enters * MINUTE)
        if leaves:
            lot.drive(OUT, "driver-7f3a", begun + leaves * MINUTE)
    missed, after = lot.settled(4), lot.settled(5)
    check("PARK-6: a stay whose exit nobody saw is held, without a bill", (missed["stage"], missed["bill"])
          == ("held", None), missed)
    check("PARK-6: the next one is a stay of its own", (after["stage"], after["paid"]) == ("paid", 100), after)
    early = lot.drive(OUT, "driver-7f3a", int(time.time() * 1000) + 30 * MINUTE)
    check("PARK-6: a camera whose clock runs ahead is refused", early.startswith("parking-103"), early)


def permits(check, lot):
    """PARK-21: each kind of permit changes the bill as its receipt says."""
    begun = int(time.time() * 1000) - 600 * MINUTE
    until = int(time.time() * 1000) + DAY
    kinds = {"driver-29c1": ("season", 10_000, 0, 0), "driver-b04e": ("staff", 5000, 0, 100), "driver-d5d8": ("validation", 0, 3600, 100),
             "driver-e6a2": ("badge", 10_000, 0, 0)}
    told = lot.act("driver-7f3a", "permit", f"lot:{LOT}", lot=LOT, plate=digest("driver-7f3a"), kind="season", share=10_000, free=0,
                   until=until)
    check("PARK-21: only the operator gives permits", told.startswith("parking-5"), told)
    for number, (driver, (kind, share, free, total)) in enumerate(kinds.items(), 6):
        told = lot.act("harbour-parking", "permit", f"lot:{LOT}", lot=LOT, plate=digest(driver), kind=kind, share=share,
                       free=free, until=until)
        check(f"PARK-21: a permit, {kind}", told == "FINAL", told)
        lot.drive(IN, driver, begun + number * MINUTE)
        lot.drive(OUT, driver, begun + number * MINUTE + 110 * MINUTE)
        stay = lot.settled(number)
        labels = [line["label"] for line in stay["bill"]["lines"]]
        check(f"PARK-21: with {kind} two hours cost {total}", stay["bill"]["total"] == total, stay)
        check(f"PARK-21: and the receipt says why, {kind}", len(labels) == 2, labels)


def grace(check, lot):
    """PARK-24: 9:59 is free; 10:01 is charged from the start, as the tariff says."""
    begun = int(time.time() * 1000) - 120 * MINUTE
    for number, (enters, seconds, total) in enumerate([(0, 599, 0), (30, 601, 100)], 10):
        lot.drive(IN, "driver-7f3a", begun + enters * MINUTE)
        lot.drive(OUT, "driver-7f3a", begun + enters * MINUTE + seconds * 1000)
        stay = lot.settled(number)
        check(f"PARK-24: {seconds} s cost {total}", stay["bill"]["total"] == total, stay)


def change(check, lot, changed):
    """PARK-16: a car that entered a minute before the change pays the old tariff, the next one the new."""
    while int(time.time() * 1000) < changed + 6000:
        time.sleep(0.2)
    lot.drive(IN, "driver-7f3a", changed - MINUTE)
    lot.drive(OUT, "driver-7f3a", changed + 1000)
    old = lot.settled(12)
    check("PARK-16: it has the old tariff's free minutes", (old["tariff"], old["bill"]["total"]) == (1, 0), old)
    lot.drive(IN, "driver-7f3a", changed + 1500)
    told = lot.drive(OUT, "driver-7f3a", changed + 5500)
    check("PARK-16: passages", told == "FINAL", told)
    new = lot.settled(13)
    check("PARK-16: the next car pays the new one", (new["tariff"], new["bill"]["total"]) == (2, 900), new)


def overstay(check, lot):
    """PARK-42: over the lot's limit without an exit: a case with the last evidence, no bill; capped once an exit is confirmed."""
    hour = 60 * MINUTE
    told = lot.act("harbour-parking", "lot", f"lot:{LOT}", lot=LOT, name="Harbour", currency="XPT", capacity=50, longest=4 * hour)
    check("PARK-42: a lot says what is too long", told == "FINAL", told)
    begun = int(time.time() * 1000) - 6 * hour
    cases = lot.state(f"parking/lots/{LOT}")["reviews"]
    cars = {14: "driver-7f3a", 15: "driver-29c1"}
    for driver in cars.values():
        lot.drive(IN, driver, begun)
    for number, driver in cars.items():
        stay = lot.settled(number)
        check(f"PARK-42: a stay over its limit is held, {driver}", stay and (stay["stage"], stay["bill"], stay["paid"])
              == ("held", None, 0), stay)
    reviews = {lot.review(cases + number)["session"]: (cases + number, lot.review(cases + number)) for number in (1, 2)}
    for number, driver in cars.items():
        _, case = reviews[f"{LOT}/{number:08}"]
        check("PARK-42: the case names the last evidence", (case["kind"], case["passage"]["device"], case["passage"]["time"],
              case["passage"]["plate"]) == ("noExit", IN, begun, digest(driver).hex()), case)
    _, body = request_as(lot.people["harbour-parking"], "GET", f"{lot.url}/parking/lots", headers={"Accept": "text/html"})
    page = body.decode()
    check("PARK-42: the manager's page has it, with the way to its evidence",
          page.count("No exit seen") >= 2 and f"session%3A{LOT}%2F00000014" in page, page[:200])
    number, _ = reviews[f"{LOT}/00000014"]
    decision = {"review": f"{LOT}/{number:08}", "plate": digest("driver-7f3a"), "reason": "both pictures show this car"}
    told = lot.act("harbour-parking", "decide", f"review:{LOT}/{number:08}", **decision)
    check("PARK-42: nobody can bill without an exit", told.startswith("parking-119"), told)
    lot.drive(OUT, "driver-7f3a", begun + 6 * hour - MINUTE)
    stay = lot.settled(14)
    check("PARK-42: an exit that comes too late bills nothing by itself",
          (stay["stage"], stay["bill"], stay["exit"]) == ("held", None, begun + 6 * hour - MINUTE), stay)
    told = lot.act("harbour-parking", "decide", f"review:{LOT}/{number:08}", **decision)
    stay = lot.settled(14)
    check("PARK-42: a person confirms it; six hours are billed as the four of the limit", told == "FINAL"
          and (stay["stage"], stay["paid"]) == ("paid", 400), (told, stay))
    number, _ = reviews[f"{LOT}/00000015"]
    told = lot.act("harbour-parking", "decide", f"review:{LOT}/{number:08}", review=f"{LOT}/{number:08}", reason="towed")
    stay = lot.settled(15)
    check("PARK-42: without an exit a person ends it, free", (told, stay["stage"], stay["bill"], stay["paid"])
          == ("FINAL", "closed", None, 0), (told, stay))
    decided = lot.review(number)
    check("PARK-42: by name, with a reason", (decided["decision"], decided["decidedBy"]) == ("towed", "harbour-parking"), decided)

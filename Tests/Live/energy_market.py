"""A microgrid's market with own keys: roles that change within a day, agreements, misdeeds, and a car at two sites."""
import csv
import hashlib
import io
import json
import os
import tempfile
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from process import call, free_port, request_as, sign_in, start, stop, wait_until_up
from statement import Participant, encode

LENGTH, GATE, CLEARING = 12_000, 8_000, 5_500
#: Wh at the car's meter, interval by interval; below zero it gives: four changes of sign, and one idle interval.
DAY = (800, -900, 0, 300, -600, 700)
AGREED, PRICE = 200, 150_000
NAMES = {"eag": "eag-{}", "registrar": "registrar-{}", "gateway": "gateway-{}"}


def now():
    return int(time.time() * 1000)


class Site:
    """One microgrid's node, and its people with their keys."""

    def __init__(self, key, port, folder, homes):
        self.key, self.url, self.folder, self.homes = key, f"http://127.0.0.1:{port}", folder, homes
        self.people = {}

    def open(self, process):
        self.ledger = wait_until_up(self.url, process=process)["id"]
        for role, name in NAMES.items():
            self.people[role] = self.known(name.format(self.key))
        for home in self.homes:
            self.people[home] = self.known(home)

    def known(self, name):
        path = f"{self.folder}/keys/{name}.key"
        while not os.path.exists(path):
            time.sleep(0.05)
        return Participant(name, path)

    def act(self, who, operation, contract="energy", about=None, **arguments):
        """(status, answer) once final."""
        person = self.people[who]
        _, statement = person.sign(self.ledger, contract, operation, arguments, about or person.name)
        status, body = call("POST", f"{self.url}/api/v1/transactions", statement,
                            {"Content-Type": "application/cose", "Prefer": "wait=20"})
        return status, json.loads(body)

    def must(self, *arguments, **named):
        status, answer = self.act(*arguments, **named)
        if status != 201 or answer["status"] != "FINAL":
            raise RuntimeError(f"{arguments} {named}: {status} {answer}")

    def state(self, key):
        status, body = request_as(self.people["eag"], "GET", f"{self.url}/api/v1/ledgers/{self.ledger}/state?key={key}")
        return json.loads(body)["decoded"] if status == 200 else None

    def credit(self, who):
        return (self.state(f"energy/credits/{who}") or {"points": 500})["points"]

    def admit(self, who):
        """A meter, its registration, and points."""
        meter = f"urn:dev:ops:32473-meter-{self.key}-{who}"
        raw = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(meter.encode()).digest()).public_key().public_bytes(
            Encoding.Raw, PublicFormat.Raw)
        name = self.people[who].name
        self.must("registrar", "enrolDevice", "membership", meter, urn=meter, owner=name,
                  gateway=NAMES["gateway"].format(self.key), profile="smart-meter", generation=1,
                  key=encode({1: 1, -1: 6, -2: raw}))
        self.must("eag", "register", about=name, participant=name, meter=meter)
        self.must("registrar", "issue", "wallet", name, to=name, amount=100_000, currency="XPT")

    def enrol(self, person):
        """A newcomer with a key of its own."""
        raw = person.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.people[person.name] = person
        self.must("registrar", "enrolParticipant", "membership", person.name, id=person.name,
                  member=f"community-{self.key}", name="Car", roles=["prosumer"], validUntil=None,
                  key=encode({1: 1, -1: 6, -2: raw}))


class Order:
    def __init__(self, side, energy, price):
        self.side, self.energy, self.price, self.salt = side, energy, price, os.urandom(16)

    def commitment(self, who, interval):
        return hashlib.sha256(encode([who, interval, self.side, self.energy, self.price, "any", True, self.salt])).digest()

    def terms(self):
        return {"side": self.side, "energy": self.energy, "price": self.price, "source": "any", "divisible": True,
                "salt": self.salt}


class Timetable:
    """What is to be done when, in ms since 1970."""

    def __init__(self):
        self.entries = []

    def at(self, moment, action):
        self.entries.append((moment, len(self.entries), action))

    def run(self):
        while self.entries:
            self.entries.sort()
            moment, _, action = self.entries.pop(0)
            time.sleep(max(0, moment - now()) / 1000)
            action()


def trade(table, site, interval, seller, buyer, energy, given=None, taken=None, told=None, measures=True):
    """A sale by the auction; what both meters show is told by the aggregator."""
    orders = {seller: Order("sell", energy, 80_000), buyer: Order("buy", energy, 280_000)}
    site.must(seller, "surplus", interval=interval, energy=told or energy)
    for who, order in orders.items():
        site.must(who, "seal", interval=interval, commitment=order.commitment(site.people[who].name, interval))

    def opened():
        for who, order in orders.items():
            site.must(who, "open", interval=interval, **order.terms())

    def accepted():
        for number, found in numbered(site, interval):
            if found["stage"] == "proposed":
                site.must(found["seller"], "accept", interval=interval, trade=number)

    table.at(interval - GATE + 300, opened)
    table.at(interval - CLEARING + 900, accepted)
    if measures:
        table.at(interval + LENGTH + 300, lambda: measure(site, interval, {
            seller: (0, energy if given is None else given), buyer: (energy if taken is None else taken, 0)}))
        table.at(interval + LENGTH + 600, lambda: pay(site, interval))


def numbered(site, interval):
    found = []
    while (one := site.state(f"energy/trades/{interval}/{len(found)}")) is not None:
        found.append((len(found), one))
    return found


def measure(site, interval, shown):
    for who, (imported, exported) in shown.items():
        site.must("eag", "measure", about=site.people[who].name, interval=interval, participant=site.people[who].name,
                  imported=imported, exported=exported, first=1, last=2)


def pay(site, interval):
    """Once the last meter has settled the interval; buyers have some seconds before their escrow pays."""
    deadline = time.monotonic() + 4
    while time.monotonic() < deadline and any(one["stage"] == "accepted" for _, one in numbered(site, interval)):
        time.sleep(0.1)
    for number, found in numbered(site, interval):
        if found["stage"] == "payable":
            site.must(found["buyer"], "pay", interval=interval, trade=number, amount=found["amount"])


def run(check):
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        node = start("demo", "--use-case", "energy-trading", "--bare", "--folder", folder, "--port", str(port))
        try:
            north = Site("north", port, f"{folder}/energy-north", ("sun", "oak", "ivy", "elm"))
            south = Site("south", port + 1, f"{folder}/energy-south", ("pier", "dock"))
            for site in (north, south):
                site.open(node)
                for home in site.homes:
                    site.admit(home)
            with open(f"{folder}/car.key", "w") as file:
                file.write(os.urandom(32).hex())
            car = Participant("car", f"{folder}/car.key")
            for site in (north, south):
                site.enrol(car)
                site.admit("car")
            charging(check, south)
            day(check, north, south)
            misdeeds(check, north)
            identity(check, south)
        finally:
            stop(node)


def day(check, north, south):
    """NRG-10, NRG-13, NRG-19, NRG-20: a car's day in one microgrid, an agreement beside it, and a sale in the next one."""
    first = (now() + GATE + 12_000) // LENGTH * LENGTH + LENGTH
    intervals = [first + number * LENGTH for number in range(len(DAY))]
    terms = {"id": "school", "price": PRICE, "energy": AGREED, "from": first, "to": first + LENGTH * len(DAY)}
    north.must("sun", "offerAgreement", buyer="elm", **terms)
    status, answer = north.act("elm", "signAgreement", seller="sun", **(terms | {"price": PRICE - 1}))
    check("NRG-13: other terms than were offered are refused", answer.get("code") == "energy-117", answer)
    north.must("elm", "signAgreement", seller="sun", **terms)
    before, abroad = north.state("wallet/accounts/XPT/car"), south.state("wallet/accounts/XPT/car")
    table = Timetable()
    for interval, energy in zip(intervals, DAY):
        if energy > 0:
            trade(table, north, interval, "sun", "car", energy, told=energy + AGREED, given=energy + AGREED)
        elif energy < 0:
            trade(table, north, interval, "car", "ivy", -energy)
        if energy <= 0:
            north.must("sun", "surplus", interval=interval, energy=AGREED)
    # The school's meter, and the seller's where it has the agreement alone.
    for interval, energy in zip(intervals, DAY):
        shown = {"elm": (AGREED, 0)} | ({} if energy > 0 else {"sun": (0, AGREED)})
        table.at(interval + LENGTH + 400, lambda i=interval, s=shown: measure(north, i, s))
        table.at(interval + LENGTH + 900, lambda i=interval: pay(north, i))
    away = intervals[-1] + LENGTH
    trade(table, south, away, "car", "pier", 500)
    table.run()
    expected = before
    for interval, energy in zip(intervals, DAY):
        trades = [one for _, one in numbered(north, interval)]
        check("NRG-13: the agreement is served first", trades and trades[0]["agreement"] == "sun/school"
              and (trades[0]["energy"], trades[0]["price"]) == (AGREED, PRICE), trades)
        check("NRG-13: what is agreed came and is paid", trades[0]["delivered"] == AGREED
              and trades[0]["stage"] in ("paid", "confirmed"), trades[0])
        own = [one for one in trades if "car" in (one["seller"], one["buyer"])]
        role = "idle" if not own else "seller" if own[0]["seller"] == "car" else "buyer"
        check("NRG-19: the role of the interval", role == ("idle" if energy == 0 else "buyer" if energy > 0 else "seller"), own)
        # Half way between both limits; what is left of a minor unit stays with the buyer.
        expected += (-1 if energy > 0 else 1) * (abs(energy) * 180_000 // 1_000_000)
        if energy == 0:
            check("NRG-19: an idle interval leaves nothing of the car on the ledger", all(
                north.state(f"energy/{kind}/{interval}/car") is None for kind in ("orders", "surpluses", "meters")))
        else:
            metered = north.state(f"energy/meters/{interval}/car")
            check("NRG-10: both parts are the meter's", sum(one["delivered"] for one in own)
                  == metered["imported"] + metered["exported"] == abs(energy), (own, metered))
    check("NRG-10: a day with four changes of sign is settled to the unit",
          north.state("wallet/accounts/XPT/car") == expected, (before, expected, north.state("wallet/accounts/XPT/car")))
    sold = [one for _, one in numbered(south, away)]
    check("NRG-19: with the same key the car sells in the next microgrid", [one["seller"] for one in sold] == ["car"]
          and south.state("wallet/accounts/XPT/car") == abroad + 500 * 180_000 // 1_000_000, sold)
    for site in (north, south):
        status, body = request_as(site.people["car"], "GET", f"{site.url}/api/v1/wallet/statement?currency=XPT")
        check(f"NRG-19: one wallet's key reads its statement in {site.key}", status == 200 and json.loads(body)["entries"],
              status)
    records(check, north)
    authorised(check, north, intervals)


def balance(site, who):
    account = site.state(f"wallet/accounts/XPT/{who}")
    return account["balance"] if isinstance(account, dict) else account


def charging(check, site):
    """NRG-22: a wireless and a mobile session settle by their own meter records, beside a trade by the line."""
    before = {who: balance(site, who) for who in ("pier", "car")}
    until, paid = now() + 600_000, 0
    for name, kind, ends in (("pad", "wireless", "car"), ("cable", "mobile", "pier")):
        terms = {"id": name, "kind": kind, "price": 200_000, "energy": 8000, "until": until}
        site.must("pier", "offerSession", buyer="car", **terms)
        status, answer = site.act("car", "joinSession", seller="pier", **(terms | {"energy": 9000}))
        check(f"NRG-22: a {kind} session is joined on the terms that were offered", answer.get("code") == "energy-117", answer)
        site.must("car", "joinSession", seller="pier", **terms)
        # The meter goes on while the energy flows; some of it is lost on the way.
        for number, (sent, received) in enumerate(((1000, 900), (3000, 2700), (4300, 3900))):
            site.must("eag", "recordSession", seller="pier", id=name, sent=sent, received=received, first=10, last=20 + number)
        status, answer = site.act("eag", "recordSession", seller="pier", id=name, sent=4200, received=3900, first=10, last=30)
        check(f"NRG-22: the meter of a {kind} session does not go back", answer.get("code") == "energy-123", answer)
        site.must(ends, "endSession", seller="pier", id=name)
        paid += 3900 * 200_000 // 1_000_000
        record = site.state(f"energy/sessions/pier/{name}")
        check(f"NRG-22: a {kind} session has its meter record, and is paid for what arrived", (
            record["kind"], record["sent"], record["received"], record["first"], record["last"], record["amount"]) == (
            kind, 4300, 3900, 10, 22, 780), record)
    check("NRG-22: what was not used is free again", {who: balance(site, who) for who in before} == {
        "pier": before["pier"] + paid, "car": before["car"] - paid}, before)
    table, interval = Timetable(), (now() + GATE + 12_000) // LENGTH * LENGTH + LENGTH
    trade(table, site, interval, "car", "pier", 500)
    table.run()
    by_line = [one for _, one in numbered(site, interval)]
    check("NRG-22: a trade by the line settles beside them", [(one["delivered"], one["amount"]) for one in by_line] == [
        (500, 500 * 180_000 // 1_000_000)], by_line)
    _, body = request_as(site.people["car"], "GET", f"{site.url}/api/v1/energy/sessions")
    check("NRG-22: a party reads its sessions", {item["session"] for item in json.loads(body)["items"]} == {
        "pier/pad", "pier/cable"}, body)
    _, body = request_as(site.people["dock"], "GET", f"{site.url}/api/v1/energy/sessions")
    check("NRG-22: and nobody else's", json.loads(body)["items"] == [], body)


def identity(check, site):
    """NRG-36: what an unverified wallet may do, what a check of who somebody is opens, and the figures for a tax return."""
    def pay_to(who, amount):
        return site.act(who, "transfer", "wallet", to="dock", amount=amount, currency="XPT")

    status, answer = site.act("pier", "setLevels", "wallet", currency="XPT", levels=[[None, None]])
    check("NRG-36: the rule is the issuer's", answer.get("code") == "wallet-5", answer)
    site.must("registrar", "setLevels", "wallet", currency="XPT", levels=[[500, 200_000], [20_000, None], [None, None]])
    site.must("registrar", "check", "wallet", account="dock", level=2, evidence=None, until=None)
    check("NRG-36: an unverified wallet pays within its limit", pay_to("pier", 400)[0] == 201)
    status, answer = pay_to("pier", 501)
    check("NRG-36: and is held to it", answer.get("code") == "wallet-180" and "level 0" in answer["detail"], answer)
    interval = (now() + GATE + 12_000) // LENGTH * LENGTH + LENGTH
    order = Order("buy", 3000, 280_000)
    site.must("pier", "seal", interval=interval, commitment=order.commitment("pier", interval))
    time.sleep(max(0, interval - GATE + 300 - now()) / 1000)
    status, answer = site.act("pier", "open", interval=interval, **order.terms())
    check("NRG-36: an order is held to it, too", answer.get("code") == "energy-180", answer)
    status, answer = site.act("registrar", "issue", "wallet", to="pier", amount=200_000, currency="XPT")
    check("NRG-36: an unverified wallet is not filled beyond its limit", answer.get("code") == "wallet-181", answer)
    token = sign_in(site.url, site.people["pier"])
    _, page = call("GET", f"{site.url}/wallet", headers={"Authorization": f"Bearer {token}"})
    check("NRG-36: the owner reads level and limits", b"Identity check" in page and b"5.00 XPT leaves in a day" in page, page[:500])
    status, answer = site.act("pier", "check", "wallet", account="pier", level=2, evidence=None, until=None)
    check("NRG-36: nobody vouches for himself", answer.get("code") == "wallet-5", answer)
    site.must("registrar", "check", "wallet", account="pier", level=1, evidence=hashlib.sha256(b"card").digest(), until=None)
    check("NRG-36: a check opens more", pay_to("pier", 19_000)[0] == 201)
    status, answer = pay_to("pier", 20_001)
    check("NRG-36: up to its own limit", answer.get("code") == "wallet-180", answer)
    taxes(check, site)


def taxes(check, site):
    """NRG-36: what a year brought and cost, from the statement's entries; points are not money."""
    def ask(path, **headers):
        return request_as(site.people["pier"], "GET", f"{site.url}/api/v1/wallet/{path}", headers=headers)[1]

    year = time.gmtime().tm_year
    told = json.loads(ask(f"tax?currency=XPT&year={year}"))
    entries = json.loads(ask("statement?currency=XPT"))["entries"]
    moved = [(entry["kind"], entry["other"], int(entry["change"]["minor"])) for entry in entries
             if entry["time"].startswith(str(year))]
    change = sum(amount for *_, amount in moved)
    lines = {(line["kind"], line["other"]): int(line["amount"]["minor"]) for line in told["lines"]}
    check("NRG-36: a year's lines are its statement", sum(lines.values()) == change == int(
        told["closing"]["minor"]) - int(told["opening"]["minor"]), (lines, change, told))
    check("NRG-36: income by whom it came from, and payments by whom they went to",
          all(sum(amount for how, whom, amount in moved if how == entry and whom == other) == lines.get((kind, other), 0)
              for kind, entry, other in (("received", "released", "car"), ("paid", "paid", "dock"))) and lines, lines)
    check("NRG-36: points are told from money", told["isLegalTender"] is False, told)
    rows = list(csv.DictReader(io.StringIO(ask(f"tax?currency=XPT&year={year}", Accept="text/csv").decode())))
    check("NRG-36: the same as CSV", {(row["kind"], row["other"]): int(row["amount"]) for row in rows} == lines, rows)


def authorised(check, site, intervals):
    """NRG-30: a buyer has proof of his own delivery and of no other; the seller's meter stays closed to him."""
    bought = next(interval for interval, energy in zip(intervals, DAY) if energy > 0)
    number, trade = next((number, one) for number, one in numbered(site, bought) if one["buyer"] == "car")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and site.state(f"energy/trades/{bought}/{number}")["stage"] != "confirmed":
        time.sleep(0.5)
    _, body = request_as(site.people["car"], "GET", f"{site.url}/api/v1/energy/trades/{bought}/{number}")
    shown = json.loads(body)
    proof = hashlib.sha256(encode([bought, number, "sun", "car", shown["energy"], shown["price"], shown["delivered"],
                                   shown["amount"], bytes.fromhex(shown["salt"])])).hexdigest()
    check("NRG-30: the buyer proves his delivery by the commitment that everybody has", proof == shown["commitment"], shown)
    others = [(interval, number) for interval in intervals for number, one in numbered(site, interval)
              if "car" not in (one["seller"], one["buyer"])]
    check("NRG-30: of another interval's trades he is told a commitment at most", others and all(
        not {"seller", "buyer", "energy", "price", "delivered", "amount", "salt"} & set(json.loads(request_as(
            site.people["car"], "GET", f"{site.url}/api/v1/energy/trades/{interval}/{number}")[1]))
        for interval, number in others), others)
    for path in (f"/api/v1/ledgers/{site.ledger}/state?key=energy/meters/{bought}/sun",
                 f"/api/v1/ledgers/{site.ledger}/transactions?mentioning=sun", f"/api/v1/ledgers/{site.ledger}/blocks",
                 "/api/v1/readings?device=urn:dev:ops:32473-meter-north-sun"):
        status, body = request_as(site.people["car"], "GET", site.url + path)
        told = json.loads(body)
        # Of records that name the seller he reads what he did himself, as his payment.
        check("NRG-30: the seller's own records are refused to him", status == 403 or all(
            item.get("issuer") == "car" for item in told["items"]), (path, status, told))


def records(check, north):
    """NRG-20: all records of the market as CSV and JSON, for the aggregator and the registrar; a household gets its own."""
    address = f"{north.url}/api/v1/energy/trades?limit=1000"
    for who in ("eag", "registrar"):
        _, body = request_as(north.people[who], "GET", address)
        items = json.loads(body)["items"]
        status, sheet = request_as(north.people[who], "GET", address, headers={"Accept": "text/csv"})
        rows = list(csv.DictReader(io.StringIO(sheet.decode())))
        check(f"NRG-20: {who} exports all trades", status == 200 and len(rows) == len(items) >= 11, (len(rows), len(items)))
        check(f"NRG-20: the same in both forms, {who}", [
            (row["trade"], row["seller"], row["buyer"], row["delivered"], row["amount"]) for row in rows] == [
            (item["trade"], item["seller"], item["buyer"], str(item["delivered"]), str(item["amount"])) for item in items],
            rows[:2])
    _, sheet = request_as(north.people["elm"], "GET", address, headers={"Accept": "text/csv"})
    check("NRG-20: a household exports what it is a party to", {
        row["buyer"] for row in csv.DictReader(io.StringIO(sheet.decode()))} == {"elm"}, sheet[:300])


def misdeeds(check, site):
    """NRG-21, NRG-35: each of four misdeeds meets its consequence, a fault of the grid does not; credit and its effects."""
    start_points = {who: site.credit(who) for who in ("sun", "oak", "ivy")}
    first = (now() + GATE + 14_000) // LENGTH * LENGTH + LENGTH
    short, unopened, faulty, again, outage = (first + number * LENGTH for number in range(5))
    table = Timetable()
    trade(table, site, short, "sun", "ivy", 1000, given=500, taken=500)
    site.must("oak", "seal", interval=unopened, commitment=os.urandom(32))
    flood = [site.act("oak", "seal", interval=outage + 10 * LENGTH, commitment=os.urandom(32)) for _ in range(7)]
    check("NRG-35: a flood of changes is stopped", [answer["status"] for _, answer in flood[:6]] == ["FINAL"] * 6
          and flood[6][1].get("code") == "energy-120", flood[5:])
    check("NRG-35: and costs points", site.credit("oak") == start_points["oak"] - 10, site.credit("oak"))
    for interval in (faulty, again):
        trade(table, site, interval, "sun", "ivy", 400, measures=False)
        table.at(interval + LENGTH + 300, lambda i=interval: measure(site, i, {"sun": (0, 400)}))
    trade(table, site, outage, "sun", "elm", 900, given=0, taken=0)
    table.at(outage + LENGTH + 100, lambda: site.must("eag", "excuse", interval=outage, reason="the feeder tripped"))
    table.run()
    # The interval's last meter is silent until its time for reports is over.
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not all(
            one["stage"] == "disputed" for i in (faulty, again) for _, one in numbered(site, i)):
        time.sleep(0.5)
    before_faults = site.credit("ivy")
    for interval in (faulty, again):
        for number, _ in numbered(site, interval):
            site.must("eag", "resolve", interval=interval, trade=number, delivered=400, reason="the meter was bridged",
                      fault="ivy")
    check("NRG-35: undelivered energy lowers credit by the part that did not come",
          (site.state("energy/credits/sun") or {}).get("short") == 1, site.state("energy/credits/sun"))
    check("NRG-35: it is billed", site.state(f"energy/trades/{short}/0")["delivered"] == 500)
    check("NRG-35: an order that is never opened lowers credit", site.credit("oak") == start_points["oak"] - 20,
          site.credit("oak"))
    check("NRG-35: a wrong meter lowers credit", site.credit("ivy") == before_faults - 300, site.credit("ivy"))
    check("NRG-35: an honest outage costs no points", site.credit("sun") == start_points["sun"] - 25, site.credit("sun"))
    check("NRG-21: the points follow from what is counted, by the public rule", all(
        recomputed(site.state(f"energy/credits/{who}")) for who in ("oak", "ivy")), site.state("energy/credits/ivy"))
    later = outage + 20 * LENGTH
    status, answer = site.act("ivy", "seal", interval=later, commitment=os.urandom(32))
    check("NRG-21: below the threshold an order is refused, with the reason", answer.get("code") == "energy-118"
          and str(site.credit("ivy")) in json.dumps(answer), answer)
    site.must("ivy", "contest", interval=again, reason="the reader was broken, not the meter")
    status, answer = site.act("eag", "answerAppeal", interval=again, participant="ivy", granted=True, answer="no")
    check("NRG-21: the aggregator does not judge its own market", status != 201, answer)
    site.must("registrar", "answerAppeal", interval=again, participant="ivy", granted=True, answer="the reader was exchanged")
    status, answer = site.act("ivy", "seal", interval=later, commitment=os.urandom(32))
    check("NRG-21: an appeal that is granted opens the market again", status == 201, answer)


def recomputed(credit):
    """Whether points are those of the counts: every entry but `short` has one price."""
    if credit["short"]:
        return True
    return credit["points"] == (500 + 5 * credit["kept"] - 10 * (credit["late"] + credit["unopened"] + credit["flood"])
                                - 150 * credit["meter"] + credit["restored"])

"""The border between two microgrids, each with a process of its own, and the aggregators' ledger in a third: the link is cut."""
import hashlib
import json
import os
import shutil
import tempfile
import time

from energy import transactions, statements
from energy_market import GATE, LENGTH, Order, Site, Timetable, measure, now, numbered, pay
from faults import Wire
from process import call, free_port, request_as, sign_in, start, stop, wait_until_up
from statement import encode

#: Intervals that the link is away.
CUT = 3
#: Thousandths of a minor unit for a kWh: what sellers take at least and buyers pay at most, and the line's fee.
FLOOR, CAP, FEE = 80_000, 280_000, 20_000
#: Limits of the net positions in steps of 50,000, and half way between them once the fee is off.
PRICE = (100_000 + 250_000 - FEE) // 2
START = 2_000_000
#: Who sells and who buys in each microgrid, and Wh: one has more to sell than it needs, the other needs more.
ROLES = {"north": ("sun", "ivy", 1000, 400), "south": ("dock", "pier", 300, 900)}
ACROSS = 600
#: When the link is looked at, ms before and after an interval begins.
BEFORE_DECISION, AFTER_START = 3_900, 1_500


class Region(Site):
    """The aggregators' ledger, as the Energy Office sees it."""

    def open(self, process):
        self.ledger = wait_until_up(self.url, process=process)["id"]
        for name in ("energy-office", "grid-operator", "eag-north", "eag-south"):
            self.people[name] = self.known(name)
        self.people["eag"] = self.people["energy-office"]

    def admit(self, site):
        name = f"eag-{site.key}"
        self.must("energy-office", "register", "region", name, aggregator=name, ledger=bytes.fromhex(site.ledger),
                  licence=hashlib.sha256(site.key.encode()).digest(), capacity=50_000)
        self.must("energy-office", "issue", "wallet", name, to=name, amount=START, currency="XPT")

    def decisions(self):
        _, body = request_as(self.people["eag"], "GET", f"{self.url}/api/v1/energy/decisions?limit=200")
        return {item["decision"]: item for item in json.loads(body)["items"]}

    def balance(self, who):
        account = self.state(f"wallet/accounts/XPT/{who}")
        return account["balance"] if isinstance(account, dict) else account or 0

    def anchored(self, site):
        return (self.state(f"region/anchors/eag-{site.key}") or {}).get("height", 0)


def agreed(decision):
    """The hash by which a microgrid's trades name what the aggregators decided."""
    terms = {name: decision[name] for name in ("seller", "buyer", "energy", "price", "fee")}
    return hashlib.sha256(encode(terms | dict.fromkeys(("given", "taken", "paid", "feePaid")))).digest()


def crossing(site, interval, decision):
    """Trades of a microgrid that a decision brought."""
    return [one for _, one in numbered(site, interval)
            if one["decision"] and bytes.fromhex(one["decision"]) == agreed(decision)]


def border(site):
    _, body = request_as(site.people["eag"], "GET", f"{site.url}/api/v1/energy/border")
    return json.loads(body)


class Drill:
    """Interval after interval in both microgrids, while the link of one of them is cut and mended."""

    def __init__(self, check, region, north, south, wire):
        self.check, self.region, self.sites, self.wire = check, region, (north, south), wire
        self.north, self.south, self.table = north, south, Timetable()
        self.phase, self.intervals, self.sealed = "before", [], {}
        self.away, self.unheard, self.crossed_after = [], None, []

    def run(self):
        first = (now() + GATE + 14_000) // LENGTH * LENGTH + LENGTH
        self.plan(first)
        self.table.run()

    def plan(self, interval):
        self.intervals.append(interval)
        at = lambda moment, action: self.table.at(moment, lambda: action(interval))
        at(interval - 11_000, self.seal)
        at(interval - GATE + 300, self.open)
        at(interval - BEFORE_DECISION, self.before_decision)
        at(interval + AFTER_START, self.started)
        at(interval + LENGTH + 300, self.measure)
        at(interval + LENGTH + 700, lambda start: [pay(site, start) for site in self.sites])

    def orders(self, site):
        seller, buyer, supply, demand = ROLES[site.key]
        return ((seller, "sell", supply, FLOOR), (buyer, "buy", demand, CAP))

    def seal(self, interval):
        if self.phase != "done":
            self.plan(interval + LENGTH)
        for site in self.sites:
            for who, side, energy, price in self.orders(site):
                order = self.sealed[site.key, who, interval] = Order(side, energy, price)
                if side == "sell":
                    site.must(who, "surplus", interval=interval, energy=energy)
                site.must(who, "seal", interval=interval, commitment=order.commitment(who, interval))

    def open(self, interval):
        for site in self.sites:
            for who, *_ in self.orders(site):
                site.must(who, "open", interval=interval, **self.sealed[site.key, who, interval].terms())

    def measure(self, interval):
        """All that was ordered flows, but the line loses some of what crosses, and its meters differ."""
        number = self.intervals.index(interval)
        for site, lost in ((self.north, number), (self.south, 2 * number)):
            seller, buyer, supply, demand = ROLES[site.key]
            line = ACROSS - lost
            measure(site, interval, {
                seller: (0, supply), buyer: (demand, 0),
                "eag": (line, 0) if site is self.north else (0, line)})

    def own(self, interval):
        return next((one for key, one in self.region.decisions().items() if key.startswith(f"{interval}/")), None)

    def carried(self, interval, site):
        decision = self.own(interval)
        return decision is not None and bool(crossing(site, interval, decision))

    def before_decision(self, interval):
        """NRG-3: the other way that a link can go: between a position and what is decided about it."""
        if self.phase == "again" and len(self.crossed_after) > 1 and self.region.state(
                f"region/positions/{interval}/eag-north") is not None:
            self.wire.cut.set()
            self.phase, self.unheard = "unheard", interval

    def started(self, interval):
        if self.phase == "before":
            # Two that crossed; the second one's energy flows while the link goes.
            crossed = [one for one in self.intervals if one <= interval and all(
                self.carried(one, site) for site in self.sites)]
            if len(crossed) > 1 and crossed[-1] == interval:
                self.wire.cut.set()
                self.phase, self.flowing, self.anchor = "cut", interval, self.region.anchored(self.north)
                self.since, self.others = now(), self.region.anchored(self.south)
        elif self.phase == "cut":
            self.away.append(interval)
            if len(self.away) < CUT:
                return
            self.during()
            self.wire.cut.clear()
            self.phase = "again"
        elif self.phase == "again":
            if all(self.carried(interval, site) for site in self.sites):
                self.crossed_after.append(interval)
        elif self.phase == "unheard":
            self.wire.cut.clear()
            self.phase = "done"

    def during(self):
        """What there is to see at the end of the cut."""
        check = self.check
        line, other = border(self.north), border(self.south)
        check("NRG-3: the microgrid says since when its link is away", line["state"] == "down"
              and self.since - 10_000 < line["since"] < self.since + 10_000, (line, self.since))
        check("NRG-3: the other one's link is up", other["state"] == "up", other)
        token = sign_in(self.north.url, self.north.people["eag"])
        _, page = call("GET", f"{self.north.url}/energy/market", headers={"Authorization": f"Bearer {token}"})
        check("NRG-3: its operator reads it on the page", b"does not answer since then" in page, page[:200])
        check("NRG-3: its heads are not anchored meanwhile, the other's are",
              self.region.anchored(self.north) == self.anchor and self.region.anchored(self.south) > self.others,
              (self.anchor, self.region.anchored(self.north), self.others, self.region.anchored(self.south)))
        decision = self.own(self.flowing)
        check("NRG-3: of what was flowing one side has reported, and nothing is paid yet",
              decision["given"] is None and decision["taken"] is not None and decision["paid"] is None, decision)


def settled(site, interval):
    return (site.state(f"energy/clearings/{interval}") or {}).get("settled")


def run(check):
    """NRG-3: the link between two microgrids is cut for three intervals; both go on, and what had crossed settles later."""
    with tempfile.TemporaryDirectory() as folder:
        ports = [free_port() for _ in range(3)]
        region = Region("region", ports[0], f"{folder}/region", ())
        processes = [start("demo", "--use-case", "energy-trading", "--bare", "--alone", "--folder", region.folder,
                           "--port", str(ports[0]))]
        try:
            region.open(processes[0])
            wire = Wire(ports[0])
            sites = []
            for key, port, homes in (("north", ports[1], ("sun", "ivy")), ("south", ports[2], ("dock", "pier"))):
                # An aggregator has its own key on the aggregators' ledger, and no other.
                keys = f"{folder}/keys-{key}"
                os.mkdir(keys, 0o700)
                for name in (f"eag-{key}.key", ".secret"):
                    shutil.copy(f"{region.folder}/keys/{name}", keys)
                address = f"http://127.0.0.1:{wire.port if key == 'north' else ports[0]}"
                site = Site(key, port, f"{folder}/{key}", homes)
                processes.append(start(
                    "demo", "--use-case", f"energy-{key}", "--bare", "--folder", site.folder, "--port", str(port),
                    "--beside", f"energy-trading={address}", "--beside-keys", keys))
                site.open(processes[-1])
                site.people[f"eag-{key}"] = site.people["eag"]
                for who in (*homes, "eag"):
                    site.admit(who)
                site.must(homes[0], "standing", until=now() + 3_600_000, floor=FLOOR)
                region.admit(site)
                sites.append(site)
            drill = Drill(check, region, *sites, wire)
            drill.run()
            look(check, drill)
        finally:
            for process in reversed(processes):
                stop(process)


def look(check, drill):
    """Once all is settled: who gave and got what, on each of the three ledgers."""
    region, (north, south) = drill.region, drill.sites
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not all(one["paid"] is not None for one in region.decisions().values()):
        time.sleep(1)
    decisions = region.decisions()
    check("NRG-3: everything that was decided is settled", decisions and all(
        one["paid"] is not None for one in decisions.values()), decisions)
    check("NRG-3: the link was cut for three intervals in which nothing crossed", len(drill.away) == CUT and not any(
        key.split("/")[0] in map(str, drill.away) for key in decisions), (drill.away, list(decisions)))
    for interval in drill.away:
        for site in drill.sites:
            trades = [one for _, one in numbered(site, interval)]
            check(f"NRG-3: meanwhile the market of {site.key} trades, delivers and pays", settled(site, interval)
                  and len(trades) == 1 and trades[0]["stage"] in ("paid", "confirmed")
                  and trades[0]["delivered"] == min(ROLES[site.key][2:]), trades)
        mine, theirs = (region.state(f"region/positions/{interval}/eag-{site.key}") for site in drill.sites)
        check("NRG-3: a position that nobody met gets nothing, and its money is free", mine is None
              and theirs["matched"] == 0 and region.state(
                  f"wallet/holds/XPT/eag-south/region-{interval}") is None, (mine, theirs))
    check("NRG-3: it crossed before and after", len(drill.crossed_after) > 1 and decisions.get(
        f"{drill.crossed_after[-1]}/0", {}).get("paid", 0) > 0, drill.crossed_after)
    flowing = drill.own(drill.flowing)
    check("NRG-3: what flowed during the cut is settled by both sides' word",
          flowing["given"] > flowing["taken"] > 0 and flowing["paid"] == flowing["taken"] * PRICE // 1_000_000, flowing)
    unheard = drill.own(drill.unheard)
    check("NRG-3: what one side did not hear of in time is not paid", (
        unheard["given"], unheard["paid"], unheard["feePaid"]) == (0, 0, 0) and unheard["taken"] > 0, unheard)
    sums(check, drill, decisions)
    heads(check, drill)


def sums(check, drill, decisions):
    """Energy and money of each decision, the same on the three ledgers; nothing is reported or paid twice."""
    region, (north, south) = drill.region, drill.sites
    paid = fees = 0
    for key, one in decisions.items():
        interval = int(key.split("/")[0])
        given, taken = (sum(trade["delivered"] for trade in crossing(site, interval, one)) for site in drill.sites)
        check("NRG-3: each side reported what its own trades came to", (one["given"], one["taken"]) == (given, taken),
              (one, given, taken))
        delivered = min(given, taken)
        check("NRG-3: paid for what both sides show, and the fee once", (one["price"], one["paid"], one["feePaid"]) == (
            PRICE, delivered * PRICE // 1_000_000, delivered * FEE // 1_000_000), one)
        paid, fees = paid + one["paid"], fees + one["feePaid"]
        for site in drill.sites:
            check(f"NRG-3: a decision is carried into {site.key} once", len(crossing(site, interval, one)) == (
                0 if site is north and interval == drill.unheard else 1), numbered(site, interval))
    check("NRG-3: money of all decisions is what moved between the accounts", (
        region.balance("eag-north"), region.balance("eag-south"), region.balance("grid-operator")) == (
        START + paid, START - paid - fees, fees), (paid, fees, region.balance("eag-north"), region.balance("eag-south")))
    for site in drill.sites:
        check("NRG-3: nothing of it is open", region.state(f"region/microgrids/eag-{site.key}")["open"] == 0)
    for ledger in (region, north, south):
        _, body = request_as(ledger.people["eag"], "GET", f"{ledger.url}/api/v1/wallet/report")
        report = json.loads(body)["items"]
        check(f"NRG-3: accounts and holds of {ledger.key} are what was issued",
              report and all(line["isBalanced"] for line in report), report)
    office = region.people["eag"]
    reports = [(arguments["interval"], arguments["decision"], arguments["energy"]) for name, arguments in statements(
        office, region.url, transactions(office, region.url, region.ledger)) if name == "report"]
    check("NRG-3: each side's report counts once", len(reports) == 2 * len(decisions), (len(reports), len(decisions)))


def heads(check, drill):
    """The private ledgers' heads are anchored again, and are those that they have."""
    region = drill.region
    for site in drill.sites:
        before = region.anchored(site)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and region.anchored(site) <= before:
            time.sleep(1)
        anchor = region.state(f"region/anchors/eag-{site.key}")
        _, body = request_as(site.people["eag"], "GET", f"{site.url}/api/v1/ledgers/{site.ledger}/blocks/{anchor['height']}")
        check(f"NRG-3: heads of {site.key} are anchored again, and are its own", anchor["height"] > max(
            before, drill.anchor if site is drill.north else 0) and json.loads(body)["hash"] == anchor["header"],
            (before, anchor))
    check("NRG-3: the link is up again", border(drill.north)["state"] == "up", border(drill.north))

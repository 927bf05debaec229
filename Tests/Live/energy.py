"""Energy trading on running processes: table 13 on three ledgers, who sees what, and a microgrid whose aggregators' ledger is away."""
import csv
import io
import json
import os
import pathlib
import subprocess
import tempfile
import time

import cbor2

from process import PROGRAM, call, free_port, request_as, sign_in, start, stop, wait_until_up
from statement import Participant

HOMES = ("sun", "oak", "ivy", "elm")
STEPS = {f"T13.{number}" for number in range(1, 8)}


#: What the aggregators' ledger may say, operation by operation.
MESSAGES = {
    "register": {"aggregator", "ledger", "licence", "capacity"}, "suspend": {"aggregator", "suspended", "reason"},
    "anchor": {"ledger", "height", "header", "size", "root"}, "position": {"interval", "side", "energy", "price"},
    "report": {"interval", "decision", "energy"}, "leave": set(),
}
#: Limits of households in both microgrids, thousandths of a minor unit: their costs and margins.
LIMITS = (90_000, 95_000, 290_000, 310_000)


def run(check):
    scenario(check)
    between(check)
    alone(check)


def between(check):
    """NRG-18, NRG-33: after both microgrids traded across their border, nothing of a household is in the aggregators' store."""
    port = free_port()
    url = f"http://127.0.0.1:{port + 2}"
    with tempfile.TemporaryDirectory() as folder:
        node = start("demo", "--use-case", "energy-trading", "--folder", folder, "--port", str(port))
        try:
            ledger = wait_until_up(url, process=node)["id"]
            while not os.path.exists(f"{folder}/energy-trading/keys/eag-north.key"):
                time.sleep(0.1)
            hub = Participant("eag-north", f"{folder}/energy-trading/keys/eag-north.key")
            def settled():
                _, body = request_as(hub, "GET", f"{url}/api/v1/energy/decisions")
                return [item for item in json.loads(body)["items"] if item["paid"]]
            check("energy crossed the border", wait_for(settled, 1, 300))
            # Every statement that the aggregators' ledger holds, decoded by other code.
            shapes, prices = {}, set()
            listed = transactions(hub, url, ledger)
            check("all of them are looked at", 0 < len(listed) < 500, len(listed))
            for name, arguments in statements(hub, url, listed):
                shapes.setdefault(name, set()).update(arguments)
                if name == "position":
                    prices.add(arguments["price"])
            check("NRG-33: no message of the aggregators has another field", shapes and all(
                fields <= MESSAGES.get(name, set()) for name, fields in shapes.items()), shapes)
            check("NRG-33: positions tell prices in steps, and no household's limit", prices and all(
                price % 50_000 == 0 for price in prices), prices)
            stop(node)
            node = None
            secrets = households(folder)
            private = set().union(*(found(f"{folder}/energy-{key}", secrets) for key in ("north", "south")))
            check("the search finds in the private stores what it looks for", private == set(secrets),
                  set(secrets) - private)
            check("NRG-18: nothing of a household is in the aggregators' store",
                  not (leaked := found(f"{folder}/energy-trading", secrets)), leaked)
        finally:
            if node:
                stop(node)


def transactions(reader, url, ledger):
    """Accepted statements of the aggregators' contract."""
    _, body = request_as(reader, "GET", f"{url}/api/v1/ledgers/{ledger}/transactions?contract=region&limit=500")
    return [item["id"] for item in json.loads(body)["items"] if item["status"] == "FINAL"]


def statements(reader, url, ids):
    """Operation and arguments of each."""
    for identity in ids:
        _, statement = request_as(reader, "GET", f"{url}/entries/{identity}")
        _, name, arguments = cbor2.loads(cbor2.loads(statement).value[2])
        yield name, arguments


def households(folder):
    """What nobody outside a microgrid may read, as it stands in a store: names, ids, meters, keys, limits."""
    secrets = {}
    for key, homes in (("north", HOMES), ("south", ("pier", "dock"))):
        for home in homes:
            person = Participant(home, f"{folder}/energy-{key}/keys/{home}.key")
            secrets[f"id of {home}"] = cbor2.dumps(home)
            secrets[f"meter of {home}"] = f"smartmeter-{home}".encode()
            secrets[f"key of {home}"] = person.key.public_key().public_bytes_raw()
    for name in ("Sunflower House", "Oak Yard", "Ivy Cottage", "Elm School", "Pier Workshops", "Dock Caf"):
        secrets[name] = name.encode()
    for limit in LIMITS:
        secrets[f"limit {limit}"] = cbor2.dumps(limit)
    return secrets


def found(folder, secrets):
    """Which of them stand in a file below a folder, keys of participants left out."""
    names = set()
    for path in pathlib.Path(folder).rglob("*"):
        if path.is_file() and "keys" not in path.parts and "devices" not in path.parts:
            content = path.read_bytes()
            names |= {name for name, secret in secrets.items() if secret in content}
    return names


def scenario(check):
    """NRG-38 to NRG-44, NRG-14 to NRG-18: every step of the table, on the ledgers of two microgrids and their aggregators."""
    done = subprocess.run([PROGRAM, "scenario", "energy-trading", "--output", "json"], capture_output=True, timeout=400)
    check("the energy scenario ends well", done.returncode == 0, done.stderr[-600:])
    if done.returncode != 0:
        return
    steps = json.loads(done.stdout)["steps"]
    check("every step of table 13 is there", STEPS <= {step["step"] for step in steps})
    check("each is verified", all(step["receiptVerified"] for step in steps))
    refusals = [step["refusal"] for step in steps if step.get("refusal")]
    check("NRG-24: an order after gate closure is refused", any("gate" in refusal for refusal in refusals), refusals)
    check("NRG-16: energy is offered once", any("open already" in refusal for refusal in refusals), refusals)
    check("NRG-14: no position without registration", any("not registered" in refusal for refusal in refusals), refusals)
    crossed = next(step["exchanged"] for step in steps if step["step"] == "E3")
    check("NRG-17: what was left crossed the border", ", 0 Wh came" not in crossed, crossed)


def alone(check):
    """NRG-3: a microgrid trades on while the aggregators' ledger is not there at all."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        node = start("demo", "--use-case", "energy-north", "--folder", folder, "--port", str(port))
        try:
            ledger = wait_until_up(url, process=node)["id"]
            while not os.path.exists(f"{folder}/keys/gateway-north.key"):
                time.sleep(0.1)
            people = {who: Participant(who, f"{folder}/keys/{who}.key") for who in (*HOMES, "eag-north")}
            hub = sign_in(url, people["eag-north"])
            settled = wait_for(lambda: [item for item in intervals(url, hub) if item["settled"] and item["price"]], 3, 240)
            check("NRG-3: three intervals are settled without the aggregators' ledger", len(settled) >= 3, len(settled))
            recompute(check, url, hub, settled[0]["interval"])
            visible(check, url, ledger, people, hub)
            money(check, url, ledger, people)
            bills(check, url, ledger, people)
            agents(check, url, people, hub, folder)
        finally:
            stop(node)


#: Floor and cap of each household of Sunny Street, thousandths of a minor unit for a kWh, and what it spends at most.
RULES = {"sun": (80_000, 260_000), "oak": (90_000, 280_000), "ivy": (100_000, 290_000), "elm": (100_000, 300_000)}
BUDGET = 400_000


def agents(check, url, people, hub, folder):
    """NRG-5, NRG-6, NRG-12, NRG-13: agents keep to their rules, plan a battery with reasons, and serve whom they prefer."""
    trades = own(url, hub)
    check("NRG-5: nobody sold below its floor", trades and all(
        trade["price"] >= RULES[trade["seller"]][0] for trade in trades if trade["seller"] in RULES))
    check("NRG-6: nobody bought above its cap", all(
        trade["price"] <= RULES[trade["buyer"]][1] for trade in trades if trade["buyer"] in RULES))
    for who in HOMES:
        spent = sum(trade["amount"] or 0 for trade in trades if trade["buyer"] == who)
        check(f"NRG-6: the budget holds, {who}", spent <= BUDGET, spent)
    agreed = [trade for trade in trades if trade["agreement"] and trade["amount"] is not None]
    check("NRG-5, NRG-13: the preferred buyer is served by agreement", agreed and all(
        (trade["seller"], trade["buyer"], trade["price"]) == ("sun", "elm", 190_000) for trade in agreed), agreed[:2])
    for who in HOMES:
        path = next(pathlib.Path(folder).rglob(f"{who}.decisions.json"))
        decisions = json.loads(path.read_text())
        check(f"NRG-12: every decision has its reason, {who}", decisions and all(
            decision["reason"] for decision in decisions), decisions[:1])
        if who == "oak":
            check("NRG-12: the battery is charged by plan, and says what for", any(
                decision["battery"] not in ("0 Wh",) and decision["reason"].startswith(("charges", "takes"))
                and float(decision["gain"]) > 0 for decision in decisions), decisions[:3])


def intervals(url, token):
    status, body = call("GET", f"{url}/api/v1/energy/intervals", headers={"Authorization": f"Bearer {token}"})
    return json.loads(body)["items"] if status == 200 else []


def wait_for(find, count, seconds):
    deadline = time.monotonic() + seconds
    found = []
    while time.monotonic() < deadline and len(found) < count:
        found = find()
        time.sleep(1)
    return found


def recompute(check, url, token, interval):
    """NRG-9: anybody finds the auction's energy and price again, with other code."""
    _, body = call("GET", f"{url}/api/v1/energy/intervals/{interval}", headers={"Authorization": f"Bearer {token}"})
    auction = json.loads(body)
    asks = sorted((o["price"], o["energy"]) for o in auction["orders"] if o["side"] == "sell")
    bids = sorted(((o["price"], o["energy"]) for o in auction["orders"] if o["side"] == "buy"), reverse=True)
    best, margin = 0, None
    # The most that one price can trade, by trying every price.
    for price in {p for p, _ in asks + bids}:
        supply = sum(e for p, e in asks if p <= price)
        demand = sum(e for p, e in bids if p >= price)
        best = max(best, min(supply, demand))
    sold = sum(o["matched"] for o in auction["orders"] if o["side"] == "sell")
    local = [o for o in auction["orders"] if o["matched"]]
    ask = max((o["price"] for o in local if o["side"] == "sell"), default=None)
    bid = min((o["price"] for o in local if o["side"] == "buy"), default=None)
    check("NRG-25: the auction traded the most that any price can", sold == best, (sold, best))
    margin = None if ask is None or bid is None else ask + (bid - ask) * auction["k"] // 1000
    check("NRG-9: the price is half way between the last ask and the last bid", auction["price"] == margin,
          (auction["price"], margin))
    check("NRG-8: orders show no names", not any(name in body.decode() for name in ("sun", "ivy", "oak", "elm")))


def visible(check, url, ledger, people, hub):
    """NRG-44: parties see their trade, other wallets a commitment, and nobody but the keepers the whole ledger."""
    trades = wait_for(lambda: [t for t in own(url, hub) if t["stage"] == "confirmed"], 1, 60)
    check("trades are confirmed", trades)
    if not trades:
        return
    trade = trades[0]
    outsider = next(who for who in HOMES if who not in (trade["seller"], trade["buyer"]))
    for who, is_party in ((outsider, False), (trade["seller"], True)):
        token = sign_in(url, people[who])
        _, body = call("GET", f"{url}/api/v1/energy/trades/{trade['trade']}", headers={"Authorization": f"Bearer {token}"})
        shown = json.loads(body)
        check(f"NRG-44: {'a party' if is_party else 'a third wallet'} sees {'all' if is_party else 'a commitment alone'}",
              ("amount" in shown) == is_party and shown["commitment"] == trade["commitment"], shown)
        status, _ = call("GET", f"{url}/api/v1/ledgers/{ledger}/blocks", headers={"Authorization": f"Bearer {token}"})
        check("the private ledger is for those who keep it", status == 403, status)
    check("a stranger sees nothing", call("GET", f"{url}/api/v1/energy/trades/{trade['trade']}")[0] == 401)


def own(url, token):
    _, body = call("GET", f"{url}/api/v1/energy/trades", headers={"Authorization": f"Bearer {token}"})
    return json.loads(body)["items"]


def money(check, url, ledger, people):
    """COMMON-34: the statement has all that moved the account, also what the market's contract moved."""
    kinds = set()
    for who in HOMES:
        def told():
            _, body = request_as(people[who], "GET", f"{url}/api/v1/wallet/statement?currency=XPT")
            entries = json.loads(body)["entries"]
            return sum(int(entry["change"]["minor"]) for entry in entries), {entry["kind"] for entry in entries}
        def kept():
            _, body = request_as(people[who], "GET", f"{url}/api/v1/ledgers/{ledger}/state?key=wallet/accounts/XPT/{who}")
            account = json.loads(body)["decoded"]
            return account["balance"] if isinstance(account, dict) else account
        # Trades go on meanwhile: the two are compared when they were asked for between two payments.
        same = wait_for(lambda: [1] if told()[0] == kept() else [], 1, 60)
        check(f"the statement of {who} adds up to the account on the ledger", same, (told(), kept()))
        kinds |= told()[1]
    _, body = request_as(people["ivy"], "GET", f"{url}/api/v1/wallet/report")
    report = json.loads(body)["items"]
    check("COMMON-10: with trades going on, accounts and escrows hold what was issued",
          report and all(line["isBalanced"] for line in report), report)
    check("COMMON-34: they tell of the market's escrow", {"held", "returned", "released"} <= kinds, kinds)


def bills(check, url, ledger, people):
    """NRG-7, NRG-11, NRG-20, NRG-37: the bill from meters and trades, computed again by other code; parts add up to the meter."""
    def state(key):
        _, body = request_as(people["eag-north"], "GET", f"{url}/api/v1/ledgers/{ledger}/state?key={key}")
        return json.loads(body)["decoded"]
    trades = own(url, sign_in(url, people["eag-north"]))
    longest = 0
    for who in HOMES:
        _, body = request_as(people[who], "GET", f"{url}/api/v1/energy/bill")
        bill = json.loads(body)
        lines = bill["intervals"]
        longest = max(longest, len(lines))
        check(f"NRG-11: parts add up to the meter, {who}", all(
            line["soldHere"] + line["soldAcross"] + line["toUtility"] == line["exported"]
            and line["boughtHere"] + line["boughtAcross"] + line["fromUtility"] == line["imported"] for line in lines), lines)
        metered = [state(f"energy/meters/{line['interval']}/{who}") for line in lines]
        check(f"NRG-7: its meter is the ledger's, {who}", [(m["imported"], m["exported"]) for m in metered]
              == [(line["imported"], line["exported"]) for line in lines])
        billed = {str(line["interval"]) for line in lines}
        mine = [t for t in trades if t["trade"].split("/")[0] in billed and t["amount"] is not None]
        earned = sum(t["amount"] for t in mine if t["seller"] == who)
        spent = sum(t["amount"] for t in mine if t["buyer"] == who)
        check(f"NRG-37: its money is that of its trades, {who}", (bill["earned"], bill["spent"]) == (earned, spent),
              (bill["earned"], bill["spent"], earned, spent))
        takes, gives = bill["utility"]["takes"], bill["utility"]["gives"]
        taken = sum(m["imported"] for m in metered) - sum(t["delivered"] for t in mine if t["buyer"] == who)
        given = sum(m["exported"] for m in metered) - sum(t["delivered"] for t in mine if t["seller"] == who)
        alone = (sum(m["imported"] for m in metered) * takes // 1_000_000
                 - sum(m["exported"] for m in metered) * gives // 1_000_000)
        together = taken * takes // 1_000_000 - given * gives // 1_000_000 + spent - earned
        check(f"NRG-7: savings to the cent, {who}", bill["saved"] == alone - together, (bill["saved"], alone, together))
        status, sheet = request_as(people[who], "GET", f"{url}/api/v1/energy/bill", headers={"Accept": "text/csv"})
        rows = list(csv.DictReader(io.StringIO(sheet.decode())))
        check(f"NRG-20: the sheet has the same intervals or more, {who}", status == 200 and
              [int(row["interval"]) for row in rows][:len(lines)] == [line["interval"] for line in lines])
    check("NRG-7: there are bills", longest >= 2, longest)
    status, _ = request_as(people["eag-north"], "GET", f"{url}/api/v1/energy/bill")
    check("NRG-37: a bill is a household's", status == 403, status)

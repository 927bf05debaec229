"""The messages of one case of each use case, from the stored records alone: every step of its table, each with evidence that verifies (COMMON-36)."""
import os
import re
import subprocess
import tempfile
import urllib.parse

from evidence import portals
from process import PROGRAM, get_json, read_as, request
from statement import Participant

#: Of each use case: who reads, the steps of its table, and those that the ledger may order otherwise (a barrier opens at once).
TABLES = {
    "agricultural-tracing": ("accreditor", ["T4.1", "T4.2", "T4.3", "T4.4", "T4.5", "T4.6"], {"T4.2"}),
    "fish-farming": ("fisheries-office", [f"T7.{number}" for number in range(1, 10)],
                     {"T7.1", "T7.2", "T7.3", "T7.4", "T7.5", "T7.6", "T7.8"}),
    "chattel-mortgage": ("chamber", [f"T10.{number}" for number in range(1, 8)], {"T10.1", "T10.2", "T10.7"}),
    "energy-north": ("registrar-north", [f"T13.{number}" for number in range(1, 8)], {"T13.3", "T13.4"}),
    "automated-parking": ("city-office", [str(number) for number in range(1, 13)], {"11"}),
}
#: Cases looked at until one has every step.
CASES = 60


def run(check):
    if "CAIRN_DEMO_OUTPUT" not in os.environ:
        print("skipped the messages of cases: CAIRN_DEMO_OUTPUT does not name the demo's output", flush=True)
        return
    places = portals()
    for name, (reader, steps, loose) in TABLES.items():
        url, folder = places[name]
        read_as(url, Participant(reader, f"{folder}/keys/{reader}.key"))
        best, items, strict = None, [], [step for step in steps if step not in loose]
        for about in cases(name, url):
            found = get_json(f"{url}/api/v1/sequence?about={urllib.parse.quote(about, safe='')}")["items"]
            missing = [step for step in steps if step not in {item["step"] for item in found}]
            # Of several parties of one case one may be ahead of another; one case has all in the order of the table.
            first = firsts(found, strict)
            trouble = (missing, first != sorted(first))
            if best is None or (len(missing), trouble[1]) < (len(best[0]), best[1]):
                best, items, chosen = trouble, found, about
            if trouble == ([], False):
                break
        check(f"COMMON-36: {name}: one case has every step of its table", best and not best[0], best)
        ordered(check, name, items, strict)
        drawn(check, name, url, chosen)
        proven(check, name, url, items, steps)


def cases(name, url):
    """Names of cases, as the records of the ledger have them."""
    if name == "agricultural-tracing":
        return [get_json(f"{url}/api/v1/demo")["boxes"]["sold"].split("/", 3)[3]]
    if name == "fish-farming":
        return [place.split("about=", 1)[1] for place in get_json(f"{url}/api/v1/demo")["loans"].values()]
    ledger = get_json(f"{url}/api/v1/ledgers")["items"][0]["id"]
    contract, operation = {"chattel-mortgage": ("chattel", "decide"), "energy-north": ("energy", "confirm"),
                           "automated-parking": ("parking", "charge")}[name]
    records = get_json(f"{url}/api/v1/ledgers/{ledger}/transactions?contract={contract}&limit=500")["items"]
    chosen = [record for record in records if record["operation"] == operation and record["status"] == "FINAL"][:CASES]
    if name != "energy-north":
        return list(dict.fromkeys(record["subject"] for record in chosen))
    terms = [get_json(f"{url}/api/v1/transactions/{record['id']}")["arguments"] for record in chosen]
    return [f"trade:{term['interval']}/{term['trade']}" for term in terms]


def firsts(items, steps):
    """Where the first message of each step stands."""
    told = [item["step"] for item in items if item["status"] == "FINAL"]
    return [told.index(step) for step in steps if step in told]


def ordered(check, name, items, steps):
    """The first message of each step in the order of the table, and all as the ledger ordered them."""
    first = firsts(items, steps)
    check(f"COMMON-36: {name}: the steps are in their order", first == sorted(first), list(zip(steps, first)))
    heights = [item["height"] for item in items]
    check(f"COMMON-36: {name}: as the ledger ordered them", heights == sorted(heights))
    check(f"COMMON-36: {name}: each says from whom to whom, what and when",
          all(item["producer"] and item["receiver"] and item["exchanged"] and item["time"] for item in items))


def drawn(check, name, url, about):
    """COMMON-39: the page has the messages that the interface gives, row by row; the ledger may go on between the answers."""
    place = f"sequence?about={urllib.parse.quote(about, safe='')}"

    def exported():
        return [item["transactionId"] for item in get_json(f"{url}/api/v1/{place}")["items"]]

    before = exported()
    _, page = request("GET", f"{url}/{place}", headers={"Accept": "text/html"})
    rows = re.findall(r"/transactions/([0-9a-f]{64})\"", page.decode().split("The same as a list")[1])
    check(f"COMMON-39: {name}: the page of the sequence is its export", rows in (before, exported()), (len(rows), len(before)))


def proven(check, name, url, items, steps):
    chosen = {item["step"]: item for item in items if item["status"] == "FINAL" and item["step"] in steps}
    ledger = get_json(f"{url}/api/v1/ledgers")["items"][0]["id"]
    with tempfile.TemporaryDirectory() as place:
        for step, item in chosen.items():
            status, bundle = request("GET", url + item["evidence"])
            path = f"{place}/bundle.cbor"
            with open(path, "wb") as file:
                file.write(bundle)
            verdict = subprocess.run([PROGRAM, "receipt", "verify", path, "--ledger", ledger], capture_output=True,
                                     check=False)
            check(f"COMMON-36: {name}: the evidence of {step} verifies", status == 200 and verdict.returncode == 0,
                  verdict.stdout[-300:])

"""What is shown and what is exported are the same: pages against JSON and CSV (COMMON-39)."""
import csv
import html
import io
import json
import os
import re
import urllib.parse

from evidence import portals
from process import call, sign_in
from statement import Participant

#: Who reads the ledger, and somebody with money.
PEOPLE = {"agricultural-tracing": ("accreditor", None), "automated-parking": ("city-office", "driver-7f3a"),
          "energy-north": ("registrar-north", "ivy")}


def run(check):
    if "CAIRN_DEMO_OUTPUT" not in os.environ:
        print("skipped exports: CAIRN_DEMO_OUTPUT does not name the demo's output", flush=True)
        return
    for name, (reader, payer) in PEOPLE.items():
        url, folder = portals()[name]
        person = Reader(url, folder, reader)
        transactions(check, name, person)
        blocks(check, name, person)
        participant(check, name, person, folder)
        if payer:
            wallet(check, name, Reader(url, folder, payer))
    tracing(check, *portals()["agricultural-tracing"])


class Reader:
    def __init__(self, url, folder, name):
        self.url, self.name = url, name
        self.token = sign_in(url, Participant(name, f"{folder}/keys/{name}.key"))
        self.ledger = json.loads(call("GET", f"{url}/api/v1/ledgers")[1])["items"][0]["id"]

    def get(self, path, kind="application/json"):
        status, body = call("GET", self.url + path, headers={"Authorization": f"Bearer {self.token}", "Accept": kind})
        if status != 200:
            raise RuntimeError(f"{path}: {status} {body[:200]}")
        return body.decode()


def table(text):
    return list(csv.DictReader(io.StringIO(text)))


def cells(page, caption):
    """Rows of a page's table: the texts of their cells."""
    found = re.search(rf"<caption>{re.escape(caption)}</caption>(.*?)</table>", page, re.S)
    rows = re.findall(r"<tr>(.*?)</tr>", found.group(1).split("<tbody>")[1], re.S) if found else []
    return [[plain(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.S)] for row in rows]


def plain(markup):
    return " ".join(html.unescape(re.sub(r"<svg.*?</svg>|<[^>]+>", " ", markup, flags=re.S)).split())


def times(page, caption):
    found = re.search(rf"<caption>{re.escape(caption)}</caption>(.*?)</table>", page, re.S)
    return re.findall(r'datetime="([^"]+)"', found.group(1)) if found else []


def transactions(check, name, person):
    """CSV and JSON of the same question, and what each transaction's page says."""
    path = f"/api/v1/ledgers/{person.ledger}/transactions?limit=40"
    items, rows = json.loads(person.get(path))["items"], table(person.get(path, "text/csv"))
    # The ledger goes on between the two answers.
    known = {row["id"]: row for row in rows}
    both = [item for item in items if item["id"] in known]
    check(f"COMMON-39: {name}: CSV and JSON have the same transactions", len(both) > 10, (len(items), len(rows)))
    for item in both:
        row = known[item["id"]]
        told = {key: "" if item[key] is None else str(item[key]) for key in row}
        if not check(f"COMMON-39: {name}: CSV and JSON agree", told == row, (told, row)):
            break
    for item in both[:8]:
        page = person.get(f"/ledgers/{person.ledger}/transactions/{item['id']}", "text/html")
        seen = plain(page)
        check(f"COMMON-39: {name}: the page of a transaction says what the export says",
              all(str(item[key]) in seen for key in ("id", "contract", "operation", "subject"))
              and str(item["height"]) in seen.replace("\u202f", ""), item)


def blocks(check, name, person):
    """A block's page and its JSON."""
    head = json.loads(call("GET", f"{person.url}/api/v1/ledgers")[1])["items"][0]["height"]
    for height in sorted({1, head // 2, head}):
        block = json.loads(person.get(f"/api/v1/ledgers/{person.ledger}/blocks/{height}"))
        page = person.get(f"/ledgers/{person.ledger}/blocks/{height}", "text/html")
        ids = list(dict.fromkeys(re.findall(r"/transactions/([0-9a-f]{64})\"", page)))
        told = [item["id"] for item in block["results"]]
        check(f"COMMON-39: {name}: block {height} has the same transactions on page and export", ids == told, (ids, told))
        check(f"COMMON-39: {name}: and the same hash", block["hash"] in page, block["hash"])


def participant(check, name, person, _):
    """What a participant signed: page and list."""
    people = json.loads(person.get("/api/v1/participants"))["items"]
    for who in [item["id"] for item in people if item["id"] != "genesis"][:4]:
        path = f"/api/v1/ledgers/{person.ledger}/transactions?issuer={urllib.parse.quote(who)}&limit=500"
        page = person.get(f"/ledgers/{person.ledger}/participants/{urllib.parse.quote(who)}", "text/html")
        exported = [item["id"] for item in json.loads(person.get(path))["items"]]
        shown = re.findall(r"/transactions/([0-9a-f]{64})\"", page)
        check(f"COMMON-39: {name}: the page of {who} shows the latest of its export",
              [identity for identity in shown if identity in exported] == shown
              and exported.index(shown[0]) < 20 if shown else True, (len(shown), len(exported)))


def wallet(check, name, person):
    """The statement of an account: JSON, CSV and the page's history."""
    path = "/api/v1/wallet/statement?currency=XPT"
    told, rows = json.loads(person.get(path)), table(person.get(path + "&format=csv"))
    page = cells(person.get("/wallet", "text/html"), "What moved it")
    entries = told["entries"][:min(len(rows), len(told["entries"]))]
    check(f"COMMON-39: {name}: a statement has entries", entries)
    for entry, row in zip(entries, rows):
        same = (entry["time"], str(entry["height"]), entry["transaction"] or "", entry["kind"], entry["other"],
                entry["reference"], entry["change"]["minor"], entry["balance"]["minor"])
        listed = tuple(row[key] for key in ("time", "height", "transaction", "kind", "other", "reference", "change", "balance"))
        if not check(f"COMMON-39: {name}: CSV and JSON of the statement agree", same == listed, (same, listed)):
            break
    exported = {(entry["kind"], money(entry["change"]["minor"]), money(entry["balance"]["minor"])) for entry in told["entries"]}
    # A page sets thin spaces between groups of digits.
    shown = {(row[1], row[4].replace("−", "-").replace("+", "").replace(" ", ""), row[5].replace(" ", "")) for row in page}
    # The page was opened later, so it may know one more.
    check(f"COMMON-39: {name}: the page of the wallet shows what is exported", page and len(shown - exported) <= 2,
          sorted(shown - exported)[:4])


def money(minor):
    number = int(minor)
    return f"{'-' if number < 0 else ''}{abs(number) // 100}.{abs(number) % 100:02}"


def tracing(check, url, folder):
    """JSON-LD: the EPCIS events of a box are those of its page."""
    person = Reader(url, folder, "partner-registry")
    document = json.loads(person.get("/epcis/events", "application/ld+json"))
    events = document["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    check("COMMON-39: the events are JSON-LD with the context of EPCIS 2.0",
          any("epcis-context.jsonld" in str(part) for part in document["@context"]), document["@context"])
    for event in events:
        check("COMMON-39: an exported event has what EPCIS wants", {"type", "eventTime", "eventTimeZoneOffset"} <= set(event), event)

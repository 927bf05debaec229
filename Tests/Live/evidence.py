"""From a figure on a use case's page down to the signed readings under it, for each of the five portals (COMMON-8).

Each page's figures lead to their grounds; each bundle is verified by the program without network, and by other code.
"""
import html
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from process import PROGRAM, REPOSITORY, call, sign_in
from statement import Participant

sys.path.insert(0, str(REPOSITORY / "Tests/Interop"))
from oracle.encoding import decode  # noqa: E402
from oracle.verifier import Bundle  # noqa: E402

#: Who looks at which page, and the pages that its figures lead to on the way.
VISITS = {
    "fish-farming": [("lagoon-farm", "/fish", r"/fish/loan\?[^\"]+"), ("rural-bank", "/fish/bank", r"/fish/loan\?[^\"]+"),
                     ("harvest-mutual", "/fish/insurer", r"/fish/cover\?[^\"]+")],
    "chattel-mortgage": [("nordic-metals", "/goods", r"/receipts/[^\"]+"), ("portwatch", "/halls", r"/receipts/[^\"]+"),
                         ("harbour-bank", "/lending", r"/receipts/[^\"]+"),
                         ("inland-watch", "/halls", r"/receipts/[^\"]+")],
    "energy-north": [("sun", "/energy", r"/energy/intervals/\d+"), ("ivy", "/energy", r"/energy/intervals/\d+"),
                     ("eag-north", "/energy/market", r"/energy/intervals/\d+")],
    "automated-parking": [("driver-7f3a", "/parking", r"/parking/stays/[^\"]+"),
                          ("harbour-parking", "/parking/lots", r"/parking/stays/[^\"]+")],
}
#: Pages and links looked at of one visitor.
PAGES, LINKS = 3, 10
#: Somebody to whom a visitor's figures are nothing.
OTHERS = {"fish-farming": "delta-feeds", "chattel-mortgage": "baltic-trade", "energy-north": "elm",
          "automated-parking": "driver-29c1"}


def portals():
    """Address and folder of each consortium that the demo brought up."""
    output = pathlib.Path(os.environ["CAIRN_DEMO_OUTPUT"]).read_text()
    root = pathlib.Path(os.environ["CAIRN_FOLDER"]).parent
    return {name: (url, root / name) for name, url in re.findall(r"^([a-z-]+)\nPortal +(http\S+)/$", output, re.MULTILINE)}


class Visitor:
    def __init__(self, url, folder, name):
        self.url, self.name = url, name
        self.token = sign_in(url, Participant(name, f"{folder}/keys/{name}.key"))

    def get(self, path, kind="text/html"):
        return call("GET", self.url + path, headers={"Authorization": f"Bearer {self.token}", "Accept": kind})


class Verifier:
    """Verifies bundles offline: the program without a network where the system lets us, and the oracle."""

    def __init__(self, ledger):
        self.ledger = ledger
        probe = subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False)
        self.prefix = ["unshare", "-rn"] if probe.returncode == 0 else []

    def __call__(self, bundle):
        """(what the program said, what the oracle found wrong)."""
        with tempfile.NamedTemporaryFile(suffix=".cbor") as file:
            file.write(bundle)
            file.flush()
            told = subprocess.run([*self.prefix, PROGRAM, "receipt", "verify", file.name, "--ledger", self.ledger,
                                   "--output", "json"], capture_output=True, check=False)
        return told, Bundle(bundle, bytes.fromhex(self.ledger)).run()


def grounds(text):
    """Links to the grounds of figures on a page, each once, in their order."""
    return list(dict.fromkeys(html.unescape(link) for link in re.findall(r'href="(/evidence\?[^"]+)"', text)))


def run(check):
    if "CAIRN_DEMO_OUTPUT" not in os.environ:
        print("skipped the evidence of figures: CAIRN_DEMO_OUTPUT does not name the demo's output", flush=True)
        return
    places = portals()
    box(check, *places["agricultural-tracing"])
    for name, visits in VISITS.items():
        url, folder = places[name]
        ledger = json.loads(call("GET", f"{url}/api/v1/ledgers")[1])["items"][0]["id"]
        verify = Verifier(ledger)
        counts = {"bundles": 0, "records": 0, "readings": 0}
        for person, page, onward in visits:
            visit(check, Visitor(url, folder, person), f"{name}: {person}", page, onward, verify, counts)
        check(f"COMMON-8: {name}: bundles of records and of signed readings", counts["records"] and counts["readings"], counts)
        print(f"{name}: {counts['bundles']} bundles with {counts['records']} records and {counts['readings']} readings", flush=True)
        person, page, onward = visits[0]
        stranger(check, name, Visitor(url, folder, person), Visitor(url, folder, OTHERS[name]), page, onward)


def links_of(visitor, page, onward):
    status, body = visitor.get(page)
    if status != 200:
        raise RuntimeError(f"{page} as {visitor.name}: {status}")
    text, links = body.decode(), []
    pages = list(dict.fromkeys(re.findall(rf'href="({onward})"', text)))[:PAGES]
    for path in [html.unescape(found) for found in pages]:
        links += grounds(visitor.get(path)[1].decode())[:LINKS // 2]
    return list(dict.fromkeys(grounds(text)[:LINKS] + links))


def visit(check, visitor, who, page, onward, verify, counts):
    links = links_of(visitor, page, onward)
    check(f"COMMON-8: {who}: figures of {page} lead to their grounds", links)
    for link in links:
        status, body = visitor.get(link)
        panel = re.search(r'data-evidence="([^"]+)"', body.decode())
        if panel is None:  # nothing that this visitor may read, and the page says so
            check(f"COMMON-8: {who}: {link} says that there is nothing", status == 200 and b"that you may read" in body, status)
            continue
        status, bundle = visitor.get(html.unescape(panel.group(1)), "*/*")
        if not check(f"COMMON-8: {who}: a bundle at {link}", status == 200, bundle[:200]):
            continue
        told, wrong = verify(bundle)
        parts = decode(bundle)
        check(f"COMMON-8: {who}: verified without network", told.returncode == 0, told.stdout[-400:])
        check(f"COMMON-8: {who}: verified by other code", not wrong, wrong)
        report = json.loads(told.stdout) if told.returncode == 0 else {}
        numbers = [item["number"] for item in report.get("checks", [])]
        check(f"COMMON-8: {who}: numbered passes, and what they do not show",
              numbers == list(range(1, len(numbers) + 1)) and report.get("doesNotShow"), report)
        counts["bundles"] += 1
        counts["records"] += len(parts[4]) - len({index for index, *_ in parts[6]})
        counts["readings"] += len(parts[6])
        changed = bytearray(bundle)
        changed[len(changed) // 2] ^= 1
        check(f"COMMON-8: {who}: an altered byte is noticed", verify(bytes(changed))[0].returncode == 9)


def stranger(check, name, visitor, other, page, onward):
    """The grounds of one's figures give another participant no reading, and no record but those that mention them."""
    mine = theirs = 0
    for link in links_of(visitor, page, onward)[:LINKS]:
        own = visitor.get(link.replace("/evidence", "/api/v1/evidence"), "*/*")
        status, bundle = other.get(link.replace("/evidence", "/api/v1/evidence"), "*/*")
        mine += len(decode(own[1])[4]) if own[0] == 200 else 0
        theirs += len(decode(bundle)[4]) if status == 200 else 0
        check(f"COMMON-8: {name}: {link} is for nobody without a session", call("GET", other.url + link)[0] == 401)
    check(f"COMMON-8: {name}: {other.name} gets less than {visitor.name} of the same grounds", theirs < mine, (theirs, mine))


def box(check, url, _):
    """Tracing's page is the consumer's: its bundle is for everybody, with the scale's reading in it."""
    page = json.loads(call("GET", f"{url}/api/v1/demo")[1])["boxes"]["active"]
    text = call("GET", page, headers={"Accept": "text/html"})[1].decode()
    panel = html.unescape(re.search(r'data-evidence="([^"]+)"', text).group(1))
    status, bundle = call("GET", url + panel)
    ledger = json.loads(call("GET", f"{url}/api/v1/ledgers")[1])["items"][0]["id"]
    told, wrong = Verifier(ledger)(bundle)
    check("COMMON-8: the box's bundle verifies without network", status == 200 and told.returncode == 0, told.stdout[-400:])
    check("COMMON-8: and by other code", not wrong, wrong)
    check("COMMON-8: it reaches signed readings", len(decode(bundle)[6]) > 0)

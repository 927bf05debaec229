"""The financial side of fish farming by forms alone: from the application to the decision, and what each party sees of it.

Usage: CAIRN_DEMO_OUTPUT=… CAIRN_FOLDER=… python Tests/Browser/fish_pages.py [--screenshots FOLDER]
of a demo that runs. The papers of the order (order, the seller's confirmation, the payment agreement) are signed here, as the
parties' own systems would. Prints `N passed, N failed` last.
"""
import json
import os
import pathlib
import re
import sys
import time

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "Live")]
from browser import WIDTHS, Checks, chromium, context_of, open_page  # noqa: E402
from process import call, request_as  # noqa: E402
from statement import Participant  # noqa: E402

DEMO = pathlib.Path(os.environ["CAIRN_DEMO_OUTPUT"]).read_text()
BASE = re.search(r"^fish-farming\nPortal +(http[^ ]*)/$", DEMO, re.M).group(1)
KEYS = pathlib.Path(os.environ["CAIRN_FOLDER"]).parent / "fish-farming/keys"
LINKS = {name.strip(): link for name, link in re.findall(r"^(\S.*?) +(http\S+/sign-in/\S+)$", DEMO, re.M) if link.startswith(BASE)}
FARMER, FEED = (Participant(name, str(KEYS / f"{name}.key")) for name in ("lagoon-farm", "delta-feeds"))


class Pages(Checks):
    def signed_in(self, name, width=WIDTHS["desk"]):
        context = context_of(self.browser, width)
        page, _ = open_page(context, BASE, LINKS[name])
        return context, page

    def press(self, page, button):
        """Presses a form's button and waits for the answer; the words of the page that comes."""
        page.get_by_role("button", name=button, exact=True).first.click()
        page = page if hasattr(page, "goto") else page.page
        page.wait_for_load_state()
        text = page.locator("main").inner_text()
        self.expect(f"{button}: is recorded", "Not recorded" not in text and "refused" not in text.lower(), text[:400])
        return text

    def submit(self, person, operation, arguments, about):
        ledger = json.loads(call("GET", f"{BASE}/api/v1/ledgers")[1])["items"][0]["id"]
        _, body = person.sign(ledger, "fish", operation, arguments, about)
        status, answer = call("POST", f"{BASE}/api/v1/transactions", body,
                              {"Content-Type": "application/cose", "Prefer": "wait=20"})
        self.expect(f"{operation} is final", status == 201, answer[:300])

    def case(self, page):
        """Name and value of each fact, and the rows of what the decision rests on."""
        facts = dict(zip(page.locator("main dl dt").all_inner_texts(), page.locator("main dl dd").all_inner_texts()))
        rows = page.locator("main table tbody tr").all_inner_texts()
        return facts, rows

    def loan(self):
        """COMMON-29, FISH-6, FISH-39: apply, decide, accept; both parties see one case."""
        order = f"ORDER-{time.time_ns()}"
        about = f"order:{order}"
        self.submit(FARMER, "order", {"order": order, "seller": "delta-feeds", "amount": 10_000, "goods": "Feed for a month",
                                      "document": bytes(32)}, about)
        self.submit(FEED, "confirmOrder", {"order": order}, about)
        self.submit(FARMER, "entrust", {"order": order, "document": bytes(32)}, about)
        owner, farm = self.signed_in("Lagoon Fish Farm")
        farm.goto(BASE + "/fish")
        # The scenario ended with a consent that was withdrawn.
        farm.select_option("#consent-institution", label="Rural Bank")
        farm.select_option("#consent-do", "share")
        self.press(farm.locator("form[action='/fish/consent']").first, "Record")
        farm.goto(BASE + "/fish")
        farm.select_option("#apply-order", order)
        models = farm.eval_on_selector_all("#apply-model option", "o => o.map(x => [x.value, x.textContent])")
        farm.select_option("#apply-model", [value for value, text in models if text.startswith("Rural Bank")][-1])
        farm.fill("#apply-amount", "100")
        self.press(farm, "Apply")
        _, body = request_as(FARMER, "GET", f"{BASE}/api/v1/ledgers/"
                             f"{json.loads(call('GET', f'{BASE}/api/v1/ledgers')[1])['items'][0]['id']}"
                             "/transactions?issuer=lagoon-farm&limit=500")
        key = [item["subject"][5:] for item in json.loads(body)["items"] if item["operation"] == "apply"][0]
        path = f"{BASE}/fish/loan?key={key.replace('/', '%2F')}"
        office, bank = self.signed_in("Rural Bank")
        bank.goto(BASE + "/fish/bank")
        self.expect("COMMON-29: the bank's desk lists the application", key.split("/")[1] in bank.content(), key)
        bank.goto(path)
        self.expect("COMMON-29: it waits for a decision", "Let the model decide" in bank.content())
        self.press(bank, "Let the model decide")
        farm.goto(path)
        bank.goto(path)
        (facts, rows), (told, lines) = self.case(farm), self.case(bank)
        self.expect("FISH-6: farmer and bank see one case", facts == told and rows == lines, (facts, told))
        self.expect("COMMON-29: with the score and its reasons", "Score" in facts, facts)
        self.expect("FISH-39: whose records it rests on", all(
            any(line.startswith(word) for line in rows) for word in
            ("Records by devices", "Records by third parties", "Records by the farmer's word")), rows)
        self.shoot(farm, "fish-decided")
        for size, width in WIDTHS.items():
            context, _ = self.signed_in("Lagoon Fish Farm", width)
            page, visit = open_page(context, BASE, path)
            self.hold_to_rules(f"case {size}", page, visit, width)
            self.hold_forms(f"case {size}", page)
            context.close()
        if "Accept the offer" in farm.content():
            self.press(farm, "Accept the offer")
            farm.goto(path)
            self.expect("COMMON-29: the loan is live, and its money at the seller's",
                        "Delta Feed and Fry" in self.case(farm)[0]["Paid to"], self.case(farm)[0])
        rival, desk = self.signed_in("City Bank")
        desk.goto(path)
        self.expect("FISH-38: to another bank the case does not exist", key.split("/")[1] not in desk.content())
        for context in (owner, office, rival):
            context.close()

    def cover(self):
        """COMMON-29: a cover is asked for, quoted and bound."""
        owner, farm = self.signed_in("Lagoon Fish Farm")
        farm.goto(BASE + "/fish")
        farm.fill("#insure-sum", "1000")
        self.press(farm, "Ask")
        back = farm.locator("main a[href*='/fish/cover']").first.get_attribute("href")
        office, desk = self.signed_in(next(name for name in LINKS if name.startswith("Harvest Mutual")))
        desk.goto(BASE + back)
        self.press(desk, "Let the model quote")
        farm.goto(BASE + back)
        self.expect("COMMON-29: the premium and its reasons", "Premium" in farm.content())
        if "Pay the premium" in farm.content():
            self.press(farm, "Pay the premium")
        owner.close()
        office.close()

    def run(self):
        for part in (self.loan, self.cover):
            try:
                part()
            except Exception as fault:  # one broken part must not hide the results of the other
                self.failed += 1
                print(f"FAIL {part.__name__}: {fault}", flush=True)
        print(f"\n{self.passed} passed, {self.failed} failed")
        return self.failed


FOLDER = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 and sys.argv[1] == "--screenshots" else None
if FOLDER:
    FOLDER.mkdir(parents=True, exist_ok=True)
with chromium() as browser:
    failed = Pages(browser, FOLDER).run()
sys.exit(1 if failed else 0)

"""Fish farming by forms alone: terms read and signed, tasks of every day, from the application to the decision, what each party
sees of it, objections and claims.

Usage: CAIRN_DEMO_OUTPUT=… CAIRN_FOLDER=… python Tests/Browser/fish_pages.py [--screenshots FOLDER]
of a demo that runs. The papers of the order (order, the seller's confirmation, the payment agreement) are signed here, as the
parties' own systems would. Prints `N passed, N failed` last.
"""
import hashlib
import json
import os
import pathlib
import re
import sys
import time
import urllib.parse

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

    def look(self, name, who, path, what):
        """A page on phone and desk: it holds to the rules, has these words, and is kept as a picture."""
        for size, width in WIDTHS.items():
            context, _ = self.signed_in(who, width)
            page, visit = open_page(context, BASE, path)
            self.hold_to_rules(f"{name} {size}", page, visit, width)
            self.hold_forms(f"{name} {size}", page)
            text = page.locator("main").inner_text()
            self.expect(f"{name} {size}: has its words", all(words in text for words in what), text[:600])
            self.shoot(page, f"fish-{name}-{size}")
            context.close()

    def onboarding(self):
        """FISH-9, FISH-40: a helper explains, the farmer reads, tries out, signs, and keeps a copy with the hash of the ledger."""
        context, page = self.signed_in("Amina Okoye, Extension Service")
        page.goto(BASE + "/fish/onboarding")
        page.select_option("#assist-farmer", label="Bay Fish Farm")
        page.select_option("#assist-language", "Swahili")
        self.press(page, "Record")
        context.close()
        self.look("onboarding", "Amina Okoye, Extension Service", "/fish/onboarding", ("Amina Okoye", "in Swahili", "not signed"))
        context, page = self.signed_in("Bay Fish Farm")
        page.goto(BASE + "/fish")
        self.expect("FISH-40: the farmer is told that nothing is collected yet",
                    "Nothing is collected yet" in page.locator("main").inner_text())
        self.expect("FISH-9: without a farm there is nothing to fill in", page.locator("main form").count() == 0)
        page.get_by_role("link", name="Looking after your ponds and your data").click()
        page.wait_for_load_state()
        words = page.locator("main").inner_text()
        self.expect("FISH-40: privacy is part of the text", "Your data are yours." in words)
        self.expect("COMMON-26: tried out before it is signed", "nothing is signed yet" in words, words[-900:])
        self.expect("FISH-9: it can be read aloud", page.get_by_role("button", name="Read aloud").is_visible())
        with page.expect_download() as download:
            page.get_by_role("link", name="Download my copy").click()
        copy = pathlib.Path(download.value.path()).read_bytes()
        self.expect("FISH-40: the copy has the hash that the page shows", hashlib.sha256(copy).hexdigest() in words)
        self.shoot(page, "fish-terms-unsigned")
        address = page.url
        self.press(page, "Sign with my key")
        page.goto(address)
        self.expect("FISH-40: it is signed, with version and record", "Signed by you" in page.locator("main").inner_text()
                    and page.get_by_role("button", name="Sign with my key").count() == 0)
        page.goto(BASE + "/fish")
        self.expect("FISH-9: who helped is named", "Amina Okoye" in page.locator("main").inner_text())
        context.close()
        silent = context_of(self.browser, WIDTHS["phone"], script=False)
        page, _ = open_page(silent, BASE, LINKS["Bay Fish Farm"])
        page.goto(address)
        self.expect("FISH-9: without a voice the text is there, and no dead button", "Your data are yours."
                    in page.locator("main").inner_text() and not page.locator("[data-read-aloud]").is_visible())
        silent.close()
        self.look("terms", "Lagoon Fish Farm", address, ("Privacy", "Signed by you", "SHA-256"))

    def tasks(self):
        """FISH-9: what is done every day takes no typing: each is one press, with a drawing and words."""
        context, page = self.signed_in("Lagoon Fish Farm", WIDTHS["phone"])
        page.goto(BASE + "/fish")
        tasks = page.locator(".task")
        self.expect("FISH-9: tasks have words beside their drawing", tasks.count() >= 7 and all(
            task.inner_text().strip() and task.locator("svg[aria-hidden=true]").count() == 1 for task in tasks.all()))
        self.expect("FISH-9: none has a field", page.locator(".tasks input:not([type=hidden]), .tasks select").count() == 0)
        sizes = [task.bounding_box() for task in tasks.all()]
        self.expect("FISH-9: large enough for a thumb", all(box["height"] >= 80 and box["width"] >= 120 for box in sizes), sizes[:2])
        for task in ("Measure now", "Aerator on, 30 min", "I do as suggested"):
            page.goto(BASE + "/fish")
            self.press(page, task)
        page.goto(BASE + "/fish")
        page.evaluate("() => { speechSynthesis.speak = speech => { window.spoken = speech.text; }; }")
        page.get_by_role("button", name="Read aloud").first.click()
        said = page.evaluate("window.spoken") or ""
        self.expect("FISH-9: oxygen and advice are said", "Oxygen" in said and "mg/L" in said and "Evidence" not in said, said)
        page.goto(BASE + "/fish")
        page.get_by_role("link", name="Count fish").click()
        page.wait_for_load_state()
        self.expect("FISH-9: deaths, weight and harvest are chosen, not typed",
                    page.locator("main form select").count() >= 4 and page.locator("main form input:not([type=hidden])").count() == 0)
        page.select_option("#recordMortality-count", "2")
        page.locator("#recordMortality").get_by_role("button").click()
        page.wait_for_load_state()
        self.expect("FISH-4: the deaths are recorded", "Recorded" in page.locator("main").inner_text())
        page.get_by_role("link", name="Back").click()
        page.wait_for_load_state()
        address = page.url
        self.expect("FISH-4: and stand on the batch's page", "2 fish" in page.locator("main").inner_text())
        page.locator("table a[href*='/transactions/']").first.click()
        page.wait_for_load_state()
        self.expect("FISH-4: with their proof", "/transactions/" in page.url, page.url)
        context.close()
        self.look("batch", "Lagoon Fish Farm", address, ("Fry", "Feed", "Medicine", "Deaths", "Growth", "Harvest"))
        self.look("farm", "Lagoon Fish Farm", "/fish", ("Feed 2 kg", "Measure now", "How good were the forecasts?", "Contracts"))
        self.look("nights", "Lagoon Fish Farm", "/fish/nights?pond=lagoon-1", ("What was said, and what came",))

    def objection(self):
        """FISH-16: the farmer objects, both speak, an officer answers; messages are read by the two alone."""
        context, farm = self.signed_in("Lagoon Fish Farm")
        farm.goto(BASE + "/fish")
        refused = farm.locator("tr", has_text="Not granted").first.locator("a").first.get_attribute("href")
        farm.goto(BASE + refused)
        link = farm.locator("a[href*='/fish/objection']").first
        if link.count() == 0:
            farm.fill("#object-why", "A loan that I repaid elsewhere is not seen.")
            self.press(farm, "Object")
            farm.goto(BASE + refused)
        path = farm.locator("a[href*='/fish/objection']").first.get_attribute("href")
        farm.goto(BASE + path)
        farm.fill("#say-words", "I bring the papers on Monday.")
        self.press(farm, "Sign and send")
        bank = "City Bank" if "City Bank" in (farm.goto(BASE + path) and farm.locator("main").inner_text()) else "Rural Bank"
        office, desk = self.signed_in(bank)
        desk.goto(BASE + path)
        self.expect("FISH-16: the bank reads the message", "I bring the papers on Monday." in desk.locator("main").inner_text())
        if desk.locator("#answer-reason").count():
            desk.select_option("#answer-verdict", "upheld")
            desk.fill("#answer-reason", "Papers of other banks do not count here.")
            self.press(desk, "Sign the answer")
        farm.goto(BASE + path)
        self.expect("FISH-16: the farmer reads the answer with its reason", "Decision stays" in farm.locator("main").inner_text())
        other, desk = self.signed_in("Rural Bank" if bank == "City Bank" else "City Bank")
        desk.goto(BASE + path)
        self.expect("FISH-16: another bank does not", "papers" not in desk.content())
        for each in (context, office, other):
            each.close()
        self.look("objection", "Lagoon Fish Farm", path, ("The farmer says", "Decision stays", "I bring the papers on Monday."))

    def claims(self):
        """FISH-8: a farmer tells of a loss; the desk has it with its evidence, and the adjuster decides."""
        context, farm = self.signed_in("Lagoon Fish Farm")
        farm.goto(BASE + "/fish")
        path = farm.locator("tr", has_text="Paid out").first.locator("a").first.get_attribute("href")
        farm.goto(BASE + path)
        text = farm.locator("main").inner_text()
        self.expect("FISH-8: exclusions are stated in plain words", "where more than" in text, text[:900])
        farm.select_option("#claim-dead", "500")
        farm.fill("#claim-words", "They lay on the water in the morning.")
        self.press(farm, "Tell of a loss")
        office, desk = self.signed_in("Loss Adjusters of the Delta")
        desk.goto(BASE + "/fish/claims")
        self.expect("FISH-8: the desk has the claim", "They lay on the water" in desk.locator("main").inner_text())
        href = desk.locator("main a[href^='/evidence']").first.get_attribute("href")
        desk.goto(BASE + href)
        self.expect("FISH-8: and its evidence", desk.locator("main").inner_text().count("\n") > 5, desk.url)
        desk.goto(BASE + "/fish/claims")
        desk.select_option("#decide-verdict", "pay")
        desk.fill("#decide-amount", "300")
        desk.fill("#decide-reason", "500 dead fish were counted.")
        self.press(desk, "Sign the decision")
        farm.goto(BASE + path)
        self.expect("FISH-8: the farmer sees what was paid and why", "500 dead fish were counted." in
                    farm.locator("main").inner_text())
        context.close()
        office.close()
        insurer = next(name for name in LINKS if name.startswith("Harvest Mutual"))
        self.look("claims", insurer, "/fish/claims", ("Told by farmers", "Decided by the index", "What covers exclude"))
        self.look("cover", "Lagoon Fish Farm", path, ("Your claim", "where more than"))

    def warning(self):
        """FISH-12, FISH-13: a vet tells of a disease by one form; the farm on that water is warned, and the batch has the finding."""
        context, farm = self.signed_in("Lagoon Fish Farm")
        farm.goto(BASE + "/fish")
        farm.fill("#water-water", "delta")
        farm.locator("#water button").click()
        farm.goto(BASE + "/fish")
        batch = farm.locator("main a[href^='/fish/batch']").first.get_attribute("href").split("id=")[1]
        office, vet = self.signed_in("Veterinary Practice of the Delta")
        vet.goto(BASE + "/fish/vet")
        vet.fill("#disease-batch", urllib.parse.unquote(batch))
        vet.fill("#disease-disease", "columnaris")
        vet.fill("#disease-water", "delta")
        self.press(vet, "Record")
        farm.goto(BASE + "/fish")
        text = farm.locator("main").inner_text()
        self.expect("FISH-13: the farmer's page has the warning", "columnaris in your water" in text, text[-1500:])
        farm.goto(BASE + f"/fish/batch?id={batch}")
        self.expect("FISH-11: the batch has an estimate with its band", "Estimated weight" in farm.locator("main").inner_text())
        context.close()
        office.close()
        self.look("vet", "Veterinary Practice of the Delta", "/fish/vet", ("A disease", "Warn the farms on this water"))
        self.look("batch", "Lagoon Fish Farm", f"/fish/batch?id={batch}", ("Losses, and what the data show", "Estimated value"))

    def run(self):
        for part in (self.loan, self.cover, self.onboarding, self.tasks, self.objection, self.claims, self.warning):
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

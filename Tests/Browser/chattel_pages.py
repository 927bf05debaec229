"""The pages of chattel mortgage: what each role sees and does, and what it does not see.

Usage: [CAIRN_CHATTEL_OUTPUT=FILE] python Tests/Browser/chattel_pages.py [--screenshots FOLDER]
Without the output of a running demo it brings one of its own up. Prints `N passed, N failed` at the end.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from browser import WIDTHS, Checks, chromium, context_of, open_page  # noqa: E402

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
#: Name of the role, its page, and words that it must show.
ROLES = {
    "Nordic Metals": ("/goods", ["Goods by site", "Receipts", "Who looked", "EUR 250,000.00", "South hall"]),
    "Harbour Bank": ("/lending", ["Margin call above", "EUR 350,000.00", "PO-7731", "Truck left its corridor"]),
    "Inland Watch": ("/halls", ["South hall", "Pledged", "90.00 t"]),
    "Port Watch Monitoring": ("/halls", ["North hall", "Free", "kg/m³"]),
}


class Tests(Checks):
    def __init__(self, browser, base, links, screenshots):
        super().__init__(browser, screenshots)
        self.base, self.links = base, links

    def hold(self, name, page, visit, width):
        self.hold_to_rules(name, page, visit, width)
        self.shoot(page, name.replace(" ", "-"))

    def signed_in(self, name, width=WIDTHS["desk"], script=True, scheme="light"):
        context = context_of(self.browser, width, script=script, scheme=scheme)
        page, visit = open_page(context, self.base, self.links[name])
        return context, page, visit

    def roles(self):
        for name, (path, words) in ROLES.items():
            for size, width in WIDTHS.items():
                context, page, visit = self.signed_in(name, width)
                self.expect(f"{name}: is led to {path}", page.url.endswith(path), page.url)
                text = page.locator("main").inner_text()
                self.expect(f"{name}: sees what is theirs", all(word in text for word in words),
                            [word for word in words if word not in text])
                self.hold_forms(name, page)
                self.hold(f"{name} {size}", page, visit, width)
                context.close()
            context, page, visit = self.signed_in(name, script=False)
            self.expect(f"{name}: works without script", page.locator("table").count() > 0)
            context.close()
            context, page, visit = self.signed_in(name, WIDTHS["phone"], scheme="dark")
            self.hold(f"{name} dark", page, visit, WIDTHS["phone"])
            context.close()

    def strangers(self):
        """CHAT-30: a competitor sees no stock of others; the second bank no loan of the first."""
        for name, path in (("Baltic Trade", "/goods"), ("City Bank", "/lending")):
            context, page, visit = self.signed_in(name)
            text = page.locator("main").inner_text()
            foreign = ("CU-", "NORTH-1", "350,000.00") if name == "Baltic Trade" else ("Truck left", "250,000.00")
            self.expect(f"{name}: sees nothing of others", not any(word in text for word in foreign), text[:400])
            for other in {"/goods", "/lending", "/halls"} - {path}:
                page.goto(self.base + other)
                self.expect(f"{name}: may not open {other}", "403" in page.content() or page.locator("table").count() == 0,
                            page.url)
            page.goto(self.base + "/receipts/NORTH-1")
            text = page.locator("main").inner_text()
            self.expect(f"{name}: learns that the receipt is not free", "Not free" in text, text)
            self.expect(f"{name}: and not who has it", "Harbour" not in text and "Nordic" not in text, text)
            context.close()
        context = context_of(self.browser, WIDTHS["desk"])
        page, _ = open_page(context, self.base, "/receipts/NORTH-1")
        self.expect("nobody without a session", "Not free" not in page.content())
        context.close()

    def application(self):
        """CHAT-4, CHAT-5: from the free receipt to the bank's decision, by forms alone."""
        context, page, _ = self.signed_in("Port Watch Monitoring")
        lots = page.eval_on_selector_all("#receipt-lot option", "o => o.map(x => x.value)")
        page.select_option("#receipt-lot", [lot for lot in lots if lot.startswith("CU2-")][0])
        page.click("text=Issue it if the sensors agree")
        self.expect("a receipt by form", "issued" in page.locator("main").inner_text(), page.locator("main").inner_text())
        context.close()

        owner, page, _ = self.signed_in("Nordic Metals")
        page.select_option("#draft-bank", label="City Bank")
        page.fill("#draft-amount", "100000")
        page.fill("#draft-order", "PO-9001")
        page.fill("#draft-orderValue", "200000")
        page.click("text=Prepare the application")
        self.expect("prepared", "Application prepared" in page.locator("main").inner_text(),
                    page.locator("main").inner_text())
        for button in ("Send it to the bank", "Let the bank be told for 90 days"):
            page.goto(self.base + "/goods")
            page.click(f"text={button}")
            page.wait_for_load_state()
            self.expect(button, "Not recorded" not in page.locator("main").inner_text(),
                        page.locator("main").inner_text())

        bank, desk, _ = self.signed_in("City Bank")
        for choose, button in (("authorise", "Ask for 90 days"), ("look", "Open it; the owner sees that")):
            desk.goto(self.base + "/lending")
            # The latest application is this one; the scenario left another.
            values = desk.eval_on_selector_all(f"#{choose}-application option", "o => o.map(x => x.value)")
            mine = [value for value in values if value.startswith("APP-")][-1]
            desk.select_option(f"#{choose}-application", mine)
            if choose == "authorise":
                desk.select_option("#authorise-monitor", label="Port Watch Monitoring")
            desk.click(f"text={button}")
            desk.wait_for_load_state()
            self.expect(button, "Not recorded" not in desk.locator("main").inner_text(),
                        desk.locator("main").inner_text())
        context, hall, _ = self.signed_in("Port Watch Monitoring")
        hall.select_option("#report-application", mine)
        hall.click("text=Tell the bank")
        hall.wait_for_load_state()
        context.close()
        desk.goto(self.base + "/lending")
        self.expect("the status", "Grade A, 0 open alarms, free" in desk.locator("main").inner_text(),
                    desk.locator("main").inner_text())
        desk.select_option("#decide-application", mine)
        desk.select_option("#decide-approved", "no")
        desk.fill("#decide-amount", "0")
        desk.fill("#decide-reason", "The order is not confirmed")
        desk.click("text=Sign the decision")
        desk.wait_for_load_state()
        page.goto(self.base + "/goods")
        text = page.locator("main").inner_text()
        self.expect("the reason reaches the enterprise", "Refused: The order is not confirmed" in text, text)
        self.expect("CHAT-28: the owner sees who looked", "Opened the status" in text, text)
        bank.close()
        owner.close()

    def quantities(self):
        """CHAT-1: every quantity arrives as SenML and is shown with its unit."""
        context, page, _ = self.signed_in("Port Watch Monitoring")
        with urllib.request.urlopen(f"{self.base}/api/v1/ledgers") as answer:
            ledger = f"/ledgers/{json.load(answer)['items'][0]['id']}"
        wanted = {"scale-NORTH.A1": ["weight", "kg"], "contour-NORTH.A1": ["length", "width", "height", "m"],
                  "identity-NORTH.A1": ["count"], "climate-NORTH.AIR": ["temperature", "humidity", "Cel", "%RH"],
                  "motion-TRUCK.CAB": ["lat", "lon", "speed", "shock", "tilt", "m/s"]}
        for device, words in wanted.items():
            page.goto(f"{self.base}{ledger}/devices/urn:dev:ops:32473-{device}")
            page.wait_for_timeout(200)
            text = page.locator("main").inner_text()
            missing = [word for word in words if word.lower() not in text.lower()]
            self.expect(f"CHAT-1: {device}", not missing, (missing, text[:600]))
        context.close()
        context, page, _ = self.signed_in("Nordic Metals")
        answer = page.goto(f"{self.base}{ledger}/devices/urn:dev:ops:32473-scale-NORTH.A1")
        self.expect("CHAT-30: another's device has no page for the enterprise", answer.status == 404, answer.status)
        context.close()

    def sequence(self):
        """COMMON-36: the case as the report's diagram, from stored records."""
        context, page, visit = self.signed_in("Nordic Metals")
        page.locator("a[href^='/cases/LOAN-']").first.click()
        page.wait_for_url("**/cases/LOAN-*")
        self.hold("the room of a case", page, visit, WIDTHS["desk"])
        page.click("text=messages of this case")
        page.wait_for_url("**/sequence*")
        text = page.content()
        words = ("change in bay", "loan request, sent", "request for status data", "status report", "decision, limit",
                 "release of goods", "goods taken over")
        missing = [word for word in words if word not in text]
        self.expect("the sequence has every step", not missing, missing)
        self.shoot(page, "sequence")
        context.close()

    def run(self):
        for part in (self.roles, self.strangers, self.quantities, self.sequence, self.application):
            try:
                part()
            except Exception as fault:  # one broken part must not hide the results of the others
                self.failed += 1
                print(f"FAIL {part.__name__}: {fault}", flush=True)


def run_on(base, output, screenshots):
    links = dict(re.findall(r"^(\S.*?)  +(http\S+/sign-in/\S+)$", output, re.M))
    with chromium() as browser:
        tests = Tests(browser, base, links, screenshots)
        tests.run()
    print(f"{tests.passed} passed, {tests.failed} failed")
    return 0 if tests.failed == 0 else 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--screenshots", type=pathlib.Path)
    screenshots = parser.parse_args().screenshots
    if screenshots:
        screenshots.mkdir(parents=True, exist_ok=True)
    if "CAIRN_CHATTEL_OUTPUT" in os.environ:
        output = pathlib.Path(os.environ["CAIRN_CHATTEL_OUTPUT"]).read_text()
        return run_on(re.search(r"^Portal  +(http\S+)/$", output, re.M).group(1), output, screenshots)
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out"
        with out.open("w") as file:
            node = subprocess.Popen(
                [str(REPOSITORY / ".build/release/cairn"), "demo", "--use-case", "chattel-mortgage", "--port", "0",
                 "--folder", f"{folder}/demo"],
                stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.DEVNULL, cwd=REPOSITORY)
        try:
            deadline = time.monotonic() + 180
            while "City Bank  " not in out.read_text() and time.monotonic() < deadline and node.poll() is None:
                time.sleep(0.2)
            output = out.read_text()
            return run_on(re.search(r"^Portal  +(http\S+)/$", output, re.M).group(1), output, screenshots)
        finally:
            node.terminate()
            node.wait(30)


if __name__ == "__main__":
    sys.exit(main())

"""Pages of automated parking: visitor and prices for everybody, driver and operator behind sign-in; a charge is disputed.

Usage: CAIRN_DEMO_OUTPUT=… python Tests/Browser/parking_pages.py [--screenshots FOLDER]
of a demo of this use case that runs. Prints `N passed, N failed` last.
"""
import os
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from browser import WIDTHS, Checks, chromium, open_page  # noqa: E402

DEMO = pathlib.Path(os.environ["CAIRN_DEMO_OUTPUT"]).read_text()
#: A demo of several consortia prints the address of each.
BASE = re.search(r"^automated-parking\nPortal +(http[^ ]*)/$", DEMO, re.M).group(1)
FOLDER = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 and sys.argv[1] == "--screenshots" else None


class Pages(Checks):
    def look(self, context, path, name, width):
        """A page that answers, and is as every page has to be."""
        page, visit = open_page(context, BASE, path)
        status = page.evaluate("performance.getEntriesByType('navigation')[0].responseStatus")
        self.expect(f"{name}: answers", status == 200, status)
        self.hold_to_rules(name, page, visit, width)
        self.shoot(page, name)
        return page

    def context(self, width, scripts=True, state=None):
        return self.browser.new_context(
            viewport={"width": width, "height": 800}, java_script_enabled=scripts, storage_state=state)

    def signed_in(self, home):
        for link in re.findall(re.escape(BASE) + r"/sign-in/\S+", DEMO):
            context = self.context(WIDTHS["desk"])
            page = context.new_page()
            page.goto(link)
            if page.url.endswith(home) and (home != "/parking" or "7F3A" in page.content()):
                return context.storage_state()
            context.close()
        raise RuntimeError(f"no link leads to {home}")

    def run(self):
        for name, width in WIDTHS.items():
            context = self.context(width)
            self.look(context, "/parking/visitor", f"visitor-{name}", width)
            self.look(context, "/parking/prices/harbour", f"prices-{name}", width)
        # PARK-1: found by its plate, without an account and without a script.
        page = self.context(360, scripts=False).new_page()
        page.goto(BASE + "/parking/visitor")
        page.get_by_label("Plate", exact=False).first.fill("k-xy 9031")
        page.get_by_role("button", name="Find").click()
        self.expect("PARK-1: a visitor looks a plate up", "Stays of this plate" in page.content())
        driver, manager = self.signed_in("/parking"), self.signed_in("/parking/lots")
        for name, width in WIDTHS.items():
            page = self.look(self.context(width, state=driver), "/parking", f"driver-{name}", width)
            self.expect("PARK-17: stays with their prices", "points" in page.content() and "Stays" in page.content())
            page = self.look(self.context(width, state=manager), "/parking/lots", f"manager-{name}", width)
            self.expect("PARK-16: occupancy, revenue, cases", all(
                word in page.content() for word in ("Revenue", "Cases for a person", "spaces taken", "Publish")))
        self.dispute(driver)
        print(f"\n{self.passed} passed, {self.failed} failed")
        return self.failed

    def dispute(self, driver):
        """PARK-17: from the receipt, a reason and one click."""
        context = self.context(WIDTHS["phone"], state=driver)
        paths, deadline = [], time.monotonic() + 120
        while time.monotonic() < deadline:
            page = context.new_page()
            page.goto(BASE + "/parking")
            paths = page.eval_on_selector_all(
                'a[href^="/parking/stays/"]', "links => links.map(link => link.getAttribute('href'))")
            for path in dict.fromkeys(paths):
                page.goto(BASE + path)
                if not page.get_by_label("What is wrong").count() or "disputed" in page.content():
                    continue
                page = self.look(context, path, "receipt", WIDTHS["phone"])
                self.expect("PARK-7: the bill line by line",
                            "first hour" in page.content() or "for the stay" in page.content())
                page.get_by_label("What is wrong").fill("I was not there")
                page.get_by_role("button", name="Dispute this charge").click()
                self.expect("PARK-17: a charge is disputed", "Recorded" in page.content())
                return
            page.close()
            time.sleep(3)
        self.expect("PARK-17: there is a stay to dispute", False, paths)


with chromium() as browser:
    failed = Pages(browser, FOLDER).run()
sys.exit(1 if failed else 0)

"""A Chromium on the machine, driven by Playwright, and what every visit to a page is held to."""

import contextlib
import os
import pathlib
from dataclasses import dataclass, field

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

CHROMIUM = os.environ.get("CAIRN_CHROMIUM", "/usr/bin/chromium")
WIDTHS = {"phone": 360, "desk": 1280}
#: Bytes of a consumer's page with all that it loads (AGR-10).
MAXIMUM_BYTES = 200_000


@dataclass
class Visit:
    """What happened while a page was open."""

    origin: str
    messages: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    received: int = 0

    @property
    def foreign(self) -> list[str]:
        return [url for url in self.requests if not url.startswith((self.origin, "blob:", "data:"))]


@contextlib.contextmanager
def chromium():
    with sync_playwright() as playwright:
        options = {"executable_path": CHROMIUM} if pathlib.Path(CHROMIUM).exists() else {}
        browser = playwright.chromium.launch(args=["--no-sandbox"], **options)
        try:
            yield browser
        finally:
            browser.close()


def context_of(browser: Browser, width: int, scheme: str = "light", script: bool = True) -> BrowserContext:
    return browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme,
                               java_script_enabled=script, accept_downloads=True, timezone_id="Europe/Berlin")


def open_page(context: BrowserContext, base: str, path: str) -> tuple[Page, Visit]:
    """Opens a page and records its console, its requests and how much it received."""
    page, visit = context.new_page(), Visit(base)

    def on_message(message):
        # Chromium reports the status of the document itself as a console error; an unknown code is meant to be 404.
        if message.type in ("error", "warning") and "status of 404" not in message.text:
            visit.messages.append(message.text)

    finished = []
    page.on("console", on_message)
    page.on("pageerror", lambda error: visit.messages.append(str(error)))
    page.on("request", lambda request: visit.requests.append(request.url))
    page.on("requestfinished", lambda request: finished.append(request))
    page.goto(path if path.startswith("http") else base + path, wait_until="load")
    page.wait_for_timeout(150)
    # Live updates stay open for as long as the page; they are not part of what a page weighs. Asked for here and not as they come: a
    # question from inside an event waits for ever when the page is closed meanwhile.
    for request in list(finished):
        sizes = request.sizes()
        visit.received += sizes["responseBodySize"] + sizes["responseHeadersSize"]
    return page, visit


class Checks:
    """Counts what holds and names what does not, and keeps pictures where a folder is given."""

    def __init__(self, browser: Browser, screenshots: pathlib.Path | None):
        self.browser, self.screenshots = browser, screenshots
        self.passed = self.failed = 0

    def expect(self, name: str, condition, detail="") -> None:
        if condition:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAIL {name} {detail}", flush=True)

    def shoot(self, page: Page, name: str) -> None:
        if self.screenshots:
            page.screenshot(path=str(self.screenshots / f"{name}.png"), full_page=True)

    def hold_to_rules(self, name: str, page: Page, visit: Visit, width: int) -> None:
        """What is true of every page: silent console, own host only, nothing wider than the screen, axe content."""
        self.expect(f"{name}: console", not visit.messages, visit.messages)
        self.expect(f"{name}: own host only", not visit.foreign, visit.foreign)
        scroll = page.evaluate("document.documentElement.scrollWidth")
        self.expect(f"{name}: fits {width} px", scroll <= width, f"is {scroll} px wide")
        violations = [violation for violation in Axe().run(page).response["violations"]
                      if violation["impact"] in ("serious", "critical")]
        self.expect(f"{name}: axe", not violations,
                    [(item["id"], [node["html"][:120] for node in item["nodes"][:3]]) for item in violations])

    def hold_forms(self, name: str, page: Page) -> None:
        fields = page.evaluate(
            "[...document.forms].map(f => f.querySelectorAll('input:not([type=hidden]), select').length)")
        self.expect(f"{name}: forms of at most five fields", all(count <= 5 for count in fields), fields)

"""The pages behind sign-in, with the links that the demo printed (CAIRN_DEMO_OUTPUT names its standard output)."""

import os
import pathlib
import re

from playwright.sync_api import Error

from browser import WIDTHS, context_of, open_page

#: Path of each page, and a word that its heading's small line says.
PAGES = {"/farm": "Farm", "/laboratory": "Testing agency", "/carrier": "Carrier", "/shop": "Shop"}
#: Pages visited from one start page; a working page links to a handful of forms.
MAXIMUM_PAGES = 12


def sign_in_links(base: str) -> list[str]:
    """Links of the site at ``base``: the output has those of every consortium."""
    path = os.environ.get("CAIRN_DEMO_OUTPUT")
    if path is None or not pathlib.Path(path).exists():
        return []
    return re.findall(re.escape(base) + r"/sign-in/\S+", pathlib.Path(path).read_text())


def visit_working_pages(tests, base: str) -> None:
    """Opens each link, walks what the page that it leads to links to, and records a fertilising."""
    links = sign_in_links(base)
    if not links:
        print("skipped the pages behind sign-in: CAIRN_DEMO_OUTPUT does not name the demo's output")
        return
    seen = set()
    for link in links:
        context = context_of(tests.browser, WIDTHS["desk"])
        page, _ = open_page(context, base, link)
        start = page.url[len(base):] or "/"
        if start in PAGES:
            seen.add(start)
            tests.expect(f"{start}: who one is", page.locator(".visitor strong").is_visible())
            walk(tests, context, base, start)
            if start == "/farm":
                try:
                    fertilise(tests, context, base)
                except Error as fault:
                    tests.expect("fertilising is confirmed", False, str(fault).split("\n")[0])
        context.close()
    tests.expect("pages of every role", seen == set(PAGES), seen)


def walk(tests, context, base: str, start: str) -> None:
    waiting, done = [start], set()
    while waiting and len(done) < MAXIMUM_PAGES:
        path = waiting.pop(0)
        if path in done:
            continue
        done.add(path)
        for size, width in WIDTHS.items():
            try:
                page, visit = open_page(context, base, path)
            except Error as fault:
                tests.expect(f"{path} {size}: opens", False, str(fault).split("\n")[0])
                continue
            page.set_viewport_size({"width": width, "height": 800})
            page.wait_for_timeout(100)
            tests.hold_to_rules(f"{path} {size}", page, visit, width)
            tests.hold_forms(f"{path} {size}", page)
            tests.shoot(page, f"work{re.sub('[^a-z]+', '-', path.lower())[:40]}-{size}")
            for href in page.eval_on_selector_all("main a[href]", "links => links.map(link => link.pathname + link.search)"):
                if href.startswith(start + "/"):
                    waiting.append(href)
            page.close()


def fertilise(tests, context, base: str) -> None:
    """AGR-6: from the farm's page in at most five taps, and the mark goes on to "Confirmed"."""
    page, _ = open_page(context, base, "/farm")
    page.click("text=Fertilise")
    page.fill("[name=product]", "Kali 60")
    page.fill("[name=kilogramsPerHectare]", "120")
    page.click("form.card button[type=submit]")
    page.wait_for_selector(".progress .progress-done, .notice, .problem", timeout=15_000)
    tests.shoot(page, "work-fertilised")
    page.wait_for_function(
        "document.querySelectorAll('.progress-done').length === 3 || document.querySelector('.notice-good')",
        timeout=20_000)
    tests.expect("fertilising is confirmed", True)

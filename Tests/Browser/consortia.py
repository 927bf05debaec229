"""Every consortium that the demo brought up beside the first: each role's page, and what it leads to, on phone and desk."""

import os
import pathlib
import re

from playwright.sync_api import Error

from browser import WIDTHS, context_of, open_page

#: Pages visited from one role's page.
MAXIMUM_PAGES = 4


def portals() -> dict[str, list[str]]:
    """Sign-in links by the portal's address, as the demo printed them."""
    path = os.environ.get("CAIRN_DEMO_OUTPUT")
    if path is None or not pathlib.Path(path).exists():
        return {}
    found = {}
    for link in re.findall(r"http\S+/sign-in/\S+", pathlib.Path(path).read_text()):
        found.setdefault(link[:link.index("/sign-in/")], []).append(link)
    return found


def consortia(tests, base: str) -> None:
    others = {address: links for address, links in portals().items() if address != base}
    if not others:
        print("skipped the other consortia: CAIRN_DEMO_OUTPUT names none")
        return
    start(tests, base, others)
    pays(tests)
    for address, links in others.items():
        seen = set()
        for link in links:
            context = context_of(tests.browser, WIDTHS["desk"])
            page, _ = open_page(context, address, link)
            home = page.url[len(address):] or "/"
            tests.expect(f"{address}: signed in", page.locator(".visitor strong").is_visible(), page.url)
            page.close()
            # People of one role see the same kind of page; the first of them walks it.
            if home not in seen:
                seen.add(home)
                walk(tests, context, address, home)
            context.close()


def start(tests, base: str, others) -> None:
    """The start page leads to each of them, and its doors open."""
    context = context_of(tests.browser, WIDTHS["desk"])
    page, _ = open_page(context, base, "/")
    doors = page.eval_on_selector_all(".doors a[href]", "links => links.map(link => link.href)")
    for address in others:
        tests.expect(f"the start page leads to {address}", any(door.startswith(address) for door in doors), doors)
    context.close()


def pays(tests) -> None:
    """COMMON-34: somebody with money pays from the wallet's page; the form sent again moves nothing."""
    output = pathlib.Path(os.environ["CAIRN_DEMO_OUTPUT"]).read_text()
    found = re.search(r"^Ivy Cottage\s+(http\S+?)(/sign-in/\S+)", output, re.MULTILINE)
    if not found:
        print("skipped paying: nobody with money is in this demo")
        return
    address = found.group(1)
    context = context_of(tests.browser, WIDTHS["phone"])
    open_page(context, address, address + found.group(2))[0].close()
    page, visit = open_page(context, address, "/wallet")
    tests.expect("points are not legal tender, and it says so", "not legal tender" in page.inner_text("main"))
    form = page.locator("form[action='/wallet/payments']")
    form.locator("[name=to]").select_option("oak")
    form.locator("[name=amount]").fill("1.25")
    form.locator("[name=reference]").fill("Ladder, lent")
    form.locator("button[type=submit]").click()
    page.wait_for_load_state()
    tests.shoot(page, "wallet-paid")
    page, _ = open_page(context, address, "/wallet")
    rows = page.locator("tr", has_text="Ladder, lent")
    tests.expect("COMMON-34: the payment is in the history, once", rows.count() == 1, rows.count())
    tests.expect("COMMON-34: with what it took", "1.25" in rows.first.inner_text(), page.inner_text("main")[:400])
    context.close()


def walk(tests, context, base: str, home: str) -> None:
    waiting, done = [home], set()
    while waiting and len(done) < MAXIMUM_PAGES:
        path = waiting.pop(0)
        if path in done:
            continue
        done.add(path)
        name = f"{base.rsplit(':', 1)[-1]}{path}"
        for size, width in WIDTHS.items():
            try:
                page, visit = open_page(context, base, path)
            except Error as fault:
                tests.expect(f"{name} {size}: opens", False, str(fault).split("\n")[0])
                continue
            page.set_viewport_size({"width": width, "height": 800})
            page.wait_for_timeout(100)
            tests.expect(f"{name} {size}: heading", page.locator("h1").count() == 1)
            tests.hold_to_rules(f"{name} {size}", page, visit, width)
            tests.hold_forms(f"{name} {size}", page)
            tests.shoot(page, f"other{re.sub('[^a-z0-9]+', '-', name.lower())[:48]}-{size}")
            for href in page.eval_on_selector_all("main a[href]", "links => links.map(link => link.pathname)"):
                if href.startswith(home.rstrip("/") + "/"):
                    waiting.append(href)
            page.close()

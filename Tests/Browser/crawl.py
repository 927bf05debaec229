"""Follows the links of public pages: each leads somewhere, and every page is held to the same rules."""

import re

from playwright.sync_api import Error

from browser import WIDTHS, context_of, open_page

#: Pages visited at most, and of one shape (numbers and hashes aside): a ledger has many blocks that look alike.
MAXIMUM_PAGES = 40
MAXIMUM_OF_A_SHAPE = 3
#: Addresses that are not pages, or need a role.
NOT_PAGES = re.compile(r"^/(api|assets|log|entries|farm|labels|credit|laboratory|carrier|shop|\.well-known|openapi\.json)\b")


def shape(path: str) -> str:
    return re.sub(r"[0-9a-f]{64}|urn:[^/]+|%[0-9A-F]{2}|\d+|[A-Z0-9-]{8,}", "*", path)


def crawl(tests, base: str, context=None) -> None:
    """As a visitor, or as whoever is signed in in the context."""
    context = context or context_of(tests.browser, WIDTHS["phone"])
    waiting, done, shapes = ["/"], set(), {}
    while waiting and len(done) < MAXIMUM_PAGES:
        path = waiting.pop(0)
        if path in done or shapes.get(shape(path), 0) >= MAXIMUM_OF_A_SHAPE:
            continue
        done.add(path)
        shapes[shape(path)] = shapes.get(shape(path), 0) + 1
        try:
            page, visit = open_page(context, base, path)
        except Error as fault:
            tests.expect(f"link to {path}", False, str(fault).split("\n")[0])
            continue
        status = page.evaluate("performance.getEntriesByType('navigation')[0].responseStatus")
        tests.expect(f"link to {path}", status == 200, status)
        page.set_viewport_size({"width": WIDTHS["phone"], "height": 800})
        page.wait_for_timeout(100)
        tests.hold_to_rules(path, page, visit, WIDTHS["phone"])
        tests.shoot(page, f"crawl{re.sub('[^a-z*]+', '-', shape(path))[:60]}-{shapes[shape(path)]}")
        for href in page.eval_on_selector_all(
                "a[href]:not([download])", "links => links.map(link => link.origin === location.origin"
                " ? link.pathname + link.search : '')"):
            if href and not NOT_PAGES.match(href):
                waiting.append(href)
        page.close()
    tests.expect("pages found by following links", len(done) >= 5, done)
    context.close()

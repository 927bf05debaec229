"""The pages behind sign-in, with the links that the demo printed (CAIRN_DEMO_OUTPUT names its standard output)."""

import hashlib
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
                try:
                    picture(tests, context, base)
                except Error as fault:
                    tests.expect("a picture is published", False, str(fault).split("\n")[0])
        context.close()
    tests.expect("pages of every role", seen == set(PAGES), seen)


def picture(tests, context, base: str) -> None:
    """AGR-17: a part that is drawn over is blurred before the picture leaves the browser; both hashes are signed."""
    page, _ = open_page(context, base, "/farm/picture")
    page.fill("[name=caption]", "Ripe on the vine")
    # A picture whose left half is a fine pattern and whose right half is one colour.
    drawing = page.evaluate("""async () => {
        const canvas = new OffscreenCanvas(200, 100), pen = canvas.getContext("2d");
        for (let x = 0; x < 200; x += 1) for (let y = 0; y < 100; y += 1) {
            pen.fillStyle = x < 100 ? ((x + y) % 2 ? "#000" : "#fff") : "#1a5";
            pen.fillRect(x, y, 1, 1);
        }
        const bytes = new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer());
        return Array.from(bytes);
    }""")
    page.set_input_files("input[type=file]", {"name": "field.png", "mimeType": "image/png", "buffer": bytes(drawing)})
    page.wait_for_selector("canvas:not([hidden])")
    box = page.locator("canvas").bounding_box()
    page.mouse.move(box["x"] + 2, box["y"] + 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 2)
    page.mouse.up()
    page.click("button[type=submit] >> text=Sign and publish")
    page.wait_for_selector("[role=status] a, [role=status]:has-text('Not recorded')", timeout=20_000)
    tests.shoot(page, "work-picture")
    link = page.locator("[role=status] a")
    tests.expect("AGR-17: the picture is recorded and published", link.count() == 1, page.inner_text("[role=status]"))
    spread = page.evaluate("""async (address) => {
        const picture = await createImageBitmap(await (await fetch(address)).blob());
        const canvas = new OffscreenCanvas(picture.width, picture.height), pen = canvas.getContext("2d");
        pen.drawImage(picture, 0, 0);
        const row = pen.getImageData(10, 50, 60, 1).data;
        let changes = 0;
        for (let x = 4; x < row.length; x += 4) if (Math.abs(row[x] - row[x - 4]) > 60) changes += 1;
        return changes;
    }""", link.get_attribute("href"))
    tests.expect("AGR-17: what was drawn over is gone from what is published", spread < 10, spread)
    state = page.request.get(f"{base}/api/v1/ledgers").json()["items"][0]["id"]
    digest = link.get_attribute("href").rsplit("/", 1)[1]
    record = page.request.get(f"{base}/api/v1/ledgers/{state}/state?key=agri%2Fdocuments%2F{digest}").json()["decoded"]
    wanted = hashlib.sha256(bytes(drawing)).hexdigest()
    tests.expect("AGR-17: the hash of the original is signed, too", record["original"] == wanted, record)
    page.close()


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

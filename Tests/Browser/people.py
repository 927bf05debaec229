"""Signing in with real authenticators: a passkey, a key made in the browser by an invitation, keys for programs."""

import json
import os
import pathlib
import sys
import urllib.error
import urllib.request

from browser import WIDTHS, context_of, open_page
from signed_in import sign_in_links

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Live"))
from statement import Participant  # noqa: E402


def sign_in(tests, base: str, home: str):
    """A context that is signed in by the link that leads to `home`."""
    for link in sign_in_links(base):
        context = context_of(tests.browser, WIDTHS["desk"])
        page, _ = open_page(context, base, link)
        if page.url.endswith(home):
            page.close()
            return context
        context.close()
    raise RuntimeError(f"no link leads to {home}")


def call(base: str, path: str, token: str | None = None, method: str = "GET", headers: dict | None = None,
         body: bytes | None = None) -> tuple[int, bytes]:
    asked = urllib.request.Request(base + path, method=method, data=body, headers=dict(headers or {}))
    if token:
        asked.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def people(tests, base: str) -> None:
    if not sign_in_links(base):
        print("skipped signing in: CAIRN_DEMO_OUTPUT does not name the demo's output")
        return
    farm = sign_in(tests, base, "/farm")
    programs(tests, base, farm)
    invitation(tests, base, farm)
    newcomer(tests, base)
    passkey(tests, base.replace("127.0.0.1", "localhost"))
    farm.close()


def programs(tests, base: str, context) -> None:
    page, visit = open_page(context, base, "/account")
    tests.hold_to_rules("account", page, visit, WIDTHS["desk"])
    tests.shoot(page, "account")
    page.fill("[name=name]", "Reads the ledger")
    page.select_option("[name=scope]", "ledgers:read")
    page.click("#program button[type=submit]")
    token = page.inner_text("[data-new-token]").strip()
    tests.expect("COMMON-22: a key for a program", token.startswith("cairn_"), token[:10])
    ledger = json.loads(call(base, "/api/v1/ledgers")[1])["items"][0]["id"]
    tests.expect("COMMON-22: within its scope", call(base, f"/api/v1/ledgers/{ledger}/blocks", token)[0] == 200)
    status, body = call(base, "/api/v1/participants", token)
    tests.expect("COMMON-22: outside its scope", status == 403 and b"scope-needed" in body, body)
    page, _ = open_page(context, base, "/account")
    tests.expect("the token is shown once", page.locator("[data-new-token]").count() == 0)
    page.locator("form", has_text="Reads the ledger").get_by_role("button").click()
    tests.expect("a deleted key opens nothing", call(base, f"/api/v1/ledgers/{ledger}/blocks", token)[0] == 401)
    cookie = "; ".join(f"{c['name']}={c['value']}" for c in context.cookies())
    status, body = call(base, "/organisation/invitations", method="POST", body=b"id=x&function=y&role=approver",
                        headers={"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"})
    tests.expect("a form that is not ours is refused", status == 403 and b"csrf" in body, body)


def invitation(tests, base: str, administrator) -> None:
    page, visit = open_page(administrator, base, "/organisation")
    tests.hold_to_rules("organisation", page, visit, WIDTHS["desk"])
    name = f"clerk-{page.evaluate('Date.now()')}"
    page.fill("[name=id]", name)
    page.fill("[name=function]", "Farm clerk")
    page.select_option("#invite [name=role]", "approver")
    page.click("#invite button[type=submit]")
    link = page.inner_text("[data-invitation]")
    tests.shoot(page, "organisation-invited")
    person = context_of(tests.browser, WIDTHS["phone"])
    page, visit = open_page(person, base, link)
    tests.hold_to_rules("join", page, visit, WIDTHS["phone"])
    page.click("[data-join] button")
    page.wait_for_url(lambda url: "/join/" not in url, timeout=20_000)
    page, _ = open_page(person, base, "/account")
    tests.expect("COMMON-20: joined with a key made in the browser", name in page.inner_text("main"),
                 page.inner_text("main"))
    tests.shoot(page, "account-of-a-person")
    again, _ = open_page(context_of(tests.browser, WIDTHS["phone"]), base, link)
    tests.expect("an invitation works once", again.evaluate(
        "performance.getEntriesByType('navigation')[0].responseStatus") == 404)
    exported = page.evaluate("""async () => {
        const open = indexedDB.open("cairn-keys");
        const database = await new Promise((done) => { open.onsuccess = () => done(open.result); });
        const all = database.transaction("keys").objectStore("keys").getAll();
        const keys = await new Promise((done) => { all.onsuccess = () => done(all.result); });
        try { await crypto.subtle.exportKey("pkcs8", keys[0].privateKey); return "exported"; }
        catch (fault) { return `${keys.length} ${keys[0].privateKey.extractable} ${fault.name}`; }
    }""")
    tests.expect("COMMON-20: the private key cannot be read", exported == "1 false InvalidAccessError", exported)
    page.click(".visitor button")
    page, _ = open_page(person, base, "/sign-in")
    page.wait_for_selector("[data-key-sign-in]:not([hidden])")
    tests.shoot(page, "sign-in-with-key")
    page.click("[data-key-sign-in] button")
    page.wait_for_url(lambda url: not url.endswith("/sign-in"), timeout=20_000)
    page, _ = open_page(person, base, "/account")
    tests.expect("COMMON-20: signed in again with the key of this browser", name in page.inner_text("main"))
    revoke, _ = open_page(administrator, base, "/organisation")
    revoke.select_option("#revoke [name=id]", name)
    revoke.click("#revoke button[type=submit]")
    revoke.wait_for_selector("text=revoked")
    page.reload()
    tests.expect("COMMON-20: revoked is out at once", page.evaluate(
        "performance.getEntriesByType('navigation')[0].responseStatus") == 401)
    person.close()


def newcomer(tests, base: str) -> None:
    """Somebody from outside claims an enrolment by a code, is approved by the registrar, and pays with a key of this browser."""
    registrar = sign_in(tests, base, "/participants")
    page, visit = open_page(registrar, base, "/participants")
    tests.hold_to_rules("participants", page, visit, WIDTHS["desk"])
    page.fill("#invite [name=name]", "Visiting buyer")
    page.select_option("#invite [name=role]", "seller")
    page.select_option("#invite [name=member]", "retail")
    page.click("#invite button[type=submit]")
    link = page.inner_text("[data-invitation]")
    tests.shoot(page, "participants-code")
    person = context_of(tests.browser, WIDTHS["phone"])
    claim, visit = open_page(person, base, link)
    tests.hold_to_rules("claim", claim, visit, WIDTHS["phone"])
    name = claim.get_attribute("[data-join]", "data-person")
    ledger = claim.get_attribute("[data-join]", "data-ledger")
    claim.click("[data-join] button")
    claim.wait_for_selector("[data-claimed]:not([hidden])", timeout=20_000)
    kid = claim.inner_text("[data-kid]").strip()
    tests.shoot(claim, "claim-waiting")
    tests.expect("a claim waits with the first characters of its key", len(kid) == 16, kid)
    claim.click("[data-claimed] button")
    claim.wait_for_selector("[data-sign-in-problem]:not([hidden])", timeout=20_000)
    tests.expect("nobody signs in before the registrar's word", "/join/" in claim.url, claim.url)
    other = context_of(tests.browser, WIDTHS["phone"])
    thief, _ = open_page(other, base, link)
    thief.click("[data-join] button")
    thief.wait_for_selector("[data-sign-in-problem]:not([hidden])", timeout=20_000)
    tests.expect("the code takes one key", "another key" in thief.inner_text("[data-sign-in-problem]"))
    other.close()
    page, visit = open_page(registrar, base, "/participants")
    tests.hold_to_rules("participants with a claim", page, visit, WIDTHS["desk"])
    form = page.locator(f"form[data-claimant='{name}']")
    tests.expect("the registrar compares the same characters", kid in form.inner_text(), form.inner_text())
    tests.shoot(page, "participants-claim")
    form.get_by_role("button", name="Enrol this key").click()
    page.wait_for_load_state()
    tests.expect("enrolled, it is among the participants", page.locator("table", has_text=name).count() == 1)
    claim.reload()
    claim, _ = open_page(person, base, "/sign-in")
    claim.wait_for_selector("[data-key-sign-in]:not([hidden])")
    claim.click("[data-key-sign-in] button")
    claim.wait_for_url(lambda url: not url.endswith("/sign-in"), timeout=20_000)
    tests.expect("the newcomer signs in with the key of this browser", claim.locator(".visitor strong").is_visible(), claim.url)
    pays_alone(tests, base, ledger, name, person)
    person.close()
    registrar.close()


def pays_alone(tests, base: str, ledger: str, name: str, person) -> None:
    """A payment that this browser's key signs: the node does not have it."""
    folder = os.environ.get("CAIRN_FOLDER")
    if folder is None:
        print("skipped the newcomer's payment: CAIRN_FOLDER does not name the consortium's folder")
        return
    tests.expect("the node does not have the newcomer's key", not pathlib.Path(folder, "keys", f"{name}.key").exists())
    issuer = Participant("accreditor", f"{folder}/keys/accreditor.key")
    _, statement = issuer.sign(ledger, "wallet", "issue", {"to": name, "amount": 900, "currency": "XPT"}, name)
    status, answer = call(base, "/api/v1/transactions", method="POST", body=statement,
                          headers={"Content-Type": "application/cose", "Prefer": "wait=20"})
    tests.expect("the newcomer has points", status == 201, answer)
    page, visit = open_page(person, base, "/wallet")
    tests.hold_to_rules("a newcomer's wallet", page, visit, WIDTHS["phone"])
    form = page.locator("form[action='/wallet/payments']")
    form.locator("[name=to]").select_option("farm")
    form.locator("[name=amount]").fill("1.75")
    form.locator("[name=reference]").fill("Signed in a browser")
    form.locator("button[type=submit]").click()
    page.wait_for_selector("tr:has-text('Signed in a browser')", timeout=20_000)
    row = page.locator("tr", has_text="Signed in a browser").first
    tests.expect("a payment signed in the browser is final", "1.75" in row.inner_text(), row.inner_text())
    tests.shoot(page, "wallet-own-key")
    link = row.locator("a").first.get_attribute("href")
    record, _ = open_page(person, base, link)
    tests.expect("its record names the newcomer as signer",
                 record.locator(f"main a[href$='/participants/{name}']").count() == 1, record.url)


def passkey(tests, base: str) -> None:
    links = sign_in_links(base.replace("localhost", "127.0.0.1"))
    context = context_of(tests.browser, WIDTHS["phone"])
    page, _ = open_page(context, base, base + links[0][links[0].index("/sign-in/"):])
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True}})
    page.goto(f"{base}/account")
    page.click("[data-passkey-register]")
    page.wait_for_selector("form:has-text('Delete')", timeout=20_000)
    tests.expect("a passkey is registered", page.locator("form:has-text('Delete')").count() == 1)
    tests.shoot(page, "account-passkey")
    page.click(".visitor button")
    page.goto(f"{base}/sign-in")
    page.click("[data-passkey-sign-in]")
    page.wait_for_url(lambda url: not url.endswith("/sign-in"), timeout=20_000)
    tests.expect("signed in with a passkey", page.locator(".visitor strong").is_visible())
    page.click(".visitor button")
    session.send("WebAuthn.disable")
    context.close()

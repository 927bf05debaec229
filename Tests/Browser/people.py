"""Signing in with real authenticators: a passkey, a key made in the browser by an invitation, keys for programs."""

import json
import urllib.error
import urllib.request

from browser import WIDTHS, context_of, open_page
from signed_in import sign_in_links


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

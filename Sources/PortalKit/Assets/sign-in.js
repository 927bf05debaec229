// Signing in by passkey or by the key of this browser, registering a passkey, joining an organisation.

import { hex } from "./cbor.js";
import { answerTo, keepKey, makeKey, ownKey } from "./own-key.js";

function tell(fault) {
  const place = document.querySelector("[data-sign-in-problem]");
  if (!place) return;
  place.textContent = fault.name === "NotAllowedError" ? "Nothing was chosen, or it took too long. Try again." : fault.message;
  place.hidden = false;
}

async function post(path, body, headers = {}) {
  const response = await fetch(path, { method: "POST", body, headers });
  const answer = response.status === 204 ? {} : await response.json();
  if (!response.ok) throw new Error(answer.detail ?? `the node answered ${response.status}`);
  return answer;
}

const JSON_TYPE = { "Content-Type": "application/json" };

/** Runs an action on a click, once at a time, and shows what went wrong. */
function onClick(button, action) {
  button?.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await action();
    } catch (fault) {
      tell(fault);
    } finally {
      button.disabled = false;
    }
  });
}

async function signInByPasskey() {
  const options = PublicKeyCredential.parseRequestOptionsFromJSON(await post("/api/v1/sign-in/passkey/options"));
  const credential = await navigator.credentials.get({ publicKey: options });
  const answer = await post("/api/v1/sign-in/passkey", JSON.stringify(credential.toJSON()), JSON_TYPE);
  location.assign(answer.home);
}

async function registerPasskey(csrf) {
  const forgery = { "X-CSRF-Token": csrf };
  const options = await post("/api/v1/account/passkeys/options", undefined, forgery);
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  const credential = await navigator.credentials.create({ publicKey });
  await post("/api/v1/account/passkeys", JSON.stringify(credential.toJSON()), { ...JSON_TYPE, ...forgery });
  location.reload();
}

export async function signInByKey(ledger, key) {
  const nonce = hex(crypto.getRandomValues(new Uint8Array(32)));
  const { challenge } = await post("/api/v1/sign-in/challenges", JSON.stringify({ nonce }), JSON_TYPE);
  const answer = await post("/api/v1/sign-in/key?cookie=1", await answerTo(challenge, ledger, key),
    { "Content-Type": "application/cbor" });
  location.assign(answer.home);
}

async function join({ token, person, ledger }) {
  const key = await makeKey(person);
  // Kept before it is enrolled: a key on the ledger that nobody holds would be lost.
  await keepKey(ledger, key);
  const answer = await post(`/api/v1/invitations/${token}`, JSON.stringify({ key: hex(key.cose) }), JSON_TYPE);
  // Who comes from outside waits until a registrar has enrolled the key.
  if (answer.kid) showClaim(key);
  else await signInByKey(ledger, key);
}

const SHOWN_DIGITS = 16;

function showClaim(key) {
  const claimed = document.querySelector("[data-claimed]");
  if (!claimed) return;
  document.querySelector("[data-join]").hidden = true;
  claimed.querySelector("[data-kid]").textContent = hex(key.kid).slice(0, SHOWN_DIGITS);
  claimed.hidden = false;
  onClick(claimed.querySelector("button"), () => signInByKey(claimed.dataset.ledger, key));
}

export async function openSignIn() {
  onClick(document.querySelector("[data-passkey-sign-in]"), signInByPasskey);
  const register = document.querySelector("[data-passkey-register]");
  onClick(register, () => registerPasskey(register.closest("[data-csrf]").dataset.csrf));
  const invitation = document.querySelector("[data-join]");
  onClick(invitation?.querySelector("button"), () => join(invitation.dataset));
  if (document.querySelector("[data-claimed]")) {
    // The page was opened again while the claim waits: the key is here already.
    const kept = await ownKey(invitation.dataset.ledger);
    if (kept?.owner === invitation.dataset.person) showClaim(kept);
  }
  const byKey = document.querySelector("[data-key-sign-in]");
  if (!byKey) return;
  const key = await ownKey(byKey.dataset.ledger);
  if (!key) return;
  byKey.querySelector("[data-key-owner]").textContent = key.owner;
  byKey.hidden = false;
  onClick(byKey.querySelector("button"), () => signInByKey(byKey.dataset.ledger, key));
}

// Paying with the key of this browser: the form is signed here and only the statement is sent.

import { ownKey, signStatement, submit } from "./own-key.js";

/** An amount like 12.50 in minor units. */
function minor(text) {
  const parts = /^(\d+)(?:[.,](\d{1,2}))?$/.exec(text.trim());
  if (!parts) throw new Error("An amount is like 12.50.");
  return Number(parts[1] + (parts[2] ?? "").padEnd(2, "0"));
}

export function openWallet() {
  const wallet = document.querySelector("[data-wallet][data-own-key]");
  wallet?.querySelector("form")?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const place = document.querySelector("[data-wallet-problem]");
    const button = event.target.querySelector("button");
    button.disabled = true;
    try {
      const { ledger, signer } = wallet.dataset;
      const key = await ownKey(ledger);
      if (key?.owner !== signer) throw new Error(`This browser has no key of ${signer}. Use the browser that you joined with.`);
      const fields = new FormData(event.target);
      const terms = new Map([
        ["to", fields.get("to")], ["amount", minor(fields.get("amount"))], ["currency", fields.get("currency")],
        ["payment", fields.get("payment")],
      ]);
      if (fields.get("reference")) terms.set("reference", fields.get("reference"));
      await submit(await signStatement(["wallet", "transfer", terms], fields.get("to"), ledger, key));
      location.reload();
    } catch (fault) {
      place.textContent = fault.message;
      place.hidden = false;
    } finally {
      button.disabled = false;
    }
  });
}

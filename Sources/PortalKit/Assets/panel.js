// The panel on a record's page: fetches the evidence bundle, checks it here, and holds the page to what it proves.

import { compareWithKept, keepCheckpoint, keptCheckpoint } from "./kept.js";
import { element, showFault, showReport, valueText } from "./report.js";
import { verifyBundle } from "./verify.js";

/** Wires a panel; its button appears only now, since without script it could do nothing. */
export function openPanel(panel) {
  const button = panel.querySelector("[data-verify]");
  const report = panel.querySelector("[data-report]");
  button.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    report.replaceChildren(element("p", "", "Fetching the evidence and checking it\u2026"));
    try {
      const result = await verifyPanel(panel);
      showReport(report, result);
      if (result.ok) offerToKeep(report, result.contents);
      markSteps(result);
      warn(result.ok);
    } catch (fault) {
      showFault(report, fault.message);
      warn(false);
    } finally {
      button.disabled = false;
    }
  });
}

async function verifyPanel(panel) {
  const response = await fetch(panel.dataset.evidence);
  if (!response.ok) throw new Error(`The server did not give the evidence (${response.status}). Try again later.`);
  const result = await verifyBundle(new Uint8Array(await response.arrayBuffer()), panel.dataset.ledger);
  if (!result.contents) return result;
  const add = (check) => result.checks.push({ number: result.checks.length + 1, ...check });
  const kept = keptCheckpoint(panel.dataset.ledger);
  if (kept) add(await compareWithKept(kept, result.contents.head, panel.dataset.consistency));
  const claims = [...panel.querySelectorAll("[data-claim]")];
  if (claims.length > 0) add(compareClaims(claims, result.contents.state));
  result.ok = result.checks.every((check) => check.ok !== false);
  return result;
}

// A server could show one thing and prove another; what the page says is compared with the proved records.
function compareClaims(claims, state) {
  const check = { title: "The page says what the records say", ok: true, detail: "" };
  const kept = [];
  for (const claim of claims) {
    const { claim: key, field } = claim.dataset;
    const record = state.get(key);
    const proved = record === undefined ? null : record === null ? "" : valueText(record.get(field) ?? "");
    if (proved !== claim.value) {
      const instead = proved === null ? "nothing about it is proved" : `the record says ${proved || "nothing"}`;
      const detail = `The page says ${claim.textContent}: ${claim.value || "none"}, but ${instead}.`;
      return { ...check, ok: false, detail };
    }
    kept.push(`${claim.textContent}: ${claim.value || "none"}`);
  }
  return { ...check, detail: `${kept.join("; ")}.` };
}

function offerToKeep(report, contents) {
  const button = element("button", "quiet", "Keep this checkpoint");
  button.type = "button";
  button.addEventListener("click", () => {
    keepCheckpoint(contents.ledger, contents.head);
    button.replaceWith(element("p", "kept",
      "Kept in this browser. The next check also shows that nothing was taken back."));
  });
  report.append(button);
}

function markSteps(result) {
  const proved = new Set(result.contents?.statements.map((statement) => statement.id));
  for (const step of document.querySelectorAll("[data-transaction]")) {
    step.querySelector(".step-proof")?.remove();
    if (step.dataset.transaction === "") continue;
    const isProved = result.ok && proved.has(step.dataset.transaction);
    step.querySelector(".step-source").append(element("span", `step-proof step-proof-${isProved ? "yes" : "no"}`,
      isProved ? "\u2713 proved in your browser" : result.ok ? "not in this evidence" : "\u2717 not proved"));
  }
}

function warn(ok) {
  document.querySelector(".proof-warning")?.remove();
  if (ok) return;
  const warning = element("p", "proof-warning",
    "The evidence behind this page did not pass your browser\u2019s checks. Do not rely on what the page says.");
  warning.setAttribute("role", "alert");
  document.querySelector("main").prepend(warning);
}

// Shows the result of verifyBundle as a numbered list, and the records as they were decoded here.

import { hex, Tagged } from "./cbor.js";

/** Makes an element; text only, never markup, since what a bundle says is not to be trusted. */
export function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

const WORDS = new Map([[true, "passed"], [false, "failed"], [null, "nothing to check"]]);
const SIGNS = new Map([[true, "\u2713"], [false, "\u2717"], [null, "\u2013"]]);

/** Replaces the content of `place` by the report. */
export function showReport(place, result) {
  const judged = result.checks.filter((check) => check.ok !== null);
  const passed = judged.filter((check) => check.ok).length;
  place.dataset.result = result.ok ? "passed" : "failed";
  place.replaceChildren(
    element("p", "report-verdict", result.ok
      ? `Verified by your browser: ${passed} of ${judged.length} checks passed`
      : `Not verified: ${judged.length - passed} of ${judged.length} checks failed`),
    element("p", "report-advice", result.ok
      ? "The records are as they were signed and registered."
      : "Do not rely on these records. Someone or something altered them, or the file is not complete."),
    checkList(result.checks),
    element("h3", "", "What this does not show"),
    element("ul", "report-limits", ...result.notShown.map((text) => element("li", "", text))));
  if (result.contents) place.append(recordList(result.contents));
}

/** Says that no verdict could be reached; that is a failure too, not a pass. */
export function showFault(place, message) {
  place.dataset.result = "failed";
  place.replaceChildren(element("p", "report-verdict", "Not verified"), element("p", "report-advice", message));
}

function checkList(checks) {
  return element("ol", "checks", ...checks.map((check) => {
    const sign = element("span", "check-sign", SIGNS.get(check.ok));
    sign.setAttribute("aria-hidden", "true");
    const item = element("li", `check check-${check.ok === null ? "none" : check.ok ? "passed" : "failed"}`,
      sign,
      element("span", "check-title", `${check.number}. ${check.title}`,
        element("span", "visually-hidden", `: ${WORDS.get(check.ok)}`)),
      element("span", "check-detail", check.detail));
    item.dataset.check = check.number;
    return item;
  }));
}

function recordList(contents) {
  const details = element("details", "records", element("summary", "", "The records, as your browser read them"));
  for (const statement of contents.statements) {
    details.append(element("section", "",
      element("h4", "", `${statement.contract} \u00b7 ${statement.name}`),
      factList([
        ["About", statement.subject], ["Signed by", statement.issuer],
        ["Registered", `block ${statement.height}, ${timeText(statement.time)}`],
        ...[...statement.arguments].map(([name, value]) => [name, valueText(value)]),
        ["Id", statement.id],
      ])));
  }
  for (const reading of contents.readings) {
    details.append(element("section", "",
      element("h4", "", `Reading ${reading.sequence} of ${reading.device}`),
      factList([["Payload", payloadText(reading.payload)], ["Received", timeText(reading.received)]])));
  }
  for (const [title, text] of contents.notes) {
    details.append(element("section", "", element("h4", "", `${title} (not proved)`), element("p", "", text)));
  }
  return details;
}

function factList(facts) {
  return element("dl", "facts", ...facts.map(([name, value]) => (
    element("div", "", element("dt", "", name), element("dd", "", value)))));
}

function timeText(milliseconds) {
  const time = new Date(Number(milliseconds));
  return Number.isNaN(time.getTime()) ? `${milliseconds}` : time.toISOString().replace(/\.\d+Z$/, "Z");
}

function payloadText(bytes) {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (text.startsWith("[") || text.startsWith("{")) return text;
  } catch {
    // SenML in CBOR is not text; it is shown in hexadecimal.
  }
  return hex(bytes);
}

/** A decoded value in words; long bytes are cut, since their hash is what was checked. */
export function valueText(value) {
  if (value === null) return "none";
  if (value instanceof Uint8Array) {
    return value.length > 40 ? `${hex(value.subarray(0, 24))}\u2026 (${value.length} bytes)` : hex(value);
  }
  if (Array.isArray(value)) return value.map(valueText).join(", ") || "none";
  if (value instanceof Map) return [...value].map(([name, item]) => `${name}: ${valueText(item)}`).join("; ") || "none";
  if (value instanceof Tagged) return valueText(value.value);
  return String(value);
}

// The desk at which a visitor verifies a file of his own: on the verify page, and in the verifier file.

import { showFault, showReport } from "./report.js";
import { verifyBundle } from "./verify.js";

/**
 * Wires a desk. `afterwards(result, desk)` may add checks to a result before it is shown.
 */
export function openDesk(desk, afterwards) {
  const file = desk.querySelector("#desk-file");
  const ledger = desk.querySelector("#desk-ledger");
  const report = desk.querySelector("[data-report]");
  let bytes = null;

  async function run() {
    if (!bytes) return;
    const expected = ledger.value.trim().toLowerCase();
    if (expected !== "" && !/^[0-9a-f]{64}$/.test(expected)) {
      showFault(report, "The ledger id has to be 64 hexadecimal digits, or be left empty.");
      return;
    }
    try {
      const result = await verifyBundle(bytes, expected === "" ? null : expected);
      if (afterwards) await afterwards(result, desk);
      showReport(report, result);
    } catch (fault) {
      showFault(report, fault.message);
    }
  }

  async function take(chosen) {
    if (!chosen) return;
    bytes = new Uint8Array(await chosen.arrayBuffer());
    await run();
  }

  file.addEventListener("change", () => take(file.files[0]));
  for (const other of desk.querySelectorAll("input:not(#desk-file)")) other.addEventListener("change", run);
  desk.addEventListener("dragover", (event) => {
    event.preventDefault();
    desk.classList.add("is-over");
  });
  desk.addEventListener("dragleave", () => desk.classList.remove("is-over"));
  desk.addEventListener("drop", (event) => {
    event.preventDefault();
    desk.classList.remove("is-over");
    take(event.dataTransfer.files[0]);
  });
}

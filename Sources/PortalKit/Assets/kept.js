// A checkpoint that the visitor kept: proof that the log today still contains the log of then.
//
// It is stored in this browser only, and only after the visitor asked for it.

import { fromHex, hex } from "./cbor.js";
import { parseCheckpoint } from "./checkpoint.js";
import { isConsistent } from "./merkle.js";

const storageKey = (ledger) => `cairn-checkpoint-${ledger}`;

/** `{size, root}` (root in hex) that was kept for the ledger, or null. */
export function keptCheckpoint(ledger) {
  try {
    const kept = JSON.parse(localStorage.getItem(storageKey(ledger)));
    return Number.isSafeInteger(kept?.size) && /^[0-9a-f]{64}$/.test(kept?.root) ? kept : null;
  } catch {
    return null;
  }
}

/** Keeps the signed head of a verified bundle. */
export function keepCheckpoint(ledger, head) {
  localStorage.setItem(storageKey(ledger), JSON.stringify({ size: head.size, root: head.root }));
}

/** Reads a checkpoint note that the visitor kept as a file. */
export function checkpointFromFile(text, ledger) {
  const checkpoint = parseCheckpoint(text.includes("\n\n") ? text : `${text.trimEnd()}\n\n`);
  if (checkpoint.origin !== `cairn/${ledger}`) throw new Error("The checkpoint you kept is of another ledger.");
  return { size: checkpoint.size, root: hex(checkpoint.root) };
}

/**
 * One more check, which needs a proof from the server; the proof is worth nothing unless both roots follow from it,
 * so the server's word is not taken here either.
 */
export async function compareWithKept(kept, head, consistencyURL) {
  const check = { title: "The log still contains what you kept", ok: null, detail: "" };
  const [older, newer] = kept.size <= head.size ? [kept, head] : [head, kept];
  try {
    let path = [];
    if (older.size !== newer.size) {
      const response = await fetch(`${consistencyURL}?first=${older.size}&second=${newer.size}`);
      if (!response.ok) throw new Error(`the server gave no consistency proof (${response.status})`);
      path = (await response.json()).path.map(fromHex);
    }
    check.ok = await isConsistent(older.size, fromHex(older.root), newer.size, fromHex(newer.root), path);
    check.detail = check.ok
      ? `The ${kept.size.toLocaleString("en")} records you kept are part of the log, unchanged.`
      : "The log no longer contains the records you kept. Keep your checkpoint: it is evidence.";
  } catch (fault) {
    check.ok = false;
    check.detail = `Not shown: ${fault.message}.`;
  }
  return check;
}

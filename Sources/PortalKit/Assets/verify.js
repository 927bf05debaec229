// Checks an evidence bundle (formats.md "Evidence bundle") without asking anyone: eight numbered checks.
//
// Nothing here talks to a server. What a check needs is in the bundle; what the bundle could lie about (who the
// members are) is bound to the ledger id that the visitor expects, because that id is the hash of genesis.

import { decode, encode, FormatFault, hex, sameBytes } from "./cbor.js";
import { checkpointSigners, parseCheckpoint } from "./checkpoint.js";
import { votersOf, keyFrom, parseStatement, signatureStructure, verifies } from "./cose.js";
import { leafHash, rootFromInclusion, rootFromState, sha256 } from "./merkle.js";

/** Media type and version string of the bundles this verifier reads. */
export const BUNDLE_TYPE = "application/vnd.cairn.evidence+cbor";
const BUNDLE_VERSION = "cairn-evidence/1";

const TITLES = [
  "The bundle is well formed",
  "It belongs to the ledger you expect",
  "A quorum of members signed every block",
  "Every statement is in the log",
  "Every state record is in the signed state",
  "Every statement is signed by the one it names",
  "Every reading is signed by its device",
  "The checkpoint names the same log",
];

/** What no check can show, in words for everyone. */
export const NOT_SHOWN = [
  "That a sensor told the truth, or stood where it should have stood. A signature shows which device spoke.",
  "That a person's statement is true. It shows who made it, when it was registered, and that it was not altered.",
  "That nothing was left unsaid. Only the records in this bundle were checked.",
];

/**
 * Runs the checks. `expectedLedger` is the ledger id in hex that the visitor knows from elsewhere, or null.
 * Returns `{ok, checks: [{number, title, ok, detail}], notShown, contents}`; `ok` of a check is null when there was
 * nothing for it to do. `contents` holds the records as decoded here, so that what is shown is what was checked.
 */
export async function verifyBundle(bytes, expectedLedger) {
  if (!globalThis.crypto?.subtle) {
    throw new Error("This page was not opened over https, and browsers then offer no cryptography. "
      + "Download the verifier file and open it from your disk instead.");
  }
  const work = { bytes, expectedLedger };
  const checks = [];
  const steps = [checkForm, checkLedger, checkBlocks, checkInclusion, checkState, checkSigners, checkReadings,
    checkCheckpoint];
  for (const [index, step] of steps.entries()) {
    const check = { number: index + 1, title: TITLES[index], ok: null, detail: "Not reached." };
    checks.push(check);
    if (index > 0 && !work.bundle) continue;
    try {
      Object.assign(check, await step(work));
    } catch (fault) {
      Object.assign(check, { ok: false, detail: `${sentence(fault.message)}` });
    }
  }
  const ok = checks.every((check) => check.ok !== false);
  return { ok, checks, notShown: NOT_SHOWN, contents: work.bundle ? contentsOf(work) : null };
}

const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;
const pass = (detail) => ({ ok: true, detail });
const fail = (detail) => ({ ok: false, detail });
const nothing = (detail) => ({ ok: null, detail });

/** The first error of several records, as "statement 2: …"; null when all of `faults` are null. */
function firstFault(noun, faults) {
  const index = faults.findIndex((fault) => fault !== null);
  return index < 0 ? null : fail(`${noun} ${index + 1} of ${faults.length}: ${faults[index]}.`);
}

function need(condition, message) {
  if (!condition) throw new FormatFault(message);
}

// 1. Strict decoding, of the bundle and of everything in it that is CBOR.
async function checkForm(work) {
  const map = decode(work.bytes);
  need(map instanceof Map && map.get(1) === BUNDLE_VERSION, `this is not a ${BUNDLE_VERSION} file`);
  const bundle = {
    genesisBytes: map.get(2), genesis: decode(map.get(2)), checkpoint: map.get(7) ?? null, notes: map.get(8) ?? [],
    blocks: map.get(3).map(([header, certificate]) => ({ headerBytes: header, header: decode(header), certificate })),
    changes: (map.get(9) ?? []).map(([header, certificate, members]) => (
      { headerBytes: header, header: decode(header), certificate, members })),
    state: map.get(5).map(([key, value, [siblings, terminal]]) => ({ key, value, siblings, terminal })),
    readings: map.get(6).map(([statement, reading, inclusion]) => (
      { statement, bytes: reading, reading: decode(reading), inclusion: inclusionFrom(inclusion) })),
  };
  bundle.statements = [];
  for (const [block, statement, inclusion] of map.get(4)) {
    need(block < bundle.blocks.length, "a statement names a block that is not there");
    bundle.statements.push(
      { block, bytes: statement, inclusion: inclusionFrom(inclusion), ...await parseStatement(statement) });
  }
  need(bundle.blocks.length > 0 && bundle.statements.length > 0, "a bundle has at least one block and one statement");
  need(bundle.readings.every((entry) => entry.statement < bundle.statements.length && entry.reading[0] === 1),
    "a reading names a statement that is not there, or has another version");
  for (const record of bundle.state) if (!isAbsence(record)) record.decoded = decode(record.value);
  need([...map.keys()].every((key) => key >= 1 && key <= 9), "the bundle has unknown parts");
  work.bundle = bundle;
  return pass(`${count(bundle.blocks.length, "block")}, ${count(bundle.statements.length, "statement")}, `
    + `${count(bundle.state.length, "state record")}, ${count(bundle.readings.length, "reading")}; `
    + `${work.bytes.length.toLocaleString("en")} bytes of deterministic CBOR.`);
}

const isAbsence = (record) => record.value === null || record.value.length === 0;

function inclusionFrom([size, index, path]) {
  return { size, index, path };
}

/** Members that sign from a height on; checkpoints are theirs from a size of the log on. */
async function periodOf(set, from, logSize, names) {
  const members = [];
  for (const [id, key] of set) members.push({ id, name: names.get(id) ?? id, key: await keyFrom(key) });
  return { from, logSize, members, hash: await sha256(encode(set)) };
}

const periodAt = (work, height) => work.periods.findLast((period) => period.from <= height);

// 2. The ledger id is the hash of genesis; genesis names the members and their keys, and each header that announces others
// is signed by a quorum of those before.
async function checkLedger(work) {
  const { genesis, genesisBytes, changes } = work.bundle;
  work.ledger = await sha256(genesisBytes);
  const names = new Map(genesis.get(5));
  work.periods = [await periodOf(genesis.get(4), 0, 0, names)];
  for (const { headerBytes, header, certificate, members } of changes) {
    const before = work.periods.at(-1);
    const period = await periodOf(members, header.get(3) + 1, header.get(6) + 1, names);
    need(sameBytes(header.get(2), work.ledger) && period.from > before.from && sameBytes(header.get(11), period.hash)
      && !sameBytes(period.hash, before.hash), `block ${header.get(3)} announces other members than the bundle says`);
    const voters = await votersOf(certificate, headerBytes, before.members);
    need(voters.size >= quorum(before.members.length), `block ${header.get(3)}, which changes the members, is not final`);
    work.periods.push(period);
  }
  work.members = work.periods.at(-1).members;
  const id = hex(work.ledger);
  if (!work.expectedLedger) {
    return nothing(`The bundle says ledger ${id}. Compare this id with one from a source you trust.`);
  }
  return id === work.expectedLedger
    ? pass(`${genesis.get(2)}, ledger ${id}, with ${count(work.members.length, "member")}.`)
    : fail(`The bundle is of ledger ${id}, you expect ${work.expectedLedger}.`);
}

/** q = ⌈(n+f+1)/2⌉ with f = ⌊(n−1)/3⌋ (formats.md "Finality certificate"). */
export function quorum(members) {
  return Math.ceil((members + Math.floor((members - 1) / 3) + 1) / 2);
}

// 3. Each header is of this ledger and has a quorum of distinct members' votes.
async function checkBlocks(work) {
  let needed = 0;
  const faults = await each(work.bundle.blocks, async (block) => {
    if (!sameBytes(block.header.get(2), work.ledger)) return "its header names another ledger";
    const height = block.header.get(3);
    if (!sameBytes(block.header.get(11), periodAt(work, height + 1).hash)) {
      return "its header names other members than the ledger had";
    }
    const { members } = periodAt(work, height);
    needed = quorum(members.length);
    block.voters = await votersOf(block.certificate, block.headerBytes, members);
    return block.voters.size >= needed ? null : `${block.voters.size} valid votes, ${needed} are needed`;
  });
  return firstFault("Block", faults) ?? pass(
    `${count(faults.length, "block")}, each with at least ${needed} valid votes of ${work.members.length} members: `
    + `${[...new Set(work.bundle.blocks.flatMap((block) => [...block.voters]))].sort().join(", ")}.`);
}

// 4. Leaf hash and path reach the log root of the block's header.
async function checkInclusion(work) {
  const faults = await each(work.bundle.statements, async ({ block, bytes, inclusion }) => {
    const header = work.bundle.blocks[block].header;
    if (inclusion.size !== header.get(6)) return "its proof is for another size of the log";
    const root = await rootFromInclusion(await leafHash(bytes), inclusion.index, inclusion.size, inclusion.path);
    return root && sameBytes(root, header.get(7)) ? null : "its path does not lead to the signed root";
  });
  return firstFault("Statement", faults) ?? pass(`${count(faults.length, "statement")}, each by its path of hashes.`);
}

// 5. Each state record leads to the state root of the last block.
async function checkState(work) {
  work.proved = new Map();
  const head = work.bundle.blocks.at(-1).header;
  const faults = await each(work.bundle.state, async (record) => {
    const value = isAbsence(record) ? null : record.value;
    const root = await rootFromState(record.key, value, record.siblings, record.terminal);
    if (!root || !sameBytes(root, head.get(8))) return "its path does not lead to the signed state root";
    work.proved.set(new TextDecoder().decode(record.key), value === null ? null : record.decoded);
    return null;
  });
  if (faults.length === 0) return nothing("The bundle has no state records.");
  return firstFault("State record", faults)
    ?? pass(`${count(faults.length, "record")} as they stood at block ${head.get(3)}.`);
}

/** The key record of `kid` if it was proved, belongs to `owner` and is valid at `height`; otherwise why not. */
async function provedKey(work, kid, kind, owner, height) {
  const record = work.proved?.get(`membership/keys/${hex(kid)}`);
  if (!record) return { fault: "its key is not among the proved records" };
  const key = await keyFrom(decode(record.get("key")));
  if (!sameBytes(key.thumbprint, kid)) return { fault: "its key does not have the thumbprint it is filed under" };
  if (record.get("kind") !== kind) return { fault: `its key is not a ${kind}'s` };
  if (record.get("owner") !== owner) return { fault: `its key belongs to ${record.get("owner")}, not to ${owner}` };
  const until = record.get("until");
  const valid = record.get("from") <= height && (until === null || height < until);
  return valid ? { key } : { fault: `its key was not valid at block ${height}` };
}

// 6. The signer's key is proved, is the issuer's, was valid at the block, and the signature verifies.
async function checkSigners(work) {
  const faults = await each(work.bundle.statements, async (statement) => {
    if (!sameBytes(statement.ledger, work.ledger)) return "it was made for another ledger";
    const height = work.bundle.blocks[statement.block].header.get(3);
    const { key, fault } = await provedKey(work, statement.kid, "participant", statement.issuer, height);
    if (fault) return fault;
    if (key.algorithm !== statement.algorithm) return "its algorithm is not its key's";
    return await verifies(key, statement.signed, statement.signature) ? null : "its signature is wrong";
  });
  const signers = [...new Set(work.bundle.statements.map((statement) => statement.issuer))].sort();
  return firstFault("Statement", faults) ?? pass(`Signed by ${signers.join(", ")}.`);
}

// 7. Each reading is in its batch's root and signed by the device its topic names.
async function checkReadings(work) {
  const devices = new Set();
  const faults = await each(work.bundle.readings, async ({ statement, bytes, reading, inclusion }) => {
    const batch = work.bundle.statements[statement];
    const [, topic, sequence, kid, payload, signature] = reading;
    if (batch.contract !== "telemetry" || batch.name !== "batch") return "its statement is not a batch of readings";
    const { index, size, path } = inclusion;
    const root = await rootFromInclusion(await leafHash(bytes), index, size, path);
    if (!root || !sameBytes(root, batch.arguments.get("root"))) return "its path does not lead to the batch's root";
    const height = work.bundle.blocks[batch.block].header.get(3);
    const device = topic.split("/")[3];
    const { key, fault } = await provedKey(work, kid, "device", device, height);
    if (fault) return fault;
    const header = encode(new Map([[1, key.algorithm], [4, kid]]));
    const message = signatureStructure(header, encode([topic, sequence]), payload);
    devices.add(device);
    return await verifies(key, message, signature) ? null : "its device's signature is wrong";
  });
  if (faults.length === 0) return nothing("The bundle has no single readings.");
  const names = [...devices].sort().join(", ");
  return firstFault("Reading", faults)
    ?? pass(`${count(faults.length, "reading")} of ${count(devices.size, "device")}: ${names}.`);
}

// 8. The checkpoint, if there is one, is of the head's log and signed by a quorum of members and by nobody else.
async function checkCheckpoint(work) {
  if (work.bundle.checkpoint === null) return nothing("The bundle has no checkpoint.");
  const checkpoint = parseCheckpoint(work.bundle.checkpoint);
  const head = work.bundle.blocks.at(-1).header;
  if (checkpoint.origin !== `cairn/${hex(work.ledger)}`) return fail("The checkpoint is of another log.");
  // The head's header gives the log before its own SEAL leaf; the tree with that leaf is one larger.
  const size = head.get(6) + 1;
  if (checkpoint.size !== size) {
    return fail(`The checkpoint is for ${checkpoint.size} leaves, the head's log has ${size}.`);
  }
  const { members } = periodAt(work, head.get(3) + 1);
  const signers = await checkpointSigners(checkpoint, members);
  const needed = quorum(members.length);
  if (signers.size < needed) return fail(`${signers.size} members signed the checkpoint, ${needed} are needed.`);
  return pass(`${checkpoint.size.toLocaleString("en")} leaves, signed by ${[...signers].sort().join(", ")}.`);
}

/** Runs `judge` on each item; an exception is that item's fault. */
async function each(items, judge) {
  const faults = [];
  for (const item of items) {
    try {
      faults.push(await judge(item));
    } catch (fault) {
      faults.push(fault.message);
    }
  }
  return faults;
}

/** The decoded records and the signed head, for showing and for keeping. */
function contentsOf(work) {
  const { bundle } = work;
  const head = bundle.blocks.at(-1).header;
  return {
    ledger: work.ledger ? hex(work.ledger) : null,
    name: bundle.genesis.get?.(2) ?? "",
    head: { height: head.get(3), size: head.get(6), root: hex(head.get(7)), time: head.get(10) },
    statements: bundle.statements.map((statement) => ({
      id: hex(statement.id), height: bundle.blocks[statement.block].header.get(3),
      time: bundle.blocks[statement.block].header.get(10), issuer: statement.issuer, subject: statement.subject,
      contract: statement.contract, name: statement.name, arguments: statement.arguments,
    })),
    readings: bundle.readings.map(({ reading }) => ({
      device: reading[1].split("/")[3], topic: reading[1], sequence: reading[2], payload: reading[4],
      received: reading[6], quality: reading[7],
    })),
    state: work.proved ?? new Map(),
    notes: bundle.notes,
  };
}

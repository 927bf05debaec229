// Runs the portal's verifier under Node over the bundles that make_bundles.py wrote.
// Usage: node verify_js_test.mjs FOLDER
import { readFileSync } from "node:fs";
import { join } from "node:path";

const assets = new URL("../../Sources/PortalKit/Assets/", import.meta.url);
const { verifyBundle, quorum } = await import(new URL("verify.js", assets));
const { decode, encode, compareBytes, fromHex } = await import(new URL("cbor.js", assets));
const { isConsistent } = await import(new URL("merkle.js", assets));

const folder = process.argv[2];
const listed = JSON.parse(readFileSync(join(folder, "cases.json"), "utf8"));
const read = (name) => new Uint8Array(readFileSync(join(folder, name)));
let passed = 0;
let failed = 0;
function expect(name, condition, detail = "") {
  if (condition) passed += 1;
  else {
    failed += 1;
    console.log(`FAIL ${name} ${detail}`);
  }
}

const valid = read(listed.valid);
const result = await verifyBundle(valid, listed.ledger);
expect("valid bundle", result.ok && result.checks.length === 8 && result.checks.every((check) => check.ok === true),
  JSON.stringify(result.checks, null, 1));
if (process.argv.includes("--print")) for (const check of result.checks) console.log(check);
expect("re-encoding", compareBytes(encode(decode(valid)), valid) === 0);
expect("another ledger expected", !(await verifyBundle(valid, "00".repeat(32))).checks[1].ok);
expect("no ledger expected", (await verifyBundle(valid, null)).checks[1].ok === null);
expect("contents", result.contents.statements.length === 3 && result.contents.readings.length === 2);

async function refuses({ ledger, altered }) {
  for (const { file, name, check } of altered) {
    const result = await verifyBundle(read(file), ledger);
    const red = result.checks.filter((item) => item.ok === false).map((item) => item.number);
    expect(name, !result.ok && red.includes(check), `expected ${check} red, got ${red}`);
  }
}
await refuses(listed);
const grown = await verifyBundle(read(listed.grown.valid), listed.grown.ledger);
expect("members that changed", grown.ok && grown.checks.every((check) => check.ok === true), JSON.stringify(grown.checks));
await refuses(listed.grown);

const ABSENT_KEY = "agriculture/recalls/lot-88";
const absent = Buffer.from(valid).indexOf(ABSENT_KEY);
// Whatever single byte changes, some check turns red. Every 7th byte, to stay within seconds.
for (let index = 0; index < valid.length; index += 7) {
  const copy = valid.slice();
  copy[index] ^= 0x01;
  const changed = await verifyBundle(copy, listed.ledger);
  // Two changes may pass. Part 8 is for people and is not proved (formats.md). And the absence of another key than the
  // one named may be just as true, so a changed name of an absent key is a different true record.
  const free = index > valid.length - 40 || (index >= absent && index < absent + ABSENT_KEY.length);
  expect(`byte ${index}`, !changed.ok || free);
}

for (const { first, second, firstRoot, secondRoot, path } of listed.consistency) {
  const roots = [fromHex(firstRoot), fromHex(secondRoot)];
  const nodes = path.map(fromHex);
  const name = `consistency ${first} of ${second}`;
  expect(name, await isConsistent(first, roots[0], second, roots[1], nodes));
  const other = roots[0].slice();
  other[3] ^= 1;
  expect(`${name}, altered root`, !(await isConsistent(first, other, second, roots[1], nodes)));
  if (nodes.length > 0) {
    nodes[0] = nodes[0].slice();
    nodes[0][0] ^= 1;
    expect(`${name}, altered path`, !(await isConsistent(first, roots[0], second, roots[1], nodes)));
  }
}

const malformed = ["1800", "9fff", "a201010101", "a202010101", "fb3ff0000000000000", "6180", "0000", "1b0000000000000001",
  "8201", "5f4100ff", "f7", "c1"];
for (const bytes of malformed) {
  let refused = false;
  try { decode(fromHex(bytes)); } catch { refused = true; }
  expect(`malformed ${bytes}`, refused);
}
expect("quorums", [1, 2, 3, 4, 5, 7, 10].map(quorum).join() === "1,2,2,3,4,5,7", [1, 2, 3, 4, 5, 7, 10].map(quorum).join());

console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

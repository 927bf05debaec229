// Runs the browser's verifier over test vectors of others, read in place (CAIRN_VECTORS, or shared/vectors beside the
// repository): transparency-dev's Merkle proofs, and Wycheproof's Ed25519 and P-256 signatures.
// Usage: node outside_vectors_test.mjs
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";

const assets = new URL("../../Sources/PortalKit/Assets/", import.meta.url);
const { rootFromInclusion, isConsistent } = await import(new URL("merkle.js", assets));
const { compareBytes, fromHex, concatenate } = await import(new URL("cbor.js", assets));
const { verifies, EDDSA, ES256 } = await import(new URL("cose.js", assets));
const folder = process.env.CAIRN_VECTORS ?? fileURLToPath(new URL("../../../shared/vectors", import.meta.url));

let passed = 0;
let failed = 0;
function expect(name, condition) {
  if (condition) passed += 1;
  else {
    failed += 1;
    console.log(`FAIL ${name}`);
  }
}

function files(path) {
  return readdirSync(path, { withFileTypes: true, recursive: true }).filter((entry) => entry.name.endsWith(".json"))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name)).sort();
}

const bytes = (base64) => new Uint8Array(Buffer.from(base64 ?? "", "base64"));
const sameBytes = (left, right) => left !== null && compareBytes(left, right) === 0;

async function merkle(path) {
  for (const file of files(join(path, "inclusion"))) {
    const { leafIdx, treeSize, root, leafHash, proof, wantErr } = JSON.parse(readFileSync(file));
    const found = await rootFromInclusion(bytes(leafHash), leafIdx, treeSize, (proof ?? []).map(bytes));
    expect(file, sameBytes(found, bytes(root)) === !wantErr);
  }
  for (const file of files(join(path, "consistency"))) {
    const { size1, size2, root1, root2, proof, wantErr } = JSON.parse(readFileSync(file));
    const holds = await isConsistent(size1, bytes(root1), size2, bytes(root2), (proof ?? []).map(bytes));
    // RFC 9162 §2.1.4.2 defines no proof from the empty tree, which the browser therefore refuses.
    expect(file, holds === !(wantErr || size1 === 0));
  }
}

async function ed25519(file) {
  for (const group of JSON.parse(readFileSync(file)).testGroups) {
    const key = { algorithm: EDDSA, raw: fromHex(group.publicKey.pk) };
    for (const test of group.tests) {
      const holds = await verifies(key, fromHex(test.msg), fromHex(test.sig));
      expect(`Ed25519 ${test.tcId}: ${test.comment}`, holds === (test.result === "valid"));
    }
  }
}

async function p256(file) {
  const coordinate = (text) => fromHex(text.padStart(64, "0").slice(-64));
  for (const group of JSON.parse(readFileSync(file)).testGroups) {
    const raw = concatenate(Uint8Array.of(4), coordinate(group.publicKey.wx), coordinate(group.publicKey.wy));
    for (const test of group.tests) {
      const holds = await verifies({ algorithm: ES256, raw }, fromHex(test.msg), fromHex(test.sig));
      expect(`P-256 ${test.tcId}: ${test.comment}`, holds === (test.result === "valid"));
    }
  }
}

const sets = [["merkle/testdata", 196, merkle], ["crypto/ed25519_test.json", 150, ed25519],
  ["crypto/ecdsa_secp256r1_sha256_p1363_test.json", 262, p256]];
for (const [path, count, run] of sets) {
  if (existsSync(join(folder, path))) await run(join(folder, path));
  else console.log(`skipped about ${count} cases: no outside data at ${path}`);
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

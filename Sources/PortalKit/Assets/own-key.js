// A signing key that this browser made and cannot give away: WebCrypto, not extractable, kept in IndexedDB.

import { encode, fromHex, Tagged } from "./cbor.js";
import { EDDSA, ES256, keyFrom, signatureStructure } from "./cose.js";

const DATABASE = "cairn-keys";
const STORE = "keys";

function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function within(mode, body) {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = body(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

/** The key kept for a ledger: `{owner, algorithm, privateKey, cose, kid}`, or undefined. */
export function ownKey(ledger) {
  return within("readonly", (store) => store.get(ledger));
}

export function keepKey(ledger, key) {
  return within("readwrite", (store) => store.put(key, ledger));
}

function coordinate(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}

/** A new key pair: Ed25519 where the browser has it, else P-256. */
export async function makeKey(owner) {
  let algorithm = EDDSA;
  let pair;
  try {
    pair = await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"]);
  } catch {
    algorithm = ES256;
    pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
  }
  const jwk = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const members = algorithm === EDDSA
    ? new Map([[1, 1], [-1, 6], [-2, coordinate(jwk.x)]])
    : new Map([[1, 2], [-1, 1], [-2, coordinate(jwk.x)], [-3, coordinate(jwk.y)]]);
  const { thumbprint } = await keyFrom(members);
  return { owner, algorithm, privateKey: pair.privateKey, cose: encode(members), kid: thumbprint };
}

/** 64 bytes over a message. */
export async function sign(key, message) {
  const use = key.algorithm === EDDSA ? { name: "Ed25519" } : { name: "ECDSA", hash: "SHA-256" };
  return new Uint8Array(await crypto.subtle.sign(use, key.privateKey, message));
}

/** The answer to a node's challenge (formats.md, "Sign-in"). */
export async function answerTo(challenge, ledger, key) {
  const payload = encode(["cairn-sign-in/1", fromHex(ledger), key.owner, fromHex(challenge)]);
  const header = encode(new Map([[1, key.algorithm], [4, key.kid]]));
  const signature = await sign(key, signatureStructure(header, new Uint8Array(0), payload));
  return encode([key.owner, fromHex(challenge), key.kid, signature]);
}

const CONTENT_TYPE = "application/vnd.cairn.operation+cbor";
const LEDGER_CLAIM = -65537;
/** Seconds that a statement may wait for its place. */
const VALIDITY = 600;

/** A signed statement (formats.md, "Signed statement"). `operation` is [contract, name, Map of arguments]. */
export async function signStatement(operation, subject, ledger, key) {
  const claims = new Map([
    [1, key.owner], [2, subject], [4, Math.floor(Date.now() / 1000) + VALIDITY],
    [7, crypto.getRandomValues(new Uint8Array(16))], [LEDGER_CLAIM, fromHex(ledger)],
  ]);
  const header = encode(new Map([[1, key.algorithm], [3, CONTENT_TYPE], [4, key.kid], [15, claims]]));
  const payload = encode(operation);
  const signature = await sign(key, signatureStructure(header, new Uint8Array(0), payload));
  return encode(new Tagged(18, [header, new Map(), payload, signature]));
}

/** Sends a statement and waits until it is final; throws the node's reason. */
export async function submit(statement) {
  const response = await fetch("/api/v1/transactions", {
    method: "POST", body: statement, headers: { "Content-Type": "application/cose", Prefer: "wait=20" },
  });
  const answer = await response.json();
  if (response.status !== 201) throw new Error(answer.detail ?? "the node has not said yet whether it is final");
  return answer;
}


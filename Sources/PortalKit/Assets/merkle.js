// Proofs: the RFC 9162 log tree and the compact sparse Merkle tree of the state (ICS23 SmtSpec hashing).

import { concatenate, sameBytes } from "./cbor.js";

export async function sha256(...parts) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", concatenate(...parts)));
}

/** RFC 9162 §2.1.1: the hash of a leaf. */
export function leafHash(leaf) {
  return sha256(Uint8Array.of(0), leaf);
}

function nodeHash(left, right) {
  return sha256(Uint8Array.of(1), left, right);
}

// Tree sizes stay below 2^53, where bit operators of JavaScript (32 bits) would be wrong, so halves are divided.
const half = (value) => Math.floor(value / 2);
const odd = (value) => value % 2 === 1;

function isTreeNumber(value) {
  return Number.isSafeInteger(value) && value >= 0;
}

/** RFC 9162 §2.1.3.2: the root that an inclusion path leads to, or null when the path has the wrong shape. */
export async function rootFromInclusion(leaf, index, size, path) {
  if (!isTreeNumber(index) || !isTreeNumber(size) || index >= size || leaf.length !== 32) return null;
  let node = index;
  let last = size - 1;
  let result = leaf;
  for (const sibling of path) {
    if (last === 0 || sibling.length !== 32) return null;
    if (odd(node) || node === last) {
      result = await nodeHash(sibling, result);
      while (!odd(node) && node !== 0) {
        node = half(node);
        last = half(last);
      }
    } else {
      result = await nodeHash(result, sibling);
    }
    node = half(node);
    last = half(last);
  }
  return last === 0 ? result : null;
}

/** RFC 9162 §2.1.4.2: whether the tree (first, firstRoot) is a prefix of the tree (second, secondRoot). */
export async function isConsistent(first, firstRoot, second, secondRoot, path) {
  if (!isTreeNumber(first) || !isTreeNumber(second) || first === 0 || first > second) return false;
  if (first === second) return path.length === 0 && sameBytes(firstRoot, secondRoot);
  let node = first - 1;
  let last = second - 1;
  while (odd(node)) {
    node = half(node);
    last = half(last);
  }
  // When `first` is a power of two its root is itself the first node of the path (step 2).
  const nodes = node === 0 ? [firstRoot, ...path] : [...path];
  if (nodes.length === 0 || nodes.some((hash) => hash.length !== 32)) return false;
  let older = nodes[0];
  let newer = nodes[0];
  for (const sibling of nodes.slice(1)) {
    if (last === 0) return false;
    if (odd(node) || node === last) {
      older = await nodeHash(sibling, older);
      newer = await nodeHash(sibling, newer);
      while (!odd(node) && node !== 0) {
        node = half(node);
        last = half(last);
      }
    } else {
      newer = await nodeHash(newer, sibling);
    }
    node = half(node);
    last = half(last);
  }
  return last === 0 && sameBytes(older, firstRoot) && sameBytes(newer, secondRoot);
}

const bit = (path, depth) => (path[depth >> 3] >> (7 - (depth & 7))) & 1;

/**
 * The state root that a proof leads to (formats.md "State"), or null when the proof is malformed.
 * `value` null asks for non-membership: the path ends in nothing, or in the leaf of another key.
 */
export async function rootFromState(key, value, siblings, terminal) {
  const path = await sha256(key);
  if (siblings.length > 256 || siblings.some((hash) => hash.length !== 32)) return null;
  let result;
  if (value !== null) {
    if (terminal !== null) return null;
    result = await sha256(Uint8Array.of(0), path, await sha256(value));
  } else if (terminal === null) {
    result = new Uint8Array(32);
  } else {
    const [other, valueHash] = terminal;
    if (sameBytes(other, path) || other.length !== 32 || valueHash.length !== 32) return null;
    for (let depth = 0; depth < siblings.length; depth += 1) {
      if (bit(other, depth) !== bit(path, depth)) return null;
    }
    result = await sha256(Uint8Array.of(0), other, valueHash);
  }
  for (let index = 0; index < siblings.length; index += 1) {
    const depth = siblings.length - 1 - index;
    result = bit(path, depth) === 1
      ? await nodeHash(siblings[index], result)
      : await nodeHash(result, siblings[index]);
  }
  return result;
}

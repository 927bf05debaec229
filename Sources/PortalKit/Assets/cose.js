// Keys and signatures: COSE keys (RFC 9053 §7), thumbprints (RFC 9679), signatures (RFC 9052 §4.4) by WebCrypto.

import { concatenate, decode, encode, FormatFault, sameBytes, Tagged } from "./cbor.js";
import { sha256 } from "./merkle.js";

/** COSE algorithm numbers (RFC 9053 §2): EdDSA with Ed25519, and ECDSA with P-256 and SHA-256. */
export const EDDSA = -8;
export const ES256 = -7;

/** A COSE key with its thumbprint, which is the key's name (kid) everywhere in Cairn. */
export async function keyFrom(map) {
  if (!(map instanceof Map)) throw new FormatFault("a COSE key is not a map");
  const thumbprint = await sha256(encode(map));
  const part = (label) => {
    const bytes = map.get(label);
    if (!(bytes instanceof Uint8Array) || bytes.length !== 32) throw new FormatFault("a COSE key has a bad coordinate");
    return bytes;
  };
  if (map.get(1) === 1 && map.get(-1) === 6 && map.size === 3) {
    return { algorithm: EDDSA, raw: part(-2), thumbprint };
  }
  if (map.get(1) === 2 && map.get(-1) === 1 && map.size === 4) {
    return { algorithm: ES256, raw: concatenate(Uint8Array.of(4), part(-2), part(-3)), thumbprint };
  }
  throw new FormatFault("a COSE key is neither Ed25519 nor P-256");
}

/** Whether `signature` is `key`'s over `message`. A key or signature that WebCrypto refuses counts as "no". */
export async function verifies(key, message, signature) {
  if (!(signature instanceof Uint8Array) || signature.length !== 64) return false;
  const [kind, use] = key.algorithm === EDDSA
    ? [{ name: "Ed25519" }, { name: "Ed25519" }]
    : [{ name: "ECDSA", namedCurve: "P-256" }, { name: "ECDSA", hash: "SHA-256" }];
  try {
    const imported = await crypto.subtle.importKey("raw", key.raw, kind, false, ["verify"]);
    return await crypto.subtle.verify(use, imported, signature, message);
  } catch (fault) {
    if (fault.name === "NotSupportedError") throw new Error(`this browser cannot check ${kind.name} signatures`);
    return false;
  }
}

/** RFC 9052 §4.4, COSE_Sign1. */
export function signatureStructure(protectedBytes, externalBytes, payload) {
  return encode(["Signature1", protectedBytes, externalBytes, payload]);
}

/** RFC 9052 §4.4, one signer of COSE_Sign with an empty body header. */
export function voteStructure(protectedBytes, payload) {
  return encode(["Signature", new Uint8Array(0), protectedBytes, new Uint8Array(0), payload]);
}

const CONTENT_TYPE = "application/vnd.cairn.operation+cbor";
/** CWT claim with the ledger id (private use, formats.md "Signed statement"). */
const LEDGER_CLAIM = -65537;

/** Takes a signed statement apart without judging it. */
export async function parseStatement(bytes) {
  const item = decode(bytes);
  if (!(item instanceof Tagged) || item.tag !== 18 || !Array.isArray(item.value) || item.value.length !== 4) {
    throw new FormatFault("a statement is not a COSE_Sign1");
  }
  const [protectedBytes, unprotected, payload, signature] = item.value;
  if (!(unprotected instanceof Map) || unprotected.size !== 0) {
    throw new FormatFault("a registered statement has unprotected header fields");
  }
  const header = decode(protectedBytes);
  const claims = header instanceof Map ? header.get(15) : undefined;
  if (!(claims instanceof Map)) throw new FormatFault("a statement has no CWT claims");
  if (header.get(3) !== CONTENT_TYPE) throw new FormatFault("a statement has another content type");
  const operation = decode(payload);
  if (!Array.isArray(operation) || operation.length !== 3 || !(operation[2] instanceof Map)) {
    throw new FormatFault("a statement's payload is not an operation");
  }
  return {
    algorithm: header.get(1), kid: header.get(4),
    issuer: claims.get(1), subject: claims.get(2), ledger: claims.get(LEDGER_CLAIM),
    contract: operation[0], name: operation[1], arguments: operation[2],
    signed: signatureStructure(protectedBytes, new Uint8Array(0), payload), signature,
    // The transaction id leaves the signature out, so that it is known before signing.
    id: await sha256(Uint8Array.of(0xd2, 0x84), encode(protectedBytes), Uint8Array.of(0xa0), encode(payload),
      Uint8Array.of(0x40)),
  };
}

/**
 * The members whose votes over `header` a certificate holds. A vote that does not verify, or of nobody or of somebody
 * twice, throws even where enough others remain: the ledger stores valid votes only, so such a one was altered.
 */
export async function votersOf(certificate, header, members) {
  const item = decode(certificate);
  if (!(item instanceof Tagged) || item.tag !== 98 || !Array.isArray(item.value) || item.value.length !== 4) {
    throw new FormatFault("a certificate is not a COSE_Sign");
  }
  const [body, unprotected, payload, votes] = item.value;
  if (body.length !== 0 || unprotected.size !== 0 || payload !== null || !Array.isArray(votes)) {
    throw new FormatFault("a certificate does not have the form of formats.md");
  }
  const voters = new Set();
  for (const [protectedBytes, voteUnprotected, signature] of votes) {
    const voteHeader = decode(protectedBytes);
    if (voteHeader.size !== 2 || voteUnprotected.size !== 0) throw new FormatFault("a vote has unknown fields");
    const member = members.find((candidate) => sameBytes(candidate.key.thumbprint, voteHeader.get(4)));
    if (!member || voters.has(member.id)) throw new Error("a vote is not a member's, or is there twice");
    const isValid = voteHeader.get(1) === member.key.algorithm
      && await verifies(member.key, voteStructure(protectedBytes, header), signature);
    if (!isValid) throw new Error(`the vote of ${member.id} is wrong`);
    voters.add(member.id);
  }
  return voters;
}

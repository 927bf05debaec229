// C2SP tlog-checkpoint notes and cosignatures: what a member publishes about the log's size and root.

import { concatenate, sameBytes } from "./cbor.js";
import { verifies } from "./cose.js";
import { sha256 } from "./merkle.js";

/** C2SP signed-note signature types: a log's Ed25519 signature, and cosignature/v1. */
const LOG_SIGNATURE = 1;
const COSIGNATURE = 4;

const utf8 = (text) => new TextEncoder().encode(text);

function base64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** Takes a note apart: origin, size, root, the signed text and the signature lines. Throws when malformed. */
export function parseCheckpoint(note) {
  const split = note.indexOf("\n\n");
  if (split < 0) throw new Error("the checkpoint has no signatures");
  const text = note.slice(0, split + 1);
  const [origin, size, root] = text.split("\n");
  if (!/^(0|[1-9][0-9]{0,14})$/.test(size ?? "")) throw new Error("the checkpoint's size is not a number");
  const rootBytes = base64(root ?? "");
  if (rootBytes.length !== 32) throw new Error("the checkpoint's root is not 32 bytes");
  const lines = note.slice(split + 2).split("\n").filter((line) => line !== "");
  const signatures = lines.map((line) => {
    const parts = /^\u2014 (\S+) (\S+)$/.exec(line);
    if (!parts) throw new Error("a signature line of the checkpoint is malformed");
    const blob = base64(parts[2]);
    return { name: parts[1], keyId: blob.slice(0, 4), body: blob.slice(4) };
  });
  return { origin, size: Number(size), root: rootBytes, text, signatures };
}

async function keyId(name, type, key) {
  return (await sha256(utf8(`${name}\n`), Uint8Array.of(type), key.raw)).slice(0, 4);
}

/**
 * The members (of `members`) who signed the note. A signature that does not verify throws, and so does a line of
 * anyone else: formats.md allows members' lines only, and a name that nobody answers for must not stand beside those
 * that somebody does.
 */
export async function checkpointSigners(checkpoint, members) {
  const signers = new Set();
  for (const line of checkpoint.signatures) {
    const cosigner = members.find((member) => line.name === `${checkpoint.origin}/${member.id}`);
    if (cosigner) {
      await requireCosignature(checkpoint, line, cosigner);
      signers.add(cosigner.id);
    } else if (line.name === checkpoint.origin) {
      signers.add(await requireLogSignature(checkpoint, line, members));
    } else {
      throw new Error(`a signature line of the checkpoint is of ${line.name}, who is not a member`);
    }
  }
  return signers;
}

async function requireLogSignature(checkpoint, { name, keyId: id, body }, members) {
  for (const member of members) {
    if (!sameBytes(id, await keyId(name, LOG_SIGNATURE, member.key))) continue;
    if (await verifies(member.key, utf8(checkpoint.text), body)) return member.id;
  }
  throw new Error("the log's signature on the checkpoint is not a member's, or is wrong");
}

async function requireCosignature(checkpoint, { name, keyId: id, body }, member) {
  // cosignature/v1: eight bytes of time, then the signature over a header line with that time and the note.
  const time = body.slice(0, 8).reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
  const message = concatenate(utf8(`cosignature/v1\ntime ${time}\n`), utf8(checkpoint.text));
  const known = sameBytes(id, await keyId(name, COSIGNATURE, member.key));
  if (!known || !await verifies(member.key, message, body.slice(8))) {
    throw new Error(`the cosignature of ${member.id} on the checkpoint is wrong`);
  }
}

// Deterministic CBOR (RFC 8949 §4.2.1), no more of it than Cairn's formats use.
//
// The decoder refuses every byte string that would not re-encode to itself: long heads, indefinite lengths,
// unordered or repeated map keys, bytes left over. A verifier that tolerated a second spelling of the same record
// would let two people hold "the same" record with two different hashes.

/** Deepest nesting accepted; Cairn's records need less than ten. */
export const MAXIMUM_DEPTH = 32;

/** A tagged item (RFC 8949 §3.4). */
export class Tagged {
  constructor(tag, value) {
    this.tag = tag;
    this.value = value;
  }
}

/** Bytes that are not deterministic CBOR, and where. */
export class FormatFault extends Error {
  constructor(message, offset) {
    super(offset === undefined ? message : `${message} (byte ${offset})`);
    this.name = "FormatFault";
  }
}

/** Decodes exactly one item that fills `bytes`. Integers beyond 2^53 become BigInt, maps become Map. */
export function decode(bytes) {
  const reader = new Reader(bytes);
  const value = reader.item(0);
  if (reader.offset !== bytes.length) throw new FormatFault("bytes are left over after the item", reader.offset);
  return value;
}

class Reader {
  constructor(bytes) {
    if (!(bytes instanceof Uint8Array)) throw new FormatFault("not a byte string");
    this.bytes = bytes;
    this.offset = 0;
  }

  take(count) {
    const end = this.offset + count;
    if (end > this.bytes.length) throw new FormatFault("the bytes end inside an item", this.offset);
    const part = this.bytes.subarray(this.offset, end);
    this.offset = end;
    return part;
  }

  // The argument of a head, refused unless it is the shortest spelling of its value (§4.2.1).
  argument(additional) {
    if (additional < 24) return additional;
    if (additional > 27) throw new FormatFault("indefinite or reserved length", this.offset);
    const width = 1 << (additional - 24);
    let value = 0n;
    for (const byte of this.take(width)) value = (value << 8n) | BigInt(byte);
    const least = width === 1 ? 24n : 1n << BigInt(4 * width);
    if (value < least) throw new FormatFault("a head is longer than needed", this.offset);
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
  }

  length(additional) {
    const count = this.argument(additional);
    if (typeof count === "bigint" || count > this.bytes.length) {
      throw new FormatFault("a length is too large", this.offset);
    }
    return count;
  }

  item(depth) {
    if (depth > MAXIMUM_DEPTH) throw new FormatFault("nested too deeply", this.offset);
    const head = this.take(1)[0];
    const additional = head & 0x1f;
    switch (head >> 5) {
      case 0: return this.argument(additional);
      case 1: {
        const value = this.argument(additional);
        return typeof value === "bigint" || value === Number.MAX_SAFE_INTEGER ? -1n - BigInt(value) : -1 - value;
      }
      case 2: return this.take(this.length(additional)).slice();
      case 3: return this.text(this.length(additional));
      case 4: return this.array(this.length(additional), depth);
      case 5: return this.map(this.length(additional), depth);
      case 6: return new Tagged(this.argument(additional), this.item(depth + 1));
      default: return this.simple(additional);
    }
  }

  text(count) {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.take(count));
    } catch (fault) {
      if (fault instanceof FormatFault) throw fault;
      throw new FormatFault("a text is not UTF-8", this.offset);
    }
  }

  array(count, depth) {
    const items = [];
    for (let index = 0; index < count; index += 1) items.push(this.item(depth + 1));
    return items;
  }

  map(count, depth) {
    const entries = new Map();
    let previous = null;
    for (let index = 0; index < count; index += 1) {
      const start = this.offset;
      const key = this.item(depth + 1);
      const spelling = this.bytes.subarray(start, this.offset);
      if (previous && compareBytes(previous, spelling) >= 0) {
        throw new FormatFault("map keys are not in order or repeat", start);
      }
      previous = spelling;
      entries.set(key, this.item(depth + 1));
    }
    return entries;
  }

  simple(additional) {
    if (additional === 20) return false;
    if (additional === 21) return true;
    if (additional === 22) return null;
    throw new FormatFault("floating-point and other simple values are not used in Cairn's records", this.offset);
  }
}

/** Encodes numbers, BigInt, strings, Uint8Array, arrays, Map, Tagged, booleans and null. */
export function encode(value) {
  if (value === null) return Uint8Array.of(0xf6);
  if (typeof value === "boolean") return Uint8Array.of(value ? 0xf5 : 0xf4);
  if (typeof value === "number" || typeof value === "bigint") return encodeInteger(value);
  if (typeof value === "string") {
    const utf8 = new TextEncoder().encode(value);
    return concatenate(head(3, utf8.length), utf8);
  }
  if (value instanceof Uint8Array) return concatenate(head(2, value.length), value);
  if (Array.isArray(value)) return concatenate(head(4, value.length), ...value.map(encode));
  if (value instanceof Tagged) return concatenate(head(6, value.tag), encode(value.value));
  if (value instanceof Map) {
    const entries = [...value].map(([key, item]) => [encode(key), encode(item)]);
    entries.sort((left, right) => compareBytes(left[0], right[0]));
    return concatenate(head(5, entries.length), ...entries.flat());
  }
  throw new FormatFault("a value has no CBOR form here");
}

function encodeInteger(value) {
  if (typeof value === "number" && !Number.isSafeInteger(value)) throw new FormatFault("not an integer");
  return value < 0 ? head(1, -1n - BigInt(value)) : head(0, value);
}

function head(major, argument) {
  const value = BigInt(argument);
  if (value < 24n) return Uint8Array.of((major << 5) | Number(value));
  const width = value < 1n << 8n ? 1 : value < 1n << 16n ? 2 : value < 1n << 32n ? 4 : 8;
  const bytes = new Uint8Array(1 + width);
  bytes[0] = (major << 5) | (24 + Math.log2(width));
  for (let index = 0; index < width; index += 1) {
    bytes[width - index] = Number((value >> BigInt(8 * index)) & 0xffn);
  }
  return bytes;
}

export function concatenate(...parts) {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** Bytewise order, a shorter prefix first. */
export function compareBytes(left, right) {
  const shared = Math.min(left.length, right.length);
  for (let index = 0; index < shared; index += 1) {
    if (left[index] !== right[index]) return left[index] - right[index];
  }
  return left.length - right.length;
}

export function sameBytes(left, right) {
  return left instanceof Uint8Array && right instanceof Uint8Array && compareBytes(left, right) === 0;
}

export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function fromHex(text) {
  if (!/^([0-9a-f]{2})*$/.test(text)) throw new FormatFault("not lower-case hexadecimal");
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

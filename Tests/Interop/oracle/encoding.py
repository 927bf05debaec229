"""Deterministic CBOR (RFC 8949 §4.2.1) on top of cbor2, which does the single items."""

import hashlib

import cbor2


class FormatFault(ValueError):
    """Bytes that formats.md does not allow, or a proof that does not hold."""


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def _head(major: int, argument: int) -> bytes:
    first = bytearray(cbor2.dumps(argument))
    first[0] |= major << 5
    return bytes(first)


def encode(value) -> bytes:
    """cbor2's own canonical mode orders keys by length first (RFC 7049); RFC 8949 wants bytewise order."""
    if isinstance(value, dict):
        entries = sorted((encode(key), encode(item)) for key, item in value.items())
        return _head(5, len(entries)) + b"".join(key + item for key, item in entries)
    if isinstance(value, (list, tuple)):
        return _head(4, len(value)) + b"".join(encode(item) for item in value)
    if isinstance(value, cbor2.CBORTag):
        return _head(6, value.tag) + encode(value.value)
    if isinstance(value, float):
        raise FormatFault("floating point is not used in Cairn's records")
    return cbor2.dumps(value)


def decode(data: bytes):
    """Decodes one item and refuses bytes that do not re-encode to themselves."""
    try:
        value = cbor2.loads(data)
        if encode(value) != data:
            raise FormatFault("not deterministic CBOR")
    except FormatFault:
        raise
    except Exception as fault:
        raise FormatFault(f"not CBOR: {fault}") from fault
    return value

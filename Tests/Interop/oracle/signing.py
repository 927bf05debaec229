"""Keys and signatures by the `cryptography` package: COSE keys, thumbprints, statements, votes, checkpoint lines."""

import base64

from cbor2 import CBORTag
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils

from .encoding import FormatFault, encode, sha256

EDDSA, ES256 = -8, -7
CONTENT_TYPE = "application/vnd.cairn.operation+cbor"
LEDGER_CLAIM = -65537


class Key:
    """A private Ed25519 or P-256 key with its COSE form and kid."""

    def __init__(self, seed: str, algorithm: int = EDDSA):
        self.algorithm = algorithm
        secret = sha256(seed.encode())
        if algorithm == EDDSA:
            self.private = ed25519.Ed25519PrivateKey.from_private_bytes(secret)
            self.raw = self.private.public_key().public_bytes(
                serialization.Encoding.Raw, serialization.PublicFormat.Raw)
            self.cose = {1: 1, -1: 6, -2: self.raw}
        else:
            self.private = ec.derive_private_key(int.from_bytes(secret, "big") >> 1, ec.SECP256R1())
            numbers = self.private.public_key().public_numbers()
            self.cose = {1: 2, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        self.kid = sha256(encode(self.cose))

    def sign(self, message: bytes) -> bytes:
        if self.algorithm == EDDSA:
            return self.private.sign(message)
        # Deterministic (RFC 6979), so that a bundle made twice is the same bundle.
        scheme = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        r, s = utils.decode_dss_signature(self.private.sign(message, scheme))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def algorithm_of(cose: dict) -> int:
    return EDDSA if cose.get(1) == 1 else ES256


def verify(cose: dict, message: bytes, signature: bytes) -> bool:
    try:
        if set(cose) == {1, -1, -2} and cose[1] == 1 and cose[-1] == 6:
            ed25519.Ed25519PublicKey.from_public_bytes(cose[-2]).verify(signature, message)
        elif set(cose) == {1, -1, -2, -3} and cose[1] == 2 and cose[-1] == 1 and len(signature) == 64:
            x, y = (int.from_bytes(cose[label], "big") for label in (-2, -3))
            r, s = (int.from_bytes(part, "big") for part in (signature[:32], signature[32:]))
            ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key().verify(
                utils.encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
        else:
            raise FormatFault("a COSE key is neither Ed25519 nor P-256")
    except (InvalidSignature, ValueError) as fault:
        if isinstance(fault, FormatFault):
            raise
        return False
    return True


def sign1_structure(protected: bytes, external: bytes, payload: bytes) -> bytes:
    return encode(["Signature1", protected, external, payload])


def vote_structure(protected: bytes, payload: bytes) -> bytes:
    return encode(["Signature", b"", protected, b"", payload])


def make_statement(key: Key, issuer: str, subject: str, ledger: bytes, nonce: bytes, operation: list) -> bytes:
    protected = encode({1: key.algorithm, 3: CONTENT_TYPE, 4: key.kid, 15: {
        1: issuer, 2: subject, 4: 1_900_000_000, 7: nonce, LEDGER_CLAIM: ledger}})
    payload = encode(operation)
    signature = key.sign(sign1_structure(protected, b"", payload))
    return encode(CBORTag(18, [protected, {}, payload, signature]))


def transaction_id(statement: CBORTag) -> bytes:
    protected, _, payload, _ = statement.value
    return sha256(b"\xd2\x84", encode(protected), b"\xa0", encode(payload), b"\x40")


def note_line(name: str, kind: int, key: Key, text: str, time: int) -> str:
    """A signature line of a C2SP signed note: kind 1 is a log's Ed25519, kind 4 a cosignature/v1."""
    key_id = sha256(name.encode() + b"\n", bytes([kind]), key.raw)[:4]
    if kind == 1:
        body = key.sign(text.encode())
    else:
        body = time.to_bytes(8, "big") + key.sign(f"cosignature/v1\ntime {time}\n{text}".encode())
    return f"\u2014 {name} {base64.b64encode(key_id + body).decode()}\n"

"""Sealed streams as an outsider reads them, from docs/reference/formats.md: wrapped keys with pyhpke, batches with pycose."""

import hashlib

from cbor2 import CBORTag
from pycose.keys import SymmetricKey
from pycose.messages import CoseMessage
from pyhpke import AEADId, CipherSuite, KDFId, KEMId, KEMKey

from . import merkle
from .encoding import decode, encode

SUITE = CipherSuite.new(KEMId.DHKEM_X25519_HKDF_SHA256, KDFId.HKDF_SHA256, AEADId.AES256_GCM)


class Fault(ValueError):
    """What was sealed does not open, or is not what was said."""


def commitment(ledger: bytes, gateway: str, stream: str, epoch: int, key: bytes) -> bytes:
    return hashlib.sha256(encode(["cairn-epoch-key/1", ledger, gateway, stream, epoch, key])).digest()


def wrapping_info(ledger: bytes, gateway: str, stream: str, epoch: int, recipient: str, grant) -> bytes:
    return encode(["cairn-wrapped-key/1", ledger, gateway, stream, epoch, recipient, grant])


def unwrap(private: bytes, item: dict, ledger: bytes, recipient: str, grant) -> bytes:
    """The epoch's key out of what the key service answered; `private` is the reader's X25519 key, 32 octets."""
    place = (ledger, item["gateway"], item["stream"], item["epoch"])
    key = KEMKey.from_jwk({"kty": "OKP", "crv": "X25519", "x": _b64(public(private)), "d": _b64(private)})
    context = SUITE.create_recipient_context(bytes.fromhex(item["enc"]), key,
                                             info=wrapping_info(*place, recipient, grant))
    opened = context.open(bytes.fromhex(item["ciphertext"]))
    if commitment(*place, opened) != bytes.fromhex(item["commitment"]):
        raise Fault("the key is not the one that the gateway committed to")
    return opened


def public(private: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def _b64(data: bytes) -> str:
    import base64

    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def parts(statement: bytes):
    """(ledger, issuer, arguments) of a signed statement's bytes."""
    tagged = decode(statement)
    header, payload = decode(tagged.value[0]), decode(tagged.value[2])
    return header[15][-65537], header[15][1], payload[2]


def open_batch(statement: bytes, key: bytes) -> list[bytes]:
    """The encoded readings of a sealed batch; raises where key, place or root do not fit."""
    ledger, gateway, batch = parts(statement)
    message = CoseMessage.decode(batch["body"])
    message.external_aad = encode(["cairn-sealed-batch/1", ledger, gateway, batch["stream"], batch["epoch"],
                                   batch["first"], batch["last"], batch["root"]])
    message.key = SymmetricKey(k=key)
    readings = decode(message.decrypt())
    nonce = decode(decode(batch["body"]).value[0])[5]
    if nonce != batch["root"][:4] + batch["first"].to_bytes(8, "big"):
        raise Fault("the nonce is not that of the batch's place")
    if merkle.root([merkle.leaf_hash(reading) for reading in readings]) != batch["root"]:
        raise Fault("the batch does not hold what its root says")
    return readings


def untransparent(transparent: bytes) -> bytes:
    """The registered bytes of a transparent statement: its unprotected header emptied."""
    protected, _, payload, signature = decode(transparent).value
    return encode(CBORTag(18, [protected, {}, payload, signature]))

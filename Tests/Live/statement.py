"""Signs statements as a client of another language would, from docs/reference/formats.md."""
import hashlib
import os
import pathlib
import time

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def encode(value):
    return cbor2.dumps(value, canonical=True)


def secret_of(key_file):
    """A key that a node keeps, opened with the node's secret (docs/reference/formats.md, "Key files")."""
    path = pathlib.Path(key_file)
    content = bytes.fromhex(path.read_text().strip())
    if len(content) == 32:  # a key that a test made for itself
        return content
    kept = os.environ.get("CAIRN_KEY_SECRET_FILE", path.parent / ".secret")
    secret = bytes.fromhex(pathlib.Path(kept).read_text().strip())
    key = HKDF(SHA256(), 32, None, b"cairn-key-file/1").derive(secret)
    protected, _, ciphertext = cbor2.loads(content).value
    structure = encode(["Encrypt0", protected, path.name.encode()])
    return AESGCM(key).decrypt(cbor2.loads(protected)[5], ciphertext, structure)


class Participant:
    def __init__(self, name, key_file):
        self.name = name
        self.key = Ed25519PrivateKey.from_private_bytes(secret_of(key_file))
        raw = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.kid = hashlib.sha256(encode({1: 1, -1: 6, -2: raw})).digest()

    def answer(self, challenge, ledger):
        """The answer to a node's challenge (formats.md, "Sign-in")."""
        payload = encode(["cairn-sign-in/1", bytes.fromhex(ledger), self.name, challenge])
        header = encode({1: -8, 4: self.kid})
        return encode([self.name, challenge, self.kid, self.key.sign(encode(["Signature1", header, b"", payload]))])

    def sign(self, ledger, contract, operation, arguments, subject, validity=3600):
        """(transaction id in hex, bytes) of a signed statement."""
        protected = encode({
            1: -8, 3: "application/vnd.cairn.operation+cbor", 4: self.kid,
            15: {1: self.name, 2: subject, 4: int(time.time()) + validity, 7: os.urandom(8), -65537: bytes.fromhex(ledger)}})
        payload = encode([contract, operation, arguments])
        signature = self.key.sign(encode(["Signature1", protected, b"", payload]))
        identity = hashlib.sha256(encode(cbor2.CBORTag(18, [protected, {}, payload, b""]))).hexdigest()
        return identity, encode(cbor2.CBORTag(18, [protected, {}, payload, signature]))

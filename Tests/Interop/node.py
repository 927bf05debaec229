"""What the interoperability tests fetch from a running node."""

import base64
import os
import pathlib
import re
import sys

import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "Live"))
from process import sign_in  # noqa: E402
from statement import Participant  # noqa: E402

from oracle.encoding import decode, encode, sha256  # noqa: E402

#: Labels of a COSE key that its thumbprint covers (RFC 9679 §4): kty, crv, x, y.
THUMBPRINT_LABELS = (1, -1, -2, -3)


def thumbprint(key: dict) -> bytes:
    return sha256(encode({label: key[label] for label in THUMBPRINT_LABELS if label in key}))


def pem(key: dict) -> bytes:
    """A COSE key as the PEM that other tools take."""
    if key[1] == 1:
        public = ed25519.Ed25519PublicKey.from_public_bytes(key[-2])
    else:
        x, y = (int.from_bytes(key[label], "big") for label in (-2, -3))
        public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def flip(data: bytes, index: int) -> bytes:
    changed = bytearray(data)
    changed[index] ^= 1
    return bytes(changed)


class Node:
    def __init__(self, base: str):
        self.base = base.rstrip("/")
        self.session = requests.Session()
        # What was written is for those who take part, so the tests read as one of them.
        reader = Participant("accreditor", f"{os.environ['CAIRN_FOLDER']}/keys/accreditor.key")
        self.session.headers["Authorization"] = f"Bearer {sign_in(self.base, reader)}"

    def get(self, path: str) -> requests.Response:
        response = self.session.get(self.base + path, timeout=30)
        if response.status_code != 200:
            raise RuntimeError(f"GET {path}: {response.status_code} {response.text[:200]}")
        return response

    def json(self, path: str):
        return self.get(path).json()

    def ledgers(self) -> list[dict]:
        return self.json("/api/v1/ledgers")["items"]

    def transactions(self, ledger: str, limit: int = 20) -> list[dict]:
        return self.json(f"/api/v1/ledgers/{ledger}/transactions?limit={limit}")["items"]

    def entry(self, transaction: str) -> bytes:
        """The transparent statement: the signed statement with receipts at label 394."""
        response = self.get(f"/entries/{transaction}")
        content_type = response.headers.get("Content-Type", "")
        if not content_type.startswith("application/cose"):
            raise RuntimeError(f"/entries/{transaction} is {content_type}, not application/cose")
        return response.content

    def service_keys(self) -> dict[bytes, dict]:
        """The transparency service's keys by kid."""
        return {thumbprint(key): key for key in decode(self.get("/.well-known/scitt-keys").content)}

    def verifier_keys(self, ledger: str) -> list[str]:
        return self.get(f"/log/{ledger}/vkeys").text.split()

    def consistency(self, ledger: str, first: int, second: int) -> list[bytes]:
        answer = self.json(f"/api/v1/ledgers/{ledger}/consistency?first={first}&second={second}")
        return [bytes.fromhex(node) for node in answer["path"]]

    def box_evidence(self) -> tuple[bytes, bytes]:
        """The evidence bundle behind a live box's page, and the ledger id that the page names."""
        path = self.json("/api/v1/demo")["boxes"]["active"]
        page = self.get(path if path.startswith("/") else path[len(self.base):]).text
        evidence = re.search(r'data-evidence="([^"]+)"', page).group(1)
        ledger = re.search(r'data-ledger="([0-9a-f]{64})"', page).group(1)
        return self.get(evidence.replace("&amp;", "&")).content, bytes.fromhex(ledger)


def key_records(bundle: bytes) -> dict[bytes, dict]:
    """Keys of participants and devices that a bundle proves, by kid."""
    found = {}
    for name, value, _ in decode(bundle)[5]:
        if name.startswith(b"membership/keys/") and value:
            key = decode(decode(value)["key"])
            found[thumbprint(key)] = key
    return found


def checkpoint_root(note: str) -> tuple[int, bytes]:
    lines = note.split("\n")
    return int(lines[1]), base64.b64decode(lines[2])

"""What an owner can read from the ledger and the epoch keys alone, without asking the node that keeps them."""
import json
import pathlib
import sqlite3
import sys

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from process import get_json, request
from statement import encode, secret_of

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Interop"))
from oracle import sealed  # noqa: E402
from oracle.encoding import decode  # noqa: E402
from oracle.verifier import Bundle  # noqa: E402, F401


def keys(folder, ledger, holder):
    """{(gateway, stream, epoch): key} that a participant hosted at the node of this folder holds."""
    storage = AESGCM(secret_of(f"{folder}/keys/encryption/{holder}.storage"))
    found = {}
    with sqlite3.connect(f"file:{folder}/vaults/keys.sqlite?mode=ro", uri=True) as db:
        rows = db.execute("SELECT gateway, stream, epoch, sealed FROM epochKey WHERE holder = ?", (holder,)).fetchall()
    for gateway, stream, epoch, data in rows:
        place = encode(["cairn-stored-key/1", holder, bytes.fromhex(ledger), gateway, stream, epoch])
        found[gateway, stream, epoch] = storage.decrypt(data[:12], data[12:], place)
    return found


def batches(url, ledger, stream):
    """Registered bytes of the batches of a stream, oldest first."""
    items = get_json(f"{url}/api/v1/ledgers/{ledger}/transactions?mentioning={stream}&limit=500")["items"]
    found = [item for item in items if item["operation"] == "batch" and item["status"] == "FINAL"]
    return [sealed.untransparent(request("GET", f"{url}/entries/{item['id']}")[1]) for item in found]


def readings(url, ledger, folder, owner):
    """Every reading of an owner's sealed batches, decoded, in the order of their streams."""
    held = keys(folder, ledger, owner)
    for stream in sorted({stream for _, stream, _ in held}):
        for statement in batches(url, ledger, stream):
            _, gateway, batch = sealed.parts(statement)
            if batch["sealed"]:
                for reading in sealed.open_batch(statement, held[gateway, stream, batch["epoch"]]):
                    yield decode(reading)


def messages(url, ledger, folder, owner):
    """{device: {sequence number: {(time, quantity)}}} of an owner's sealed batches."""
    found = {}
    for _, topic, sequence, _, payload, *_ in readings(url, ledger, folder, owner):
        pack = json.loads(payload)
        time = pack[0].get("bt", 0)
        values = {(time + record.get("t", 0), record.get("n", "")) for record in pack}
        found.setdefault(topic.split("/")[3], {}).setdefault(sequence, set()).update(values)
    return found

"""A node is backed up while it runs, the copy is verified, and a node goes on from it without contradicting what it signed since."""
import contextlib
import hashlib
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile
import threading

from cluster import Network
from process import PROGRAM, REPOSITORY, get_json

MEMBER, WRITER = "retail", "cooperative"


def cairn(*words):
    return subprocess.run([PROGRAM, *map(str, words)], cwd=REPOSITORY, capture_output=True, text=True)


def run(check):
    with tempfile.TemporaryDirectory() as folder:
        network = Network(f"{folder}/network")
        with network.running():
            backed_up(check, network, f"{folder}/backup")
            damaged(check, f"{folder}/backup", f"{folder}/damaged")
            restored(check, network, f"{folder}/backup")


def backed_up(check, network, backup):
    """Clients write while the copy is made."""
    network.pay(WRITER, 5)
    document = b"%PDF-1.7 a signed report"
    place = network.folder / MEMBER / "documents" / hashlib.sha256(document).hexdigest()
    place.write_bytes(document)
    results = []
    writing = threading.Thread(target=lambda: results.append(network.pay(MEMBER, 40)[0]))
    writing.start()
    done = cairn("backup", "create", network.folder / MEMBER, "--to", backup)
    writing.join()
    check("a backup is made while the node takes statements", done.returncode == 0 and "sound:" in done.stdout
          and results == [40], f"{done.stdout} {done.stderr} {results}")
    done = cairn("backup", "verify", backup)
    check("it passes its check with every signature", done.returncode == 0 and "sound:" in done.stdout, done.stderr)
    done = cairn("backup", "create", network.folder / MEMBER, "--to", backup)
    check("a backup is not written over another", done.returncode == 64, done.stderr)
    keys = [secret.read_bytes() for secret in (network.folder / MEMBER / "keys").glob("*.key")]
    found = [path for path in pathlib.Path(backup).rglob("*") if path.is_file()
             and any(key in path.read_bytes() for key in keys)]
    check("no key is in it", keys and not found, str(found))
    copy = pathlib.Path(backup) / "documents" / place.name
    check("documents are in it", copy.is_file() and copy.read_bytes() == document)


def damaged(check, backup, copy):
    shutil.copytree(backup, copy)
    path = f"{copy}/members/{MEMBER}/ledger.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        body = bytearray(db.execute("SELECT body FROM blocks WHERE height = 3").fetchone()[0])
        body[len(body) // 2] ^= 1
        db.execute("UPDATE blocks SET body = ? WHERE height = 3", (bytes(body),))
    done = cairn("backup", "verify", copy)
    check("a changed byte of a backup is found and named", done.returncode == 9 and "block 3" in done.stderr,
          f"{done.returncode} {done.stderr}")


    shutil.copytree(backup, f"{copy}-2")
    document = next(pathlib.Path(f"{copy}-2/documents").iterdir())
    document.write_bytes(b"another report")
    done = cairn("backup", "verify", f"{copy}-2")
    check("and so is a document that was swapped", done.returncode == 9 and document.name in done.stderr, done.stderr)


def restored(check, network, backup):
    # What the node signs from here on, the backup does not know.
    final, _ = network.pay(MEMBER, 10)
    signed = network.agree()[MEMBER][0]
    network.kill(MEMBER)
    folder = network.folder / MEMBER
    done = cairn("backup", "restore", backup, "--to", folder)
    check("a backup is not put over a database that may be newer", done.returncode == 64 and "exists" in done.stderr, done.stderr)
    for path in folder.rglob("*.sqlite*"):
        path.unlink()
    shutil.rmtree(folder / "documents")
    done = cairn("backup", "restore", backup, "--to", folder)
    check("documents come back with it", len(list((folder / "documents").iterdir())) == 1)
    check("it is put into a node that has lost its databases", final == 10 and done.returncode == 0, done.stderr)
    with contextlib.closing(sqlite3.connect(folder / f"members/{MEMBER}/ledger.sqlite")) as db:
        held = db.execute("SELECT max(height) FROM blocks").fetchone()[0]
    network.pay(WRITER, 5)
    network.start(MEMBER)
    heads = network.agree()
    check("it fetches what came since", held < signed and len(heads) == 4 and len(set(heads.values())) == 1, f"{held} {heads}")
    final, _ = network.pay(MEMBER, 5)
    check("and takes part again", final == 5, str(final))
    network.agree()
    with contextlib.closing(sqlite3.connect(f"file:{folder}/members/{MEMBER}/ledger.sqlite?mode=ro", uri=True)) as db:
        start = db.execute("SELECT height FROM vote_start").fetchone()[0]
    check("it signs only above what its peers hold signed by it", start > signed, f"{start} after {signed}")
    found = [get_json(f"{url}/api/v1/ledgers")["items"][0]["contradictions"] for url in network.urls.values()]
    check("nobody has two of its signatures at one height", found == [[]] * 4, str(found))

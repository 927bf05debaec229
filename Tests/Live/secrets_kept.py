"""No private key lies in clear in what a node keeps: stores, indexes, lists, logs (COMMON-20)."""
import base64
import pathlib
import subprocess
import tempfile

from process import BARE, PROGRAM, free_port, get_json, read_as, stop, wait_for_participants, wait_until_up
from statement import Participant, secret_of


def run(check):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder) / "log"
        with open(log, "wb") as output:
            node = subprocess.Popen([PROGRAM, *BARE, "--verbose", "--folder", f"{folder}/d", "--port", str(port)],
                                    stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            ledger = wait_until_up(url, process=node)["id"]
            read_as(url, Participant("accreditor", f"{folder}/d/keys/accreditor.key"))
            wait_for_participants(url, 7)
            get_json(f"{url}/api/v1/ledgers/{ledger}/blocks")
        finally:
            stop(node)
        keys = sorted(pathlib.Path(folder).rglob("*.key"))
        files = [path for path in pathlib.Path(folder).rglob("*") if path.is_file() and path.name != ".secret"]
        found = []
        for key in keys:
            if "mosquitto" in str(key) or "broker" in str(key) or "/ca/" in str(key):
                continue
            secret = secret_of(key)
            forms = [secret, secret.hex().encode(), secret.hex().upper().encode(), base64.b64encode(secret).rstrip(b"="),
                     base64.urlsafe_b64encode(secret).rstrip(b"=")]
            for path in files:
                content = path.read_bytes()
                if any(form in content for form in forms):
                    found.append(f"{key.name} in {path}")
        check("COMMON-20: no private key lies in clear", len(keys) >= 10 and not found, f"{len(keys)} keys, {found}")
        modes = {oct(path.stat().st_mode & 0o777) for path in keys}
        check("COMMON-20: key files are their owner's alone", modes == {"0o600"}, modes)

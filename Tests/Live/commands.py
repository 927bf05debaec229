"""`cairn participant`, `cairn wallet` and `cairn device`: keys stay on this side, and what they sign is recorded."""
import os
import subprocess
import tempfile
import time

from process import BARE, PROGRAM, free_port, start, stop, wait_until_up


def run(check):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as own:
        node = start(*BARE, "--folder", folder, "--port", str(port))
        try:
            wait_until_up(url, process=node)
            while not os.path.exists(f"{folder}/keys/partner-registry.key"):
                time.sleep(0.05)
            time.sleep(1)
            commands(check, url, f"{folder}/keys", own)
        finally:
            stop(node)


def cairn(*arguments):
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout.strip(), done.stderr.strip()


def commands(check, url, hosted, own):
    registrar = ["--node", url, "--keys", hosted, "--as", "accreditor"]
    orchard = ["--node", url, "--keys", own, "--as", "orchard"]
    code, key, _ = cairn("participant", "key", "--keys", own, "--as", "orchard")
    check("a key is made on this side", code == 0 and len(key) > 60, key)
    check("COMMON-20: it does not lie in clear", key not in open(f"{own}/orchard.key").read())
    check("an unknown participant is told so", cairn("wallet", "balance", *orchard)[0] != 0)
    enrolment = ["participant", "enrol", *registrar, "--id", "orchard", "--member", "cooperative", "--name", "Old Orchard",
                 "--role", "farmer", "--key", key]
    code, out, error = cairn(*enrolment)
    check("COMMON-19: the registrar vouches for it", code == 0 and "FINAL" in out, error)
    check("once", cairn(*enrolment)[0] == 1)
    code, out, _ = cairn("participant", "show", *orchard)
    check("it signs in by its own key and reads who vouches for it", code == 0 and "accreditor" in out, out)
    money(check, url, hosted, registrar, orchard)
    code, out, error = cairn("participant", "rotate", *orchard)
    check("COMMON-19: it rotates its key", code == 0, error)
    check("and signs with the new one", cairn("wallet", "balance", *orchard)[0] == 0)
    code, out, error = cairn("device", "list", *orchard)
    check("devices are listed", code == 0, error)
    code, _, error = cairn("device", "interval", *orchard, "urn:dev:ops:32473-none", "soil", "5")
    check("a refusal says why", code == 1 and "devices-" in error, error)
    code, _, error = cairn("participant", "withdraw", *registrar, "orchard")
    check("COMMON-19: the word is withdrawn", code == 0, error)
    check("COMMON-20: and the participant is out", cairn("wallet", "balance", *orchard)[0] != 0)


def money(check, url, hosted, registrar, orchard):
    """COMMON-34: the wallet from the command line."""
    farm = ["--node", url, "--keys", hosted, "--as", "farm"]
    code, out, _ = cairn("wallet", "balance", *orchard)
    check("COMMON-34: an empty account", code == 0 and out.startswith("0 XPT"), out)
    code, _, error = cairn("wallet", "pay", *farm, "--to", "orchard", "--amount", "5")
    check("COMMON-34: what is not there is not paid", code == 1 and "wallet-100" in error, error)
    code, _, error = cairn("wallet", "mandate", *orchard, "--id", "rent", "--payee", "farm", "--per-payment", "10",
                           "--per-period", "20")
    check("COMMON-34: a mandate is given", code == 0, error)
    code, out, error = cairn("wallet", "limit", *orchard, "100")
    check("COMMON-34: a daily limit", code == 0, error)
    code, out, error = cairn("wallet", "statement", *orchard)
    check("COMMON-34: a statement as CSV", code == 0 and "time" in out.splitlines()[0], out[:100] + error)

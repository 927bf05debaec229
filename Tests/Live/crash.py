"""kill -9 at random moments under load: what was told to be FINAL stays so, with the same answer."""
import glob
import json
import os
import random
import signal
import subprocess
import tempfile
import threading
import time

from process import BARE, PROGRAM, free_port, get_json, read_as, request, start, stop, wait_until_up
from statement import Participant

CLIENTS = 4


class Load:
    """Clients that send statements and remember what they were told."""

    def __init__(self, url, ledger, participant):
        self.url, self.ledger, self.participant = url, ledger, participant
        self.final, self.lock, self.stopping = {}, threading.Lock(), threading.Event()
        self.threads = [threading.Thread(target=self._send) for _ in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def _send(self):
        while not self.stopping.is_set():
            identity, body = self.participant.sign(
                self.ledger, "wallet", "issue", {"to": "farm", "amount": 1, "currency": "XPT"}, "farm")
            try:
                status, answer = request("POST", f"{self.url}/api/v1/transactions", body,
                                         {"Content-Type": "application/cose", "Prefer": "wait=10"}, timeout=15)
            except OSError:
                continue
            if status == 201:
                told = json.loads(answer)
                with self.lock:
                    self.final[identity] = (told["height"], told["leafIndex"])

    def end(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        return self.final


def run(check):
    crashes = int(os.environ.get("CAIRN_CRASHES", "50"))
    seed = int(os.environ.get("CAIRN_SEED", random.randrange(1 << 32)))
    print(f"crash: CAIRN_SEED={seed}, {crashes} crashes", flush=True)
    chance = random.Random(seed)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    told = {}
    with tempfile.TemporaryDirectory() as folder:
        arguments = [*BARE, "--folder", folder, "--port", str(port)]
        node = start(*arguments)
        ledger = wait_until_up(url, process=node)["id"]
        while not os.path.exists(f"{folder}/keys/farm.key"):
            time.sleep(0.05)
        participant = Participant("accreditor", f"{folder}/keys/accreditor.key")
        read_as(url, participant)
        lost = changed = 0
        for _ in range(crashes):
            load = Load(url, ledger, participant)
            time.sleep(chance.uniform(0.05, 0.6))
            node.send_signal(signal.SIGKILL)
            node.wait()
            told.update(load.end())
            node = start(*arguments)
            wait_until_up(url, process=node)
            # All of the last round, and a sample of the earlier ones.
            for identity in list(told)[-200:] + chance.sample(list(told), min(20, len(told))):
                status, body = request("GET", f"{url}/api/v1/transactions/{identity}")
                now = json.loads(body) if status == 200 else {}
                if now.get("status") != "FINAL":
                    lost += 1
                elif (now["height"], now["leafIndex"]) != told[identity]:
                    changed += 1
        final = get_json(f"{url}/api/v1/ledgers")["items"][0]
        balance = get_json(f"{url}/api/v1/ledgers/{ledger}/state?key=wallet/accounts/XPT/farm")["decoded"]
        stop(node)
        # The whole ledger, offline: each member's file with the node off, all signatures verified.
        audits = [subprocess.run([PROGRAM, "audit", path], capture_output=True, text=True)
                  for path in sorted(glob.glob(f"{folder}/members/*/ledger.sqlite"))]
        heads = {audit.stdout.split("head ")[-1] for audit in audits}
    check("every member's file passes its audit offline, at one head",
          len(audits) == 4 and all(audit.returncode == 0 for audit in audits) and len(heads) == 1,
          str([audit.stdout + audit.stderr for audit in audits]))
    print(f"crash: {crashes} kills, {len(told)} FINAL answers, {lost} lost, {changed} changed, height {final['height']}")
    check("some statements became final between the crashes", len(told) > crashes)
    check("no FINAL transaction is lost", lost == 0, f"{lost} lost")
    check("no FINAL transaction changes its answer", changed == 0, f"{changed} changed")
    check("the balance holds at least what was told to be final", balance >= len(told), f"{balance} < {len(told)}")
    check("no member's store is damaged", final["damaged"] == [], str(final["damaged"]))

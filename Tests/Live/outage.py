"""The node is away while devices go on reporting: afterwards every reading is on the ledger once, in order, with its own times."""
import os
import re
import signal
import tempfile
import time
import urllib.parse

import vault
from process import BARE, call, free_port, get_json, read_as, start, stop, wait_until_up
from statement import Participant


def messages(url, urn):
    """Sequence number to device time of each message of a device, oldest first."""
    items = get_json(f"{url}/api/v1/readings?device={urllib.parse.quote(urn)}&limit=5000")["items"]
    found = {}
    for item in items:
        found.setdefault(item["sequence"], set()).add((item["time"], item["quantity"]))
    return found


def away(check, folder):
    """AGR-4: the gateway's own page tells, while there is no node, what it holds and when it last reached its node."""
    base = f"http://127.0.0.1:{int(open(f'{folder}/field-http.port').read())}"
    held = get_json(f"{base}/v1/status")
    page = call("GET", f"{base}/")[1].decode()
    check("AGR-4: the gateway holds what it took meanwhile", not held["isNodeReachable"] and 0 < held["backlog"] < held["backlogLimit"], held)
    check("AGR-4: and says when it last reached its node", time.time() * 1000 - held["nodeReachedAt"] > 5000, held)
    check("AGR-4: its page shows both without a node", "Its node is away" in page and "Last contact" in page
          and "readings" in page and "% full" in page)


def run(check):
    seconds = float(os.environ.get("CAIRN_OUTAGE", "60"))
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    name = "agricultural-tracing"
    with tempfile.TemporaryDirectory() as folder:
        arguments = [*BARE, "--folder", folder, "--port", str(port)]
        node = start(*arguments)
        ledger = wait_until_up(url, process=node)["id"]
        read_as(url, Participant("accreditor", f"{folder}/keys/accreditor.key"))
        while not os.path.exists(f"{folder}/keys/farm-gateway.key"):
            time.sleep(0.05)
        gateway = start("gateway", name, "--node", url, "--folder", folder)
        while not os.path.exists(f"{folder}/broker/mosquitto.conf"):
            time.sleep(0.05)
        time.sleep(1)
        devices = start("simulate", name, "--node", url, "--folder", folder)
        time.sleep(8)
        before = len(get_json(f"{url}/api/v1/devices")["items"])
        node.send_signal(signal.SIGKILL)
        node.wait()
        print(f"outage: node killed for {seconds:.0f} s", flush=True)
        time.sleep(seconds)
        away(check, folder)
        node = start(*arguments)
        wait_until_up(url, process=node)
        time.sleep(5)
        stop(devices)
        time.sleep(4)
        urns = [item["urn"] for item in get_json(f"{url}/api/v1/devices")["items"]]
        # The gateway asks the node again after up to ten seconds, and then has much to send.
        deadline = time.monotonic() + 120
        while True:
            closed = vault.messages(url, ledger, folder, "farm")
            held = {urn: {**closed.get(urn, {}), **messages(url, urn)} for urn in urns}
            if all(len(held[urn]) >= sequence(folder, urn) for urn in urns) or time.monotonic() > deadline:
                break
            time.sleep(1)
        total = 0
        for urn in urns:
            # The device's own count of what it sent lies in its sequence file.
            sent = sequence(folder, urn)
            # Published channels are for everybody; the others open with the owner's keys.
            found = held[urn]
            total += len(found)
            if not sent:
                continue
            check(f"{urn}: every message is on the ledger", sorted(found) == list(range(1, sent + 1)),
                  f"{len(found)} of {sent}")
            times = [min(found[number])[0] for number in sorted(found)]
            check(f"{urn}: device times are kept and in order", times == sorted(times))
            values = [value for number in found for value in found[number]]
            check(f"{urn}: no reading twice", len(values) == len(set(values)))
        print(f"outage: {total} messages of {before} devices on the ledger", flush=True)
        check("devices reported during the outage", total > before * seconds / 10)
        stop(gateway)
        stop(node)


def sequence(folder, urn):
    """The last sequence number that a device used."""
    part = re.sub(r"[^A-Za-z0-9]", "", urn)
    for root, _, files in os.walk(f"{folder}/devices"):
        for file in files:
            if re.sub(r"[^A-Za-z0-9]", "", file).startswith(part):
                digits = re.search(r"\d+", open(os.path.join(root, file)).read())
                if digits:
                    return int(digits.group())
    return 0

"""The messages of one box, from the stored records alone: every step of the report's table 4, each with evidence that verifies (COMMON-36)."""
import os
import subprocess
import tempfile
import urllib.parse

from process import PROGRAM, get_json, read_as, request
from statement import Participant


def run(check):
    url, folder = os.environ["CAIRN_URL"], os.environ["CAIRN_FOLDER"]
    read_as(url, Participant("accreditor", f"{folder}/keys/accreditor.key"))
    boxes = get_json(f"{url}/api/v1/demo")["boxes"]
    code = boxes["sold"].split("/", 3)[3]
    items = get_json(f"{url}/api/v1/sequence?about={urllib.parse.quote(code, safe='')}")["items"]
    steps = [item["step"] for item in items if item["step"]]
    wanted = ["T4.1", "T4.2", "T4.3", "T4.4", "T4.5", "T4.6"]
    check("COMMON-36: every step of the table", set(wanted) <= set(steps), sorted(set(steps)))
    first = [steps.index(step) for step in wanted if step in steps]
    check("COMMON-36: in their order", first[:1] + first[2:] == sorted(first[:1] + first[2:]), first)
    heights = [(item["height"]) for item in items]
    check("COMMON-36: as the ledger ordered them", heights == sorted(heights))
    chosen = {item["step"]: item for item in items if item["status"] == "FINAL"}
    ledger = get_json(f"{url}/api/v1/ledgers")["items"][0]["id"]
    with tempfile.TemporaryDirectory() as place:
        for step, item in chosen.items():
            status, bundle = request("GET", url + item["evidence"])
            path = f"{place}/bundle.cbor"
            with open(path, "wb") as file:
                file.write(bundle)
            verdict = subprocess.run([PROGRAM, "receipt", "verify", path, "--ledger", ledger], capture_output=True)
            check(f"COMMON-36: the evidence of {step} verifies", status == 200 and verdict.returncode == 0,
                  verdict.stdout[-300:])

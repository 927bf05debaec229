"""GS1's and OpenEPCIS's example documents are captured as events of a partner."""
import json
import os
import pathlib

from process import REPOSITORY, read_as, request, sign_in
from statement import Participant

VECTORS = pathlib.Path(os.environ.get("CAIRN_VECTORS", REPOSITORY.parent / "shared/vectors"))


def run(check):
    folder = VECTORS / "epcis/gs1/JSON"
    if not folder.exists():
        print("skipped about 30 documents: no outside data at epcis/gs1/JSON")
        return
    url = os.environ["CAIRN_URL"]
    partner = Participant("partner-registry", f"{os.environ['CAIRN_FOLDER']}/keys/partner-registry.key")
    read_as(url, partner)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {sign_in(url, partner)}"}
    captured = repeated = others = 0
    kept, originals = set(), []
    for path in sorted(folder.rglob("*.json*")):
        document = json.loads(path.read_text())
        if document.get("type") != "EPCISDocument":
            others += 1
            continue
        wanted = {json.dumps(event, sort_keys=True) for event in document["epcisBody"]["eventList"]}
        body = json.dumps(document).encode()
        status, answer = request("POST", f"{url}/epcis/capture", body, headers)
        if wanted <= kept:
            # Some example files hold nothing but events of other files: a record exists once.
            repeated += 1
            check(f"{path.name}: events that exist are refused", status == 409, f"{status} {answer[:200]}")
        elif check(f"{path.name} is captured", status == 201, f"{status} {answer[:200]}"):
            captured += 1
            again, _ = request("POST", f"{url}/epcis/capture", body, headers)
            check(f"{path.name} is not captured twice", again == 409, str(again))
        kept |= wanted
        originals += document["epcisBody"]["eventList"]
    print(f"capture: {captured} documents, {repeated} with nothing new; {others} files are no EPCISDocument")
    status, answer = request("GET", f"{url}/epcis/events?perPage=100")
    found = json.loads(answer)["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    check("captured events come back as they were", found and all(event in originals for event in found))
    status, _ = request("POST", f"{url}/epcis/capture", b"{}", {"Content-Type": "application/json"})
    check("nobody captures without a credential", status == 401, str(status))
    status, _ = request("POST", f"{url}/epcis/capture", b'{"type":"EPCISDocument"}', headers)
    check("a document without events is refused", status == 422, str(status))

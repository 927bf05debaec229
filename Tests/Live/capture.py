"""A partner's system speaks EPCIS 2.0 with a node, both ways: it captures, asks, and is told."""
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import threading
import time
import urllib.parse
import urllib.request

import jsonschema_rs

from process import REPOSITORY, call, get_json, read_as, request, request_as, sign_in
from statement import Participant

VECTORS = pathlib.Path(os.environ.get("CAIRN_VECTORS", REPOSITORY.parent / "shared/vectors"))
CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"


def run(check):
    url, folder = os.environ["CAIRN_URL"], os.environ["CAIRN_FOLDER"]
    partner = Participant("partner-registry", f"{folder}/keys/partner-registry.key")
    read_as(url, partner)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {sign_in(url, partner)}"}
    examples(check, url, headers)
    jobs(check, url, headers)
    own_key(check, url, partner, headers)
    refused(check, url, folder, headers)
    told(check, url, headers)
    queries(check, url, headers)
    sealed(check, url, folder)
    secrecy(check, url, folder, headers)


def post(url, path, value, headers, **more):
    return full("POST", f"{url}{path}", json.dumps(value).encode(), headers | {k.replace("_", "-"): v for k, v in more.items()})


def full(method, url, body=None, headers=None):
    """(status, value of the JSON body, header fields)."""
    asked = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            status, content, fields = answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        status, content, fields = error.code, error.read(), error.headers
    return status, json.loads(content) if content else None, fields


def event(number, **changes):
    """An event that no run before this one can have recorded."""
    return {"@context": CONTEXT, "type": "ObjectEvent", "action": "OBSERVE", "bizStep": "receiving",
            "eventTime": "2026-11-30T12:00:00.000+01:00", "eventTimeZoneOffset": "+01:00",
            "epcList": [f"urn:epc:id:sgtin:4012345.011111.{RUN}{number}"],
            "readPoint": {"id": "urn:epc:id:sgln:4012345.00005.0"}} | changes


RUN = int(time.time()) % 10_000_000


def document(*events):
    return {"@context": [CONTEXT], "type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": "2026-11-30T12:00:00Z",
            "epcisBody": {"eventList": [{k: v for k, v in e.items() if k != "@context"} for e in events]}}


def events_of(answer):
    return answer["epcisBody"]["queryResults"]["resultsBody"]["eventList"]


def examples(check, url, headers):
    """Documents of GS1 and of OpenEPCIS; invalid ones leave nothing behind."""
    originals = documents(check, url, headers, "epcis/gs1/JSON", 47) + documents(check, url, headers, "epcis/openepcis/JSON", 36)
    if not originals:
        return

    def said(one):
        return {k: v for k, v in one.items() if k not in ("@context", "eventID", "recordTime")}

    kinds = {}
    for original in originals:
        kinds.setdefault(original["type"], original)
    for kind, original in kinds.items():
        moment = urllib.parse.quote(original["eventTime"])
        _, answer, _ = full("GET", f"{url}/epcis/events?perPage=100&eventType={kind}&GE_eventTime={moment}"
                            "&LT_eventTime=2026-01-01T00:00:00Z", headers=headers)
        check(f"AGR-5: a captured {kind} comes back as it was", said(original) in map(said, events_of(answer)), original)


def documents(check, url, headers, place, count):
    folder = VECTORS / place
    if not folder.exists():
        print(f"skipped {count} documents: no outside data at {place}")
        return []
    captured = repeated = refused = others = 0
    originals = []
    for path in sorted(folder.rglob("*.json*")):
        example = json.loads(path.read_text())
        if example.get("type") not in ("EPCISDocument", "EPCISQueryDocument"):
            others += 1
            continue
        status, answer, _ = post(url, "/epcis/capture", example, headers, Prefer="wait=30")
        # GS1's own schema refuses the one that stands among the valid.
        if "Invalid" in path.parts or path.name == "SensorData_with_combined_events.json":
            refused += check(f"AGR-5: {path.name} is refused, with the place", status == 400 and "/" in answer["detail"], f"{status} {answer}")
            continue
        # Some example files hold nothing but events of other files: a record exists once.
        if status == 409:
            repeated += 1
        elif check(f"AGR-5: {path.name} is captured", status == 201 and answer["success"], f"{status} {answer}"):
            captured += 1
        again, problem, _ = post(url, "/epcis/capture", example, headers)
        check(f"AGR-37: {path.name} is not captured twice", again == 409
              and problem["type"] == "epcisException:ResourceAlreadyExistsException", f"{again} {problem}")
        body = example["epcisBody"]
        originals += body.get("eventList") or events_of(example)
    print(f"{place}: {captured} documents captured, {repeated} with nothing new, {refused} refused; {others} files are no document")
    return originals


def jobs(check, url, headers):
    """Capture jobs with both error modes."""
    status, job, fields = post(url, "/epcis/capture", document(event(1), event(2)), headers)
    check("AGR-5: a capture is a job", status == 202 and fields["Location"] == f"/epcis/capture/{job['captureID']}"
          and fields["GS1-EPCIS-Version"] == "2.0.0", f"{status} {job}")
    deadline = time.monotonic() + 60
    while job["running"] and time.monotonic() < deadline:
        time.sleep(0.05)
        job = full("GET", url + fields["Location"], headers=headers)[1]
    check("AGR-5: the job says how it went", job["success"] and job["captureErrorBehaviour"] == "rollback"
          and job["finishedAt"] and not job["errors"], job)
    listed = full("GET", f"{url}/epcis/capture?perPage=1", headers=headers)
    check("AGR-5: jobs are listed, newest first", [one["captureID"] for one in listed[1]] == [job["captureID"]], listed[1])
    status, job, _ = post(url, "/epcis/capture", document(event(1), event(3)), headers, GS1_Capture_Error_Behaviour="proceed",
                          Prefer="wait=30")
    check("AGR-5: what is new of a document is recorded, and what is not is said", status == 201 and job["recorded"] == 1
          and [error["status"] for error in job["errors"]] == [409], job)
    status, problem, _ = post(url, "/epcis/capture", document(event(4), event(5, bizStep="transforming")), headers)
    check("AGR-5: an invalid event says where it is wrong", status == 400
          and problem["type"] == "epcisException:ValidationException" and "/epcisBody/eventList/1/bizStep" in problem["detail"], problem)
    found = full("GET", f"{url}/epcis/events?MATCH_epc={urllib.parse.quote(event(4)['epcList'][0])}", headers=headers)[1]
    check("AGR-5: and nothing of its document is recorded", events_of(found) == [], found)
    status, problem, _ = post(url, "/epcis/capture", document(*[event(1)] * 201), headers)
    check("AGR-5: there is a limit to a capture", status == 413, f"{status} {problem}")
    status, _, fields = full("OPTIONS", f"{url}/epcis/capture", headers=headers)
    check("AGR-5: which the interface tells", status == 204 and fields["GS1-EPCIS-Capture-Limit"] == "200"
          and fields["GS1-Capture-Error-Behaviour"] == "all", dict(fields))


def own_key(check, url, partner, headers):
    """A partner that keeps its key, and computes the anchor without us."""
    plain = event(6)
    serial = f"{RUN}6"
    canonical = ("eventType=ObjectEventeventTime=2026-11-30T11:00:00.000ZeventTimeZoneOffset=+01:00epcList"
                 f"epc=https://id.gs1.org/01/04012345111118/21/{serial}action=OBSERVEbizStep=https://ref.gs1.org/cbv/BizStep-receiving"
                 "readPointid=https://id.gs1.org/414/4012345000054").encode()
    anchor = hashlib.sha256(canonical)
    name = f"ni:///sha-256;{anchor.hexdigest()}?ver=CBV2.0"
    ledger = get_json(f"{url}/api/v1/ledgers")["items"][0]["id"]
    arguments = {"hash": anchor.digest(), "type": "ObjectEvent", "event": name, "eventTime": 1_795_950_000_000,
                 "canonical": canonical, "document": json.dumps(plain).encode()}
    _, statement = partner.sign(ledger, "agri", "captureEvent", arguments, f"epcis:{name}")
    status, answer = request_as(partner, "POST", f"{url}/api/v1/transactions", statement,
                                {"Content-Type": "application/cose", "Prefer": "wait=30"})
    check("AGR-37: a partner captures with its own key", status == 201, f"{status} {answer[:300]}")
    address = f"{url}/epcis/events/{urllib.parse.quote(name, safe='')}"
    status, found, _ = full("GET", address, headers=headers)
    check("AGR-37: the event is found by the hash that its sender computed", status == 200 and events_of(found)[0]["epcList"] == plain["epcList"],
          f"{status} {found}")
    same = event(6, eventTime="2026-11-30T11:00:00Z", bizStep="https://ref.gs1.org/cbv/BizStep-receiving",
                 epcList=[f"https://example.com/01/04012345111118/21/{serial}"])
    status, problem, _ = post(url, "/epcis/events", same, headers)
    check("AGR-37: the same event in other words is refused", status == 409, f"{status} {problem}")
    state = get_json(f"{url}/api/v1/ledgers/{ledger}/state?key=agri%2Fpartnerevents%2F{anchor.hexdigest()}")
    check("AGR-37: its hash is a key of the ledger's state", state["value"] is not None, state)
    forged = arguments | {"hash": hashlib.sha256(b"other").digest()}
    _, statement = partner.sign(ledger, "agri", "captureEvent", forged, f"epcis:{name}")
    status, answer = request_as(partner, "POST", f"{url}/api/v1/transactions", statement,
                                {"Content-Type": "application/cose", "Prefer": "wait=30"})
    check("AGR-37: the ledger refuses a hash that is not the event's", status == 422, f"{status} {answer[:300]}")
    status, captured, fields = post(url, "/epcis/events", event(7, eventID="urn:uuid:7c8b0e0a-0000-4000-8000-%012d" % RUN), headers)
    check("AGR-5: one event is captured at once", status == 201, captured)
    status, again, _ = full("GET", url + fields["Location"], headers=headers)
    check("AGR-5: and stands at its address", status == 200 and events_of(again)[0]["eventID"] == captured["eventID"], again)


def refused(check, url, folder, headers):
    status, _ = call("POST", f"{url}/epcis/capture", b"{}", {"Content-Type": "application/json"})
    check("AGR-37: nobody captures without a credential", status == 401, str(status))
    farm = Participant("farm", f"{folder}/keys/farm.key")
    status, _ = request_as(farm, "POST", f"{url}/epcis/capture", b"{}", {"Content-Type": "application/json"})
    check("AGR-37: nor anybody who is no partner", status == 403, str(status))
    for wrong in (b'{"type":"EPCISDocument"}', b"{", b"[" * 100_000):
        status, answer, _ = full("POST", f"{url}/epcis/capture", wrong, headers)
        check("AGR-5: a body that is no document is refused", status == 400, f"{status} {answer}")
    for query in ("GE_eventTime=yesterday", "GE_eventDate=2026-01-01T00:00:00Z", "eventType=Nothing"):
        status, answer, _ = full("GET", f"{url}/epcis/events?{query}", headers=headers)
        check(f"AGR-5: {query} is refused", status == 400, f"{status} {answer}")


def told(check, url, headers):
    """The ledger's own records as a buyer's system reads them."""
    found, address = [], f"{url}/epcis/events?perPage=100"
    while address and len(found) < 1000:
        status, answer, fields = full("GET", address, headers=headers)
        found += events_of(answer)
        address = (fields["Link"] or "").partition("<")[2].partition(">")[0]
    steps = {one.get("bizStep", "").rpartition("-")[2] for one in found}
    wanted = {"creating_class_instance", "commissioning", "encoding", "shipping", "arriving", "receiving", "stocking", "sensor_reporting"}
    check("AGR-5: what happened to boxes is told as events", wanted <= steps, sorted(wanted - steps))
    own = [one["eventID"] for one in found if one["eventID"].startswith(url)]
    check("AGR-5: no event comes twice over the pages", len(set(own)) == len(own), len(own))
    box = next(one for one in found if one.get("bizStep") == "commissioning" and one["eventID"].startswith(url))["epcList"][0]
    _, life, _ = full("GET", f"{url}/epcis/events?MATCH_anyEPC={urllib.parse.quote(box, safe='')}", headers=headers)
    check("AGR-5: the life of one box can be asked for", len(events_of(life)) >= 2
          and all(box in json.dumps(one) for one in events_of(life)), [one["bizStep"] for one in events_of(life)])
    status, one, fields = full("GET", f"{url}/epcis/events/{urllib.parse.quote(events_of(life)[-1]['eventID'], safe='')}", headers=headers)
    check("AGR-5: an event leads to its record", status == 200 and "/api/v1/transactions/" in fields["Link"], one)
    sensors(check, found)
    schema = VECTORS / "epcis/gs1/EPCIS-JSON-Schema.json"
    if not schema.exists():
        print("skipped 1 case: no outside data at epcis/gs1/EPCIS-JSON-Schema.json")
        return
    validator = jsonschema_rs.Draft7Validator(json.loads(schema.read_text()), validate_formats=False)
    own = [one for one in found if one["eventID"].startswith(url)]
    wrong = [str(error) for error in validator.iter_errors(answer | {"epcisBody": {"queryResults": {
        "queryName": "SimpleEventQuery", "resultsBody": {"eventList": own}}}})]
    check(f"AGR-5: all {len(own)} own events keep GS1's JSON schema", own and not wrong, wrong[:2])


def sensors(check, found):
    """Each quantity with its GS1 type, value and UN/ECE unit."""
    reports = [report for one in found for element in one.get("sensorElementList", [])
               for report in element["sensorReport"] if "value" in report]
    kinds = {(report["type"], report.get("uom")) for report in reports}
    wanted = {"moisture": ("VolumeFraction", "C62"), "nutrients by conductivity": ("Conductivity", "D10"), "acidity": ("Dimensionless", "Q30"),
              "temperature": ("Temperature", "CEL"), "humidity": ("RelativeHumidity", "P1"), "weight": ("Mass", "GRM")}
    for name, kind in wanted.items():
        check(f"AGR-1: {name} is a sensorReport with type, value and uom", kind in kinds, sorted(map(str, kinds)))


def queries(check, url, headers):
    """A named query, and a subscription that is really delivered."""
    name = f"received-{RUN}"
    definition = {"name": name, "query": {"eventType": ["ObjectEvent"], "EQ_bizStep": ["receiving"], "MATCH_epc": event(8)["epcList"]}}
    status, _, fields = post(url, "/epcis/queries", definition, headers)
    check("AGR-5: a query gets a name", status == 201 and fields["Location"] == f"/epcis/queries/{name}", status)
    check("AGR-5: which is taken then", post(url, "/epcis/queries", definition, headers)[0] == 409)
    check("AGR-5: a query with an unknown parameter is refused",
          post(url, "/epcis/queries", {"name": "x", "query": {"GE_eventDate": "x"}}, headers)[0] == 400)
    check("AGR-5: queries are listed", name in [one["name"] for one in full("GET", f"{url}/epcis/queries?perPage=100", headers=headers)[1]])
    received = []

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((body, self.headers["GS1-Signature"]))
            # The first time it is not ready.
            self.send_response(503 if len(received) == 1 else 204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    path = f"/epcis/queries/{name}/subscriptions"
    wanted = {"dest": f"http://127.0.0.1:{server.server_port}/events", "signatureToken": "secret", "stream": True}
    check("AGR-5: events leave the machine encrypted only",
          post(url, path, wanted | {"dest": "http://example.com/"}, headers)[0] == 400)
    status, subscription, fields = post(url, path, wanted, headers)
    check("AGR-5: a query can be subscribed to", status == 201 and "secret" not in json.dumps(subscription), subscription)
    post(url, "/epcis/events", event(8), headers)
    post(url, "/epcis/events", event(9), headers)
    deadline = time.monotonic() + 60
    while len(received) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    if check("AGR-5: an event is sent to the subscriber, again until it is taken", len(received) == 2, len(received)):
        body, signature = received[1]
        check("AGR-5: signed with the subscriber's secret",
              signature == "hmac-sha256=" + hmac.new(b"secret", body, hashlib.sha256).hexdigest(), signature)
        check("AGR-5: and it is the one that the query selects",
              [one["epcList"] for one in events_of(json.loads(body))] == [event(8)["epcList"]], body[:300])
    found = full("GET", f"{url}/epcis/queries/{name}/events", headers=headers)[1]
    check("AGR-5: the query answers with its events", [one["epcList"] for one in events_of(found)] == [event(8)["epcList"]], found)
    check("AGR-5: a subscription ends", full("DELETE", url + fields["Location"], headers=headers)[0] == 204)
    check("AGR-5: a query is deleted", full("DELETE", f"{url}/epcis/queries/{name}", headers=headers)[0] == 204
          and request("GET", f"{url}/epcis/queries/{name}")[0] == 404)
    server.shutdown()


def probe(check, url, farm):
    """Plot, depth and calibration of a probe stand beside its values."""
    ledger = get_json(f"{url}/api/v1/ledgers")["items"][0]["id"]
    plots = get_json(f"{url}/api/v1/ledgers/{ledger}/transactions?mentioning=farm&limit=500")["items"]
    plot = next(item["subject"].removeprefix("plot:") for item in plots if item["operation"] == "registerPlot")
    now = int(time.time() * 1000)
    _, statement = farm.sign(ledger, "agri", "installProbe", {
        "device": "urn:dev:ops:32473-soilprobe-hillside", "plot": plot, "depthMillimetres": 100,
        "calibratedAt": now - 86_400_000, "calibratedUntil": now + 86_400_000}, f"plot:{plot}")
    status, answer = request_as(farm, "POST", f"{url}/api/v1/transactions", statement,
                                {"Content-Type": "application/cose", "Prefer": "wait=30"})
    check("AGR-1: a probe is placed with its calibration", status == 201, f"{status} {answer[:300]}")
    return plot


def sealed(check, url, folder):
    """The owner's system reads the owner's sealed streams; others' do not."""
    farm = Participant("farm", f"{folder}/keys/farm.key")
    plot = probe(check, url, farm)
    headers = {"Authorization": f"Bearer {sign_in(url, farm)}"}

    def reports(who, kind):
        status, answer, _ = full("GET", f"{url}/epcis/events?perPage=100&EQ_bizStep=sensor_reporting&EQ_type={kind}", headers=who)
        return [report for one in events_of(answer) for element in one["sensorElementList"]
                for report in element["sensorReport"] if report["type"] == kind]
    light = reports(headers, "Illuminance")
    check("AGR-1: light is a sensorReport with type, value and uom for its owner",
          light and all(report["uom"] == "LUX" and "value" in report for report in light), light[:2])
    partner = Participant("partner-registry", f"{folder}/keys/partner-registry.key")
    check("AGR-1: and is sealed for a partner", not reports({"Authorization": f"Bearer {sign_in(url, partner)}"}, "Illuminance"))
    _, answer, _ = full("GET", f"{url}/epcis/events?EQ_readPoint={urllib.parse.quote(f'{url}/plots/{plot}', safe='')}", headers=headers)
    metadata = [element["sensorMetadata"] for one in events_of(answer) for element in one["sensorElementList"]]
    check("AGR-1: a probe's values have plot, depth and the date of its calibration",
          metadata and all(one["cairn:depthMillimetres"] == 100 and one["cairn:calibratedAt"] < one["cairn:calibratedUntil"]
                           for one in metadata), metadata[:1])


def secrecy(check, url, folder, headers):
    """A competitor sees digests, not volumes or prices; whoever gets an opening proves it."""
    serial = f"SECRET{RUN}"
    own = event(0, epcList=[f"urn:epc:id:sgtin:4012345.011111.{serial}"], **{
        "@context": [CONTEXT, {"shop": "https://shop.example/"}], "shop:price": 3.5,
        "quantityList": [{"epcClass": f"urn:epc:class:lgtin:4012345.012345.LOT{RUN}", "quantity": 271.25, "uom": "KGM"}]})
    levels = {"/quantityList/0/quantity": "restricted", "/shop:price": "private", "/epcList/0": "linked", "/action": "public"}
    status, answer, _ = post(url, "/epcis/sanitised", {"event": own, "levels": levels}, headers)
    if not check("AGR-38: members of an event are hidden", status == 200 and len(answer["openings"]) == 3, f"{status} {answer}"):
        return
    status, captured, _ = post(url, "/epcis/events", answer["event"], headers)
    check("AGR-38: the sanitised event is captured", status == 201, captured)
    competitor = Participant("corner-shop", f"{folder}/keys/corner-shop.key")
    theirs = {"Authorization": f"Bearer {sign_in(url, competitor)}", "Content-Type": "application/json"}
    lot = urllib.parse.quote(own["quantityList"][0]["epcClass"], safe="")
    found = events_of(full("GET", f"{url}/epcis/events?MATCH_anyEPCClass={lot}", headers=theirs)[1])
    text = json.dumps(found)
    check("AGR-38: a competitor's query over the shared lot shows digests", len(found) == 1 and len(found[0]["cairn:hidden"]) == 3, text)
    check("AGR-38: and no volume, price or serial", not any(secret in text for secret in ("271.25", "3.5,", serial)), text)
    linked = full("GET", f"{url}/epcis/events?MATCH_epc={urllib.parse.quote(own['epcList'][0], safe='')}", headers=theirs)[1]
    check("AGR-38: who knows the box finds the event", [one["eventID"] for one in events_of(linked)] == [found[0]["eventID"]])
    opening = next(one for one in answer["openings"] if one["level"] == "restricted")
    asked = {"eventID": found[0]["eventID"], "openings": [opening, opening | {"value": 271.5}]}
    status, told, _ = post(url, "/epcis/openings", asked, theirs)
    check("AGR-38: an opening proves the volume, and no other", status == 200
          and [one["fits"] for one in told["openings"]] == [True, False], told)
    ours = hashlib.sha256(f"cairn-hidden/1\n{opening['salt']}\n{opening['pointer']}\n271.25".encode()).hexdigest()
    check("AGR-38: which anybody computes without the node", ours in found[0]["cairn:hidden"].values(), ours)

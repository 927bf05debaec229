"""A tag reader as a device: a pallet is read in bulk, and each box of it is one event (AGR-3)."""
import os
import random
import time
import urllib.parse

from capture import events_of, full
from device import Device
from process import get_json, read_as, request_as, sign_in
from statement import Participant

READS, BOXES = 500, 350


def run(check):
    url, folder = os.environ["CAIRN_URL"], os.environ["CAIRN_FOLDER"]
    people = {name: Participant(name, f"{folder}/keys/{name}.key") for name in ("accreditor", "farm")}
    read_as(url, people["farm"])
    headers = {"Authorization": f"Bearer {sign_in(url, people['farm'])}"}
    ledger = get_json(f"{url}/api/v1/ledgers")["items"][0]["id"]

    def send(person, contract, operation, arguments, subject):
        _, body = people[person].sign(ledger, contract, operation, arguments, subject)
        status, answer = request_as(people[person], "POST", f"{url}/api/v1/transactions", body,
                                    {"Content-Type": "application/cose", "Prefer": "wait=30"})
        return check(f"AGR-3: {operation}", status == 201, f"{status} {answer[:300]}")

    lot = f"TAGS{int(time.time())}"
    gate = Device(f"urn:dev:ops:32473-tagreader-{lot.lower()}", "cooperative")
    send("accreditor", "membership", "enrolDevice", {
        "urn": gate.urn, "owner": "farm", "gateway": "farm-gateway", "profile": "tag-reader", "generation": 1,
        "key": gate.cose}, gate.urn)
    send("farm", "agri", "placeDevice", {"device": gate.urn, "room": "gate-3", "since": int(time.time() * 1000)}, gate.urn)
    codes = [f"01/04012345000016/10/{lot}/21/{number:04}" for number in range(BOXES)]
    reads = codes + random.sample(codes, READS - BOXES)
    random.shuffle(reads)
    gate.connect(folder)
    started = time.time()
    for first in range(0, READS, 50):
        gate.report("tags", [{"n": f"tag{place}", "vs": code, "t": place / 100 - 1}
                             for place, code in enumerate(reads[first:first + 50])])
    # What is no box of ours is read as well, and stops nothing.
    gate.report("tags", [{"n": "tag", "vs": "01/04012345000016"}, {"n": "tag2", "vs": "e280-1160-6000"}])
    found = passes(url, headers, "rooms/gate-3", started)
    deadline = time.monotonic() + 60
    while len(found) < BOXES and time.monotonic() < deadline:
        time.sleep(0.2)
        found = passes(url, headers, "rooms/gate-3", started)
    boxes = [event["epcList"][0].removeprefix("https://id.gs1.org/") for event in found]
    check(f"AGR-3: {READS} reads with {READS - BOXES} repeated are one event for each box",
          len(boxes) == BOXES and set(boxes) == set(codes), f"{len(boxes)} {len(set(boxes))}")
    print(f"tag reader: {READS} reads, {len(boxes)} events")
    check("AGR-3: its place is the read point, the first read its time", found and all(
        event["readPoint"]["id"] == f"{url}/rooms/gate-3" and event["bizStep"] == "entering_exiting"
        and event["eventTime"] >= time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(started - 3)) for event in found), found[:1])
    gate.close()


def passes(url, headers, place, started):
    """Events of a read point since a time, over all pages."""
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started - 5))
    query = {"perPage": 100, "EQ_readPoint": f"{url}/{place}", "GE_eventTime": since}
    found, token = [], None
    for _ in range(50):
        asked = query | ({"nextPageToken": token} if token else {})
        _, answer, fields = full("GET", f"{url}/epcis/events?{urllib.parse.urlencode(asked)}", headers=headers)
        found += events_of(answer)
        link = fields["Link"] or ""
        token = urllib.parse.parse_qs(link.partition("?")[2].partition(">")[0]).get("nextPageToken", [None])[0]
        if not token:
            break
    return found

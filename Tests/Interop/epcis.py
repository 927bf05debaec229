"""schemathesis holds the node's EPCIS interface against GS1's own OpenAPI document, as far as it is served.

Usage: CAIRN_URL=http://127.0.0.1:8080 CAIRN_FOLDER=.demo python Tests/Interop/epcis.py
"""

import json
import os
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "Live")]
from openapi import send  # noqa: E402
from process import REPOSITORY, sign_in  # noqa: E402
from statement import Participant  # noqa: E402

VECTORS = pathlib.Path(os.environ.get("CAIRN_VECTORS", REPOSITORY.parent / "shared/vectors"))
SERVED = ("/capture", "/capture/{captureID}", "/events", "/events/{eventID}", "/queries", "/queries/{queryName}",
          "/queries/{queryName}/events", "/queries/{queryName}/subscriptions",
          "/queries/{queryName}/subscriptions/{subscriptionID}")


def document(url):
    """GS1's document with the paths that are served here, at this node; None where it is not there."""
    source = VECTORS / "epcis/gs1/REST Bindings/openapi.json"
    if not source.exists():
        return None
    whole = json.loads(source.read_text())
    whole["servers"] = [{"url": f"{url}/epcis"}]
    whole["paths"] = {path: whole["paths"][path] for path in SERVED}
    mend(whole["components"])
    return whole


def mend(components):
    """Three places at which GS1's document allows no answer, or contradicts its own examples."""
    # A problem of status 409 is to say 406 (its example says 409).
    conflict = components["responses"]["409ResourceAlreadyExistsException"]["content"]["application/problem+json"]["schema"]
    assert conflict["allOf"][0]["properties"]["status"]["enum"] == [406]
    conflict["allOf"][0]["properties"]["status"] = {"type": "integer", "enum": [409]}
    # A job has either errors or errorFile, neither of which is required: each job fits both.
    job = components["schemas"]["CaptureJob"]["allOf"][1]
    job["anyOf"] = job.pop("oneOf")
    # A problem of RFC 7807 has the media type of RFC 7807 everywhere but here.
    content = components["responses"]["400SubscriptionIssues"]["content"]
    content["application/problem+json"] = content["application/json"]


def main() -> int:
    url = os.environ["CAIRN_URL"]
    found = document(url)
    if found is None:
        print(f"skipped {len(SERVED)} paths: GS1's OpenAPI document is not there")
        return 0
    partner = Participant("partner-registry", f"{os.environ['CAIRN_FOLDER']}/keys/partner-registry.key")
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(found, file)
        file.flush()
        # What it takes, and all that it should refuse, openapi.py tries by the node's own document: here it is what it answers.
        return send(file.name, "--url", f"{url}/epcis", "-H", f"Authorization: Bearer {sign_in(url, partner)}",
                    "--checks", "not_a_server_error,response_schema_conformance,content_type_conformance",
                    examples=os.environ.get("CAIRN_EXAMPLES", "5"), phases="examples,fuzzing")


if __name__ == "__main__":
    sys.exit(main())

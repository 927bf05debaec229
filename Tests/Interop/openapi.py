"""schemathesis sends the served OpenAPI document's node what the document says it takes, and what it says it does not.

Usage: CAIRN_URL=http://127.0.0.1:8080 CAIRN_FOLDER=.demo python Tests/Interop/openapi.py
"""

import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "Live"))
from process import sign_in  # noqa: E402
from statement import Participant  # noqa: E402

EXAMPLES = os.environ.get("CAIRN_EXAMPLES", "20")


def main() -> int:
    url = os.environ["CAIRN_URL"]
    # The partner may write events; what else a participant may do, every participant may.
    partner = Participant("partner-registry", f"{os.environ['CAIRN_FOLDER']}/keys/partner-registry.key")
    # An event stream goes on for ever.
    outcomes = [send(f"{url}/openapi.json", "-H", f"Authorization: Bearer {sign_in(url, partner)}", "--exclude-path", "/api/v1/events")]
    # PARK-14: what is served of APDS has the schema that APDS gives it.
    output = os.environ.get("CAIRN_DEMO_OUTPUT")
    car_park = re.search(r"^automated-parking\nPortal +(\S+)/$", pathlib.Path(output).read_text(), re.M) if output else None
    if car_park:
        outcomes.append(send(f"{car_park.group(1)}/openapi.json", "--include-path-regex", "^/api/v1/parking/rates"))
    else:
        print("skipped the rates of APDS: CAIRN_DEMO_OUTPUT names no car park")
    return max(outcomes)


def send(document, *more, examples=EXAMPLES, phases="examples,coverage,fuzzing") -> int:
    arguments = [
        str(pathlib.Path(sys.executable).parent / "st"), "--config-file", str(HERE / "schemathesis.toml"), "run", document,
        "--max-examples", examples, "--workers", "1", "--phases", phases, *more,
    ]
    environment = os.environ | {"SCHEMATHESIS_HOOKS": "openapi_hooks", "PYTHONPATH": str(HERE)}
    outcome = subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=600)
    lines = outcome.stdout.splitlines()
    failed = outcome.returncode != 0
    print("\n".join(lines[-900:] if failed else [line for line in lines if "generated" in line or "Tested" in line]))
    if outcome.stderr:
        print(outcome.stderr[-2000:])
    print(f"schemathesis: {'failed' if failed else 'clean'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

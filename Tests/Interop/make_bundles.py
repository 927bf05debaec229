"""Writes a valid evidence bundle and altered copies into a folder, with expectations in cases.json.

Usage: python make_bundles.py FOLDER
"""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from oracle import merkle  # noqa: E402
from oracle.encoding import encode, sha256  # noqa: E402
from oracle.maker import make_bundle  # noqa: E402
from oracle.tampering import cases, changed_members  # noqa: E402


def consistency_cases() -> list[dict]:
    hashes = [sha256(bytes([number])) for number in range(40)]
    found = []
    for second in (1, 2, 3, 7, 8, 9, 16, 31, 40):
        for first in range(1, second + 1):
            path = merkle.consistency(first, hashes[:second])
            found.append({"first": first, "second": second, "firstRoot": merkle.root(hashes[:first]).hex(),
                          "secondRoot": merkle.root(hashes[:second]).hex(), "path": [node.hex() for node in path]})
    return found


def main(folder: pathlib.Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    bundle, ledger = make_bundle()
    (folder / "valid.cbor").write_bytes(encode(bundle))
    listed = []
    for number, (name, check, data) in enumerate(cases(bundle)):
        file = f"altered-{number:02}.cbor"
        (folder / file).write_bytes(data)
        listed.append({"file": file, "name": name, "check": check})
    grown, other = make_bundle(admits="auditor")
    (folder / "grown.cbor").write_bytes(encode(grown))
    changes = []
    for number, (name, check, data) in enumerate(changed_members(grown)):
        file = f"members-{number:02}.cbor"
        (folder / file).write_bytes(data)
        changes.append({"file": file, "name": name, "check": check})
    (folder / "cases.json").write_text(json.dumps(
        {"ledger": ledger.hex(), "valid": "valid.cbor", "altered": listed, "consistency": consistency_cases(),
         "grown": {"ledger": other.hex(), "valid": "grown.cbor", "altered": changes}}))
    print(f"{len(listed) + len(changes) + 2} bundles in {folder}")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))

"""dsmr-parser reads the same telegrams of meters' P1 ports as a running microgrid's node, and both find the same.

Usage: python Tests/Interop/telegrams.py; needs the outside telegrams (CAIRN_VECTORS), and says so where they are not.
Prints the telegrams and values compared, and `N passed, N failed` last.
"""

import datetime
import decimal
import json
import logging
import os
import pathlib
import re
import sys
import tempfile

from dsmr_parser import telegram_specifications as specifications
from dsmr_parser.exceptions import InvalidChecksumError, ParseError
from dsmr_parser.parsers import TelegramParser

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "Live"))
from process import Check, REPOSITORY, call, free_port, sign_in, start, stop, wait_until_up  # noqa: E402
from statement import Participant  # noqa: E402

FOLDER = pathlib.Path(os.environ.get("CAIRN_VECTORS", REPOSITORY.parent / "shared/vectors")) / "energy/dsmr"
#: By which of its specifications dsmr-parser reads a telegram. That of the T210-D-R decrypts first, and this one is in clear.
SPECIFICATIONS = {
    "telegram_esy5q3da1004_v304.txt": specifications.Q3D, "telegram_esy5q3db1024_v304.txt": specifications.Q3D,
    "telegram_fluvius_v171.txt": specifications.BELGIUM_FLUVIUS,
    "telegram_fluvius_v171_alt.txt": specifications.BELGIUM_FLUVIUS,
    "telegram_iskra_ie.txt": specifications.ISKRA_IE, "telegram_v2_2.txt": specifications.V2_2,
    "telegram_sagemcom_t210_d_r.txt": specifications.SAGEMCOM_T210_D_R | {"general_global_cipher": False},
    "telegram_v3.txt": specifications.V3, "telegram_v4_2.txt": specifications.V4,
    "telegram_v5_two_mbus.txt": specifications.V5,
}
WATT_HOURS = {"kWh": 1000, "Wh": 1}
#: A telegram of February that says S, summer time. Ours goes by the letter, as the standard has it; dsmr-parser by the calendar.
BY_THE_LETTER = "telegram_iskra_ie.txt"


def number(item):
    """The value that our parser found, exactly, and its unit: meters before version 4 write it in a bracket before."""
    quantity = item.get("quantity")
    if quantity:
        return decimal.Decimal(quantity["digits"]).scaleb(-quantity["decimals"]), quantity["unit"]
    try:
        return decimal.Decimal(item["values"][-1]), item["values"][-2] if len(item["values"]) > 1 else ""
    except decimal.InvalidOperation:
        return None, None


def ours(told, pattern):
    """Objects of our answer that one of dsmr-parser's patterns is about."""
    return [item for item in told["objects"] if re.match(pattern.split(".+?")[0], item["code"])]


class Telegrams:
    def __init__(self, check, ask):
        self.check, self.ask, self.values = check, ask, 0

    def compare(self, name, content):
        specification = SPECIFICATIONS[name]
        theirs = TelegramParser(specification).parse(content.decode("latin-1"))
        status, told = self.ask(content)
        if not self.check(f"{name} is read", status == 200, told):
            return
        before = self.values
        for entry in specification["objects"]:
            found = getattr(theirs, entry["value_name"], None)
            value = getattr(found, "value", None)
            if isinstance(value, decimal.Decimal):
                same = [number(item) == (value, found.unit or "") for item in ours(told, entry["obis_reference"])]
            elif isinstance(value, datetime.datetime) and entry["value_name"] == "P1_MESSAGE_TIMESTAMP":
                same = [told["time"] == int(value.timestamp()) - (3600 if name == BY_THE_LETTER else 0)]
            elif isinstance(value, str):
                same = [item["values"][-1] == value for item in ours(told, entry["obis_reference"])]
            else:
                continue
            self.values += 1
            self.check(f"{name}: {entry['value_name']}", any(same), (value, ours(told, entry["obis_reference"])))
        self.sums(name, theirs, told)
        self.check(f"{name}: values were compared", self.values > before + 2, self.values - before)
        self.broken(name, specification, content, told)

    def sums(self, name, theirs, told):
        """What the market takes: the registers of all tariffs together, and power."""
        def value(attribute):
            found = getattr(theirs, attribute, None)
            return None if found is None else (found.value * WATT_HOURS.get(found.unit, 1))

        def energy(total, parts):
            known = [value(total)] if value(total) is not None else [value(part) for part in parts]
            known = [part for part in known if part is not None]
            return int(sum(known)) if known else None

        for field, total, part in (("imported", "ELECTRICITY_IMPORTED_TOTAL", "ELECTRICITY_USED_TARIFF_{}"),
                                   ("exported", "ELECTRICITY_EXPORTED_TOTAL", "ELECTRICITY_DELIVERED_TARIFF_{}")):
            expected = energy(total, [part.format(tariff) for tariff in range(1, 5)])
            self.values += 1
            self.check(f"{name}: {field}", told[field] == expected, (told[field], expected))

    def broken(self, name, specification, content, told):
        """A changed digit: both refuse the telegram, where it has a checksum."""
        if not told["hasChecksum"]:
            return
        place = content.index(b"(") + 1
        changed = content[:place] + bytes([content[place] ^ 1]) + content[place + 1:]
        try:
            TelegramParser(specification).parse(changed.decode("latin-1"))
            theirs = not specification["checksum_support"]
        except (InvalidChecksumError, ParseError):
            theirs = True
        status, answer = self.ask(changed)
        self.check(f"{name}: both refuse a changed digit", theirs and status == 400 and "checksum" in str(answer), answer)


def main():
    logging.disable(logging.WARNING)
    check = Check()
    if not FOLDER.exists():
        print(f"skipped {len(SPECIFICATIONS)} telegrams: there are no outside telegrams in {FOLDER}")
        print("0 passed, 0 failed")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        node = start("demo", "--use-case", "energy-north", "--bare", "--folder", folder, "--port", str(port))
        try:
            wait_until_up(url, process=node)
            token = sign_in(url, Participant("eag-north", f"{folder}/keys/eag-north.key"))

            def ask(content):
                status, body = call("POST", f"{url}/api/v1/energy/telegrams", content, {
                    "Authorization": f"Bearer {token}", "Content-Type": "application/octet-stream"})
                return status, json.loads(body)

            telegrams = Telegrams(check, ask)
            files = sorted(FOLDER.glob("*.txt"))
            check("each telegram has a specification", {file.name for file in files} == set(SPECIFICATIONS), files)
            for file in files:
                telegrams.compare(file.name, file.read_bytes())
            print(f"{len(files)} telegrams, {telegrams.values} values compared with dsmr-parser")
        finally:
            stop(node)
    print(f"{check.passed} passed, {check.failed} failed")
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())

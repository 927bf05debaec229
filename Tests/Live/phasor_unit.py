"""A phasor measurement unit of PyPI's pyc37 (IEEE C37.118.2): `python phasor_unit.py PORT FILE` shows, twice a second, what the file
says: `HERTZ VOLT`."""
import logging
import pathlib
import sys
import time

from pyc37.frame import ConfigFrame2, DataFrame
from pyc37.pmu import Pmu

ID, RATE, NOMINAL = 7734, 10, 50
#: Volts of one step of a phasor: 0.01, in parts of 0.00001.
STEP = 1000
GOOD = ("ok", True, "timestamp", False, False, False, 0, "<10", 0)


def main():
    logging.disable(logging.CRITICAL)
    unit = Pmu(pmu_id=ID, data_rate=RATE, port=int(sys.argv[1]), ip="127.0.0.1")
    configuration = ConfigFrame2(
        ID, 1_000_000, 1, "Sunny Street", ID, (False, False, False, False), 3, 1, 1,
        ["VA", "VB", "VC", "ANALOG1", *(f"BREAKER {number:X}" for number in range(16))],
        [(STEP, "v")] * 3, [(1, "pow")], [(0x0000, 0xffff)], NOMINAL, 1, RATE)
    unit.set_configuration(configuration)
    unit.run()
    while True:
        hertz, volt = map(float, pathlib.Path(sys.argv[2]).read_text().split())
        steps = round(volt * 100)
        unit.send(DataFrame(ID, GOOD, [(steps, 0), (-steps // 2, -steps * 866 // 1000), (-steps // 2, steps * 866 // 1000)],
                            round((hertz - NOMINAL) * 1000), 0, [100], [0], configuration))
        # pyc37 gives its clients less than the stated rate, and what it does not get rid of comes late.
        time.sleep(0.5)


if __name__ == "__main__":
    main()

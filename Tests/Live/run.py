"""Live tests against running processes, in two lanes side by side: what most use cases do; and energy, and what networks of nodes survive.

The second lane runs in a network namespace, so that none takes a port which the other is about to use; where that is not permitted it
runs after the first. Environment: CAIRN_URL and CAIRN_DEMO_OUTPUT of a running demo (for the first lane), CAIRN_CRASHES (50), CAIRN_OUTAGE
seconds (60). `run.py apart` runs the second lane alone. Prints `N passed, N failed` last and exits non-zero if anything failed.
"""
import subprocess
import sys
import tempfile
import time

import backup
import capture
import chattel
import chattel_rules
import cluster
import commands
import counterparts
import crash
import devices
import energy
import energy_border
import energy_grid
import energy_market
import enrolment
import evidence
import exports
import faults
import fish
import fish_cases
import fish_losses
import fish_records
import history
import inputs
import life
import members
import outage
import parking
import parking_devices
import parking_rules
import partitions
import personal
import replica
import rotation
import scenarios
import secrets_kept
import sequence
import sharing
import tagreader
import tampering
import tracing
import tracing_field
import wallet
from process import Check

USE_CASES = [("EPCIS capture", capture.run), ("a tag reader", tagreader.run), ("messages of cases", sequence.run),
         ("from figures to signed readings", evidence.run), ("pages and exports", exports.run),
         ("who may deal with whom", counterparts.run),
         ("tracing refuses and names", tracing.run), ("tracing with devices in the field", tracing_field.run),
         ("goods, receipts and races of banks", chattel.run),
         ("rules of chattel mortgage", chattel_rules.run),
         ("a replica of one participant", replica.run),
         ("money moves once", wallet.run), ("commands with own keys", commands.run),
         ("no private key in clear", secrets_kept.run),
         ("sealed streams", sharing.run), ("devices obey the ledger", devices.run),
         ("life of devices and gateways", life.run),
         ("readings over HTTP and Modbus", inputs.run), ("personal data", personal.run),
         ("newcomers and pseudonyms", enrolment.run), ("changed rows of a database", tampering.run),
         ("fish farming and its drill", fish.run),
         ("records and alarms of fish farming", fish_records.run),
         ("contracts, nights and cases of fish farming", fish_cases.run),
         ("losses, worth and warnings of fish farming", fish_losses.run),
         ("automated parking", parking.run), ("rules of automated parking", parking_rules.run),
         ("devices of a car park", parking_devices.run)]
NETWORKS = [("nodes of their own", cluster.run), ("state and statements of old blocks", history.run),
            ("members join and leave", members.run), ("members take other keys", rotation.run),
            ("scenarios on a network", scenarios.run), ("backups", backup.run),
            ("faults of a network", faults.run), ("a network in parts", partitions.run),
            ("kill -9 under load", crash.run), ("node away, devices go on", outage.run)]
ENERGY = [("energy trading", energy.run), ("a market with own keys", energy_market.run),
          ("a border whose link is cut", energy_border.run), ("a disturbed grid", energy_grid.run)]
#: As long as the first lane, about.
APART = NETWORKS + ENERGY


def play(lane, check):
    for name, test in lane:
        print(f"-- {name}", flush=True)
        begun = time.monotonic()
        try:
            test(check)
        except Exception as error:  # a broken test is a failed one, and the others still run
            check(f"{name} ran to its end", False, repr(error))
        print(f"   {time.monotonic() - begun:.0f} s", flush=True)


def start_apart(output):
    """The second lane in a network of its own, which has nothing but a loopback; None where that is not permitted."""
    if subprocess.run(["unshare", "--net", "ip", "link", "set", "lo", "up"], capture_output=True).returncode != 0:
        return None
    words = ["sh", "-c", 'ip link set lo up && exec "$@"', "sh", sys.executable, __file__, "apart"]
    return subprocess.Popen(["unshare", "--net", *words], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)


def main():
    check = Check()
    if sys.argv[1:] == ["apart"]:
        play(APART, check)
    else:
        with tempfile.TemporaryFile("w+") as output:
            apart = start_apart(output)
            play(USE_CASES, check)
            if apart is None:
                print("there is no network namespace here; the second lane comes after the first", flush=True)
                play(APART, check)
            else:
                apart.wait()
                output.seek(0)
                *lines, counts = output.read().rstrip().split("\n")
                print(*lines, sep="\n", flush=True)
                passed, failed = (int(word) for word in counts.replace("passed, ", "").replace("failed", "").split())
                check.passed, check.failed = check.passed + passed, check.failed + failed
    print(f"\n{check.passed} passed, {check.failed} failed")
    sys.exit(1 if check.failed else 0)


main()

"""Live tests against running processes: capture of partners' events, crashes under load, an outage of the node.

Environment: CAIRN_URL and CAIRN_DEMO_OUTPUT of a running demo (for the capture), CAIRN_CRASHES (50), CAIRN_OUTAGE seconds (60).
Prints `N passed, N failed` last and exits non-zero if anything failed.
"""
import sys

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
import tampering
import tracing
import wallet
from process import Check

check = Check()
TESTS = [("EPCIS capture", capture.run), ("messages of cases", sequence.run),
         ("from figures to signed readings", evidence.run), ("pages and exports", exports.run),
         ("who may deal with whom", counterparts.run),
         ("tracing refuses and names", tracing.run), ("goods, receipts and races of banks", chattel.run),
         ("rules of chattel mortgage", chattel_rules.run),
         ("a replica of one participant", replica.run),
         ("money moves once", wallet.run), ("commands with own keys", commands.run),
         ("no private key in clear", secrets_kept.run),
         ("sealed streams", sharing.run), ("devices obey the ledger", devices.run),
         ("life of devices and gateways", life.run),
         ("readings over HTTP and Modbus", inputs.run), ("personal data", personal.run),
         ("newcomers and pseudonyms", enrolment.run), ("changed rows of a database", tampering.run),
         ("energy trading", energy.run), ("a market with own keys", energy_market.run),
         ("a border whose link is cut", energy_border.run),
         ("a disturbed grid", energy_grid.run),
         ("fish farming and its drill", fish.run),
         ("records and alarms of fish farming", fish_records.run),
         ("contracts, nights and cases of fish farming", fish_cases.run),
         ("automated parking", parking.run), ("rules of automated parking", parking_rules.run),
         ("devices of a car park", parking_devices.run),
         ("nodes of their own", cluster.run), ("state and statements of old blocks", history.run),
         ("members join and leave", members.run), ("members take other keys", rotation.run),
         ("scenarios on a network", scenarios.run), ("backups", backup.run),
         ("faults of a network", faults.run), ("a network in parts", partitions.run),
         ("kill -9 under load", crash.run), ("node away, devices go on", outage.run)]
for name, test in TESTS:
    print(f"-- {name}", flush=True)
    try:
        test(check)
    except Exception as error:  # a broken test is a failed one, and the others still run
        check(f"{name} ran to its end", False, repr(error))
print(f"\n{check.passed} passed, {check.failed} failed")
sys.exit(1 if check.failed else 0)

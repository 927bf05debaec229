"""Step tables on a network: each organisation's node a process of its own, and while a scenario plays, one node and one etcd die and return.

CAIRN_SCENARIOS=all plays tracing's too, whose expiry of a box takes a minute, and energy's on three networks; other tests run them, and
tests of the network tracing's cast."""
import contextlib
import json
import os
import subprocess
import tempfile
import threading
import time

from cluster import Network
from faults import kill_etcd, start_etcd
from process import PROGRAM, REPOSITORY

#: Member beside whose node broker and gateway run, the one that dies, and a registrar with its member, by use case.
CASES = {
    "agricultural-tracing": ("cooperative", "logistics", ("laboratory", "accreditor")),
    "fish-farming": ("aqua-service", "city-bank", ("aqua-service", "fisheries-office")),
    "chattel-mortgage": ("monitoring", "city", ("chamber", "chamber")),
    "automated-parking": ("harbour", "hill", ("city", "city-office")),
}


def run(check):
    if os.environ.get("CAIRN_SCENARIOS") == "all":
        energy(check)
    for use_case, (home, dies, registrar) in CASES.items():
        if use_case == "agricultural-tracing" and os.environ.get("CAIRN_SCENARIOS") != "all":
            continue
        with tempfile.TemporaryDirectory() as folder:
            network = Network(f"{folder}/network", use_case, registrar)
            with network.running():
                play(check, network, use_case, home, dies)


def energy(check):
    """The aggregators' ledger and those of two microgrids, each a network; the aggregators act on two of them."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as running:
        def up(network):
            running.enter_context(network.running())
            return network

        # One after another: the next is laid out on ports that this one left free.
        region = up(Network(f"{folder}/region", "energy-trading", ("energy-office", "energy-office")))
        grids = {}
        for key in ("north", "south"):
            grid = Network(f"{folder}/{key}", f"energy-{key}", (f"council-{key}", f"registrar-{key}"))
            # The node that has the aggregator's key, for which the border works.
            home = next(member for member in grid.members if (grid.folder / member / f"keys/eag-{key}.key").exists())
            path = grid.folder / home / "node.json"
            beside = {"energy-trading": {"address": region.urls[f"eag-members-{key}"],
                                         "keys": str(region.folder / f"eag-members-{key}/keys")}}
            path.write_text(json.dumps(json.loads(path.read_text()) | {"beside": beside}))
            grids[key] = up(grid)
        companions = [word for key, grid in grids.items() for word in ("--companion", f"energy-{key}={grid.folder}")]
        fault = threading.Thread(target=disturb, args=(grids["north"], "auditor-north"), daemon=True)
        fault.start()
        play(check, region, "energy-trading", "energy-office", "grid", *companions)
        fault.join(120)
        check("energy-north: node and etcd came back while the scenario played",
              not fault.is_alive() and grids["north"].etcd_back)
        for grid in grids.values():
            heads = grid.agree()
            check(f"{grid.folder.name}: all four nodes have one head", len(set(heads.values())) == 1 and len(heads) == 4,
                  str(heads))


def play(check, network, use_case, home, dies, *more):
    fault = threading.Thread(target=disturb, args=(network, dies), daemon=True)
    begin = time.monotonic()
    fault.start()
    done = subprocess.run([PROGRAM, "scenario", use_case, "--node", network.urls[home], "--folder", str(network.folder),
                           "--output", "json", *more], cwd=REPOSITORY, capture_output=True, text=True, timeout=600)
    took = time.monotonic() - begin
    fault.join(120)
    check(f"{use_case}: node and etcd came back while the scenario played", not fault.is_alive() and network.etcd_back)
    if not check(f"{use_case}: every step holds on a network", done.returncode == 0, done.stderr[-600:]):
        return
    steps = json.loads(done.stdout)["steps"]
    check(f"{use_case}: every record verifies", steps and all(step["receiptVerified"] for step in steps))
    check(f"{use_case}: and what must be refused is", any(step.get("refusal") for step in steps))
    heads = network.agree()
    check(f"{use_case}: all four nodes have one head", len(set(heads.values())) == 1 and len(heads) == 4, str(heads))
    print(f"scenarios: {use_case}: {len(steps)} steps in {took:.0f} s", flush=True)


def disturb(network, dies):
    """kill -9 of a node and of an etcd, some seconds apart; both return."""
    network.etcd_back = False
    time.sleep(3)
    network.kill(dies)
    time.sleep(2)
    name = network.layout["etcd"][2]["name"]
    words = kill_etcd(network, name)
    time.sleep(3)
    network.start(dies)
    start_etcd(network, name, words)
    network.etcd_back = True

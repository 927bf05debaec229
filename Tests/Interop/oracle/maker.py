"""Makes a small ledger and an evidence bundle from it, with every part that formats.md names."""

import json
from base64 import b64encode

from cbor2 import CBORTag

from . import merkle
from .encoding import encode, sha256
from .signing import ES256, EDDSA, Key, make_statement, note_line, sign1_structure, vote_structure

MEMBERS = ["cooperative", "retailer", "laboratory", "haulier"]
DEVICE = "urn:dev:os:32473-probe-0001"
TOPIC = f"cairn/v1/cooperative/{DEVICE}/data/climate"
START = 1_790_000_000_000


class Ledger:
    """A ledger in memory: enough to make bundles, and no more."""

    def __init__(self):
        self.member_keys = {name: Key(f"member {name}") for name in MEMBERS}
        self.member_set = sorted([name, key.cose] for name, key in self.member_keys.items())
        self.signers = MEMBERS[:3]
        self.farmer = Key("farmer")
        self.analyst = Key("analyst", ES256)
        self.probe = Key("probe")
        self.genesis = encode({
            1: 1, 2: "Harvest", 3: START, 4: self.member_set,
            5: [[name, name.title()] for name in sorted(MEMBERS)],
            6: [["farm-7", "cooperative", ["farmer"], "Linde Farm", self.farmer.cose]],
            7: [["membership", 1, 0], ["telemetry", 1, 0], ["agriculture", 1, 0]], 8: {}})
        self.id = sha256(self.genesis)
        self.leaves: list[bytes] = []
        self.state: dict[bytes, bytes] = {}
        self.headers: list[bytes] = []
        for key, owner, kind in ((self.farmer, "farm-7", "participant"), (self.analyst, "lab-3", "participant"),
                                 (self.probe, DEVICE, "device")):
            self.state[f"membership/keys/{key.kid.hex()}".encode()] = encode(
                {"owner": owner, "kind": kind, "key": encode(key.cose), "from": 0, "until": None})
        self.state[f"membership/devices/{DEVICE}".encode()] = encode(
            {"owner": "farm-7", "profile": "climate", "gateway": "gw-1", "attestedBy": "chamber", "generation": 1,
             "revokedAt": None})

    def hashes(self) -> list[bytes]:
        return [merkle.leaf_hash(leaf) for leaf in self.leaves]

    def state_leaves(self) -> dict[bytes, bytes]:
        return {sha256(key): sha256(value) for key, value in self.state.items()}

    def seal(self, statements: list[bytes], admits: str | None = None) -> tuple[bytes, bytes, list[bytes]]:
        """Appends a block; returns its header, its certificate and the leaf hashes that its root covers.

        Who is admitted signs from the next block on."""
        following = self.member_set
        if admits:
            self.member_keys[admits] = Key(f"member {admits}")
            following = sorted([name, key.cose] for name, key in self.member_keys.items())
        self.leaves += statements
        covered = self.hashes()
        height = len(self.headers)
        header = encode({
            1: 1, 2: self.id, 3: height, 4: 0, 5: sha256(self.headers[-1]) if self.headers else bytes(32),
            6: len(covered), 7: merkle.root(covered), 8: merkle.state_root(self.state_leaves()),
            9: merkle.root([]), 10: START + 1000 * height, 11: sha256(encode(following)),
            12: [[name, START + 1000 * height] for name, _ in self.member_set]})
        self.headers.append(header)
        self.leaves.append(header)
        votes = []
        for name in self.signers:
            protected = encode({1: EDDSA, 4: self.member_keys[name].kid})
            votes.append([protected, {}, self.member_keys[name].sign(vote_structure(protected, header))])
        if admits:
            self.member_set, self.signers = following, [*self.signers, admits]
        return header, encode(CBORTag(98, [b"", {}, None, votes])), covered

    def reading(self, sequence: int) -> bytes:
        payload = json.dumps([{"n": DEVICE, "t": START // 1000 + sequence, "u": "Cel", "v": 4.5 + sequence / 10}])
        protected = encode({1: EDDSA, 4: self.probe.kid})
        signature = self.probe.sign(sign1_structure(protected, encode([TOPIC, sequence]), payload.encode()))
        return encode([1, TOPIC, sequence, self.probe.kid, payload.encode(), signature, START + sequence, 0])

    def checkpoint(self) -> str:
        origin = f"cairn/{self.id.hex()}"
        text = f"{origin}\n{len(self.leaves)}\n{b64encode(merkle.root(self.hashes())).decode()}\n"
        first, *others = self.signers
        lines = note_line(origin, 1, self.member_keys[first], text, 0)
        for name in others:
            lines += note_line(f"{origin}/{name}", 4, self.member_keys[name], text, START // 1000)
        return f"{text}\n{lines}"


def make_bundle(admits: str | None = None) -> tuple[dict, bytes]:
    """A bundle as a dictionary by the numbers of formats.md, and its ledger id; a member may be admitted between its two blocks."""
    ledger = Ledger()
    ledger.seal([])
    readings = [ledger.reading(sequence) for sequence in range(1, 6)]
    hashes = [merkle.leaf_hash(reading) for reading in readings]
    batch = make_statement(ledger.farmer, "farm-7", DEVICE, ledger.id, b"nonce-batch-1", ["telemetry", "batch", {
        "stream": "farm-7.climate", "epoch": 1, "first": 0, "last": 4, "from": START, "to": START + 5000,
        # Sealed: verifiers prove readings against the root, and need neither body nor key.
        "root": merkle.root(hashes), "body": sha256(b"a body that only readers open"), "sealed": True}])
    sown = make_statement(ledger.farmer, "farm-7", "plot-12", ledger.id, b"nonce-sowing", [
        "agriculture", "sow", {"plot": "plot-12", "seedLot": "S-2026-04", "grams": 4200, "at": START}])
    first = ledger.seal([sown, batch], admits)
    tested = make_statement(ledger.analyst, "lab-3", "lot-88", ledger.id, b"nonce-report", [
        "agriculture", "report", {"lot": "lot-88", "analyte": "lead", "value": 12, "unit": "ug/kg", "limit": 100}])
    box = b"agriculture/boxes/09506000134352/88/1"
    ledger.state[box] = encode({"lot": "lot-88", "state": "active"})
    second = ledger.seal([tested])
    blocks = [first[:2], second[:2]]
    placed = [(0, sown, first[2]), (0, batch, first[2]), (1, tested, second[2])]
    statements = []
    for block, statement, covered in placed:
        index = covered.index(merkle.leaf_hash(statement))
        statements.append([block, statement, [len(covered), index, merkle.inclusion(index, covered)]])
    records = []
    for key in sorted(ledger.state) + [b"agriculture/recalls/lot-88"]:
        siblings, terminal = merkle.state_proof(ledger.state_leaves(), sha256(key))
        records.append([key, ledger.state.get(key, b""), [siblings, list(terminal) if terminal else None]])
    proved = [[1, readings[index], [5, index, merkle.inclusion(index, hashes)]] for index in (0, 4)]
    bundle = {1: "cairn-evidence/1", 2: ledger.genesis, 3: [list(block) for block in blocks], 4: statements,
              5: records, 6: proved, 7: ledger.checkpoint(), 8: [["Box 1", "Tomatoes of plot 12"]]}
    if admits:
        bundle[9] = [[*first[:2], ledger.member_set]]
    return bundle, ledger.id

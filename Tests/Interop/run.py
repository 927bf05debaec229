"""Tools that nobody on the project wrote verify what a running node says; each must notice one altered byte.

Usage: CAIRN_URL=http://127.0.0.1:8080 python Tests/Interop/run.py
Prints one line for each failure and `N passed, N failed` at the end.
"""

import logging
import os
import pathlib
import sys
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import scitt_cose  # noqa: E402
from pycose.keys import EC2Key, OKPKey  # noqa: E402
from pycose.messages import CoseMessage  # noqa: E402
from pymerkle import InmemoryTree  # noqa: E402
from pymerkle import verify_consistency, verify_inclusion  # noqa: E402
from tlog_scales.backend import HttpBackend  # noqa: E402
from tlog_scales.reader import TilesReader  # noqa: E402
from tlog_scales.signing import Vkey, VkeySet  # noqa: E402
from tlog_scales.tlog import Checkpoint, ConsistencyProof  # noqa: E402

from node import Node, checkpoint_root, flip, key_records, pem  # noqa: E402
from oracle import merkle, tampering  # noqa: E402
from oracle.encoding import decode, encode, sha256  # noqa: E402
from oracle.verifier import Bundle  # noqa: E402

#: Statements looked at, and leaves recomputed, at most.
STATEMENTS = 6
LEAVES = 5_000


class Tests:
    def __init__(self, node: Node):
        self.node = node
        self.passed = self.failed = 0

    def expect(self, name: str, condition, detail="") -> None:
        if condition:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAIL {name} {detail}", flush=True)

    def refuses(self, name: str, act) -> None:
        """`act` has to return something false or to raise."""
        try:
            accepted = act()
        except Exception:  # every tool has errors of its own; any of them is a refusal
            accepted = False
        self.expect(name, not accepted, "an altered byte was accepted")

    def run(self) -> None:
        self.prepare()
        for part in (self.statements, self.receipts, self.signatures, self.static_log, self.roots, self.consistency,
                     self.bundle):
            try:
                part()
            except Exception as fault:  # one broken part must not hide the results of the others
                self.failed += 1
                print(f"FAIL {part.__name__}: {fault}\n{traceback.format_exc(limit=2)}", flush=True)

    def prepare(self) -> None:
        self.evidence, self.ledger = self.node.box_evidence()
        listed = {entry["id"]: entry for entry in self.node.ledgers()}
        self.expect("the page's ledger is listed", self.ledger.hex() in listed, list(listed))
        self.service_keys = self.node.service_keys()
        self.participant_keys = key_records(self.evidence)
        self.transactions = []
        for entry in self.node.transactions(self.ledger.hex()):
            # A refused statement has no leaf, so nothing proves it to be in the log.
            if entry.get("leafIndex") is None:
                continue
            transparent = self.node.entry(entry["id"])
            self.transactions.append((entry, transparent, decode(transparent)))
        self.expect("there are statements", self.transactions)

    @staticmethod
    def registered(tag) -> bytes:
        """The statement's bytes as registered: the leaf of the log, with an empty unprotected header."""
        protected, _, payload, signature = tag.value
        return b"\xd2\x84" + encode(protected) + b"\xa0" + encode(payload) + encode(signature)

    def known(self, tag) -> dict | None:
        return self.participant_keys.get(decode(tag.value[0])[4])

    # scitt-cose: signed statements (RFC 9943).
    def statements(self) -> None:
        verified = 0
        for entry, transparent, tag in self.transactions:
            protected, _, payload, _ = tag.value
            identity = sha256(b"\xd2\x84", encode(protected), b"\xa0", encode(payload), b"\x40")
            self.expect("transaction id", identity.hex() == entry["id"], entry["id"])
            key = self.known(tag)
            if key is None or verified >= STATEMENTS:
                continue
            verified += 1
            parsed = scitt_cose.parse_signed_statement(transparent, public_key_pem=pem(key))
            self.expect("scitt-cose verifies the statement", parsed["signature_verified"] is True, parsed)
            self.expect("its issuer and subject", parsed["issuer"] and parsed["subject"], parsed)
            contract, name, _ = decode(parsed["payload"])
            self.expect("its operation", (contract, name) == (entry["contract"], entry["operation"]), (contract, name))
            altered = flip(transparent, transparent.index(encode(payload)) + len(encode(payload)) - 1)
            self.refuses("scitt-cose: altered payload", lambda: scitt_cose.parse_signed_statement(
                altered, public_key_pem=pem(key))["signature_verified"])
        self.expect("statements with a proved key were found", verified > 0, "no signer's key is in the bundle")

    # scitt-cose: receipts (RFC 9942).
    def receipts(self) -> None:
        for entry, transparent, tag in self.transactions[:STATEMENTS]:
            receipts = scitt_cose.extract_receipts(transparent)
            self.expect("receipts at label 394", receipts, entry["id"])
            leaf = self.registered(tag)
            for receipt in receipts:
                header = decode(decode(receipt).value[0])
                key = self.service_keys.get(header[4])
                self.expect("the receipt's key is published", key is not None, header[4].hex())
                if key is None:
                    continue
                result = scitt_cose.verify_receipt(receipt, leaf_entry_hex=leaf.hex(), log_public_key_pem=pem(key))
                self.expect("scitt-cose verifies the receipt", result.ok, result.errors)
                self.expect("the receipt's place", result.leaf_index == entry["leafIndex"],
                            (result.leaf_index, entry["leafIndex"]))
                self.expect("the receipt's issuer and subject", result.subject == entry["id"]
                            and (result.issuer or "").startswith(self.ledger.hex()), (result.issuer, result.subject))
                for name, changed, about in (("signature", flip(receipt, -1), leaf),
                                             ("path", flip(receipt, len(receipt) - 80), leaf),
                                             ("leaf", receipt, flip(leaf, -1))):
                    self.refuses(f"scitt-cose: altered {name} of a receipt", lambda: scitt_cose.verify_receipt(
                        changed, leaf_entry_hex=about.hex(), log_public_key_pem=pem(key)).ok)

    # pycose: COSE_Sign1 (RFC 9052) by another implementation.
    def signatures(self) -> None:
        for _, transparent, tag in self.transactions:
            key = self.known(tag)
            if key is None:
                continue
            cose_key = (OKPKey(crv="ED25519", x=key[-2]) if key[1] == 1
                        else EC2Key(crv="P_256", x=key[-2], y=key[-3]))
            statement = self.registered(tag)
            message = CoseMessage.decode(statement)
            message.key = cose_key
            self.expect("pycose verifies the statement", message.verify_signature())

            def verify(data: bytes) -> bool:
                changed = CoseMessage.decode(data)
                changed.key = cose_key
                return changed.verify_signature()

            self.refuses("pycose: altered signature", lambda: verify(flip(statement, -1)))
            return
        self.expect("a statement for pycose", False, "no signer's key is in the bundle")

    # tlog-scales: checkpoint, cosignatures and tiles (C2SP).
    def static_log(self) -> None:
        ledger = self.ledger.hex()
        backend = HttpBackend(f"{self.node.base}/log/{ledger}")
        backend.session.headers.update(self.node.session.headers)
        self.reader = TilesReader(backend)
        checkpoint = self.reader.get_checkpoint()
        self.checkpoint = checkpoint
        self.expect("the checkpoint's origin", checkpoint.origin == f"cairn/{ledger}", checkpoint.origin)
        keys = [Vkey.from_string(text) for text in self.node.verifier_keys(ledger)]
        checkpoint.verify(keys[0])
        valid = VkeySet(*keys).verify(checkpoint.signatures, checkpoint)
        self.expect("tlog-scales verifies every line", len(valid) == len(checkpoint.signatures),
                    f"{len(valid)} of {len(checkpoint.signatures)}")
        members = len(keys)
        quorum = -(-(members + (members - 1) // 3 + 1) // 2)
        self.expect("a quorum signed the checkpoint", len(valid) >= quorum, f"{len(valid)} of {members}")
        self.expect("tlog-scales recomputes the root from tiles",
                    self.reader.calculate_root_hash() == checkpoint.root_hash)
        logging.disable(logging.CRITICAL)
        text = checkpoint.serialize()
        other = Checkpoint.from_text(text.replace(f"\n{checkpoint.size}\n", f"\n{checkpoint.size + 1}\n", 1))
        self.expect("tlog-scales: altered size", not VkeySet(*keys).verify(other.signatures, other))
        logging.disable(logging.NOTSET)
        for entry, _, tag in self.transactions[:STATEMENTS]:
            leaf = self.registered(tag)
            index = entry["leafIndex"]
            self.expect("the entry tile holds the statement", self.reader.get_entry(index) == leaf, index)
            proof = self.reader.get_inclusion_proof(index, checkpoint.size)
            proof.check(merkle.leaf_hash(leaf), checkpoint.root_hash)
            self.expect("tlog-scales proves inclusion from tiles", True)

            def check(leaf_hash: bytes) -> bool:
                proof.check(leaf_hash, checkpoint.root_hash)
                return True

            self.refuses("tlog-scales: altered leaf", lambda: check(merkle.leaf_hash(flip(leaf, 0))))

    # pymerkle: roots and proofs from the leaves.
    def roots(self) -> None:
        size = self.checkpoint.size
        if size > LEAVES:
            print(f"skipped 4 checks: {size} leaves are more than {LEAVES}")
            return
        leaves = [self.reader.get_entry(index) for index in range(size)]
        tree = InmemoryTree.init_from_entries(leaves, algorithm="sha256")
        root = tree.get_root(size)
        self.expect("pymerkle recomputes the checkpoint's root", root == self.checkpoint.root_hash)
        entry, _, tag = self.transactions[0]
        index = entry["leafIndex"]
        proof = tree.prove_inclusion(index + 1, size)
        verify_inclusion(tree.get_leaf(index + 1), self.checkpoint.root_hash, proof)
        self.expect("pymerkle's proof leads to the checkpoint's root", True)
        for header, _ in decode(self.evidence)[3]:
            fields = decode(header)
            self.expect("pymerkle recomputes the root in a header", tree.get_root(fields[6]) == fields[7], fields[3])
            if fields[6] < size:
                verify_consistency(fields[7], self.checkpoint.root_hash, tree.prove_consistency(fields[6], size))
                self.expect("pymerkle: the header's log is a prefix of the checkpoint's", True)
        other = InmemoryTree.init_from_entries([flip(leaves[0], -1), *leaves[1:]], algorithm="sha256")
        self.expect("pymerkle: altered leaf", other.get_root(size) != self.checkpoint.root_hash)

    # tlog-scales and the oracle: the node's consistency proofs.
    def consistency(self) -> None:
        ledger = self.ledger.hex()
        size, root = checkpoint_root(self.checkpoint.serialize())
        for header, _ in decode(self.evidence)[3]:
            fields = decode(header)
            first, old = fields[6], fields[7]
            if not 0 < first < size:
                continue
            path = self.node.consistency(ledger, first, size)
            ConsistencyProof(first, size, path).check(old, root)
            self.expect("tlog-scales verifies the node's consistency proof", True)

            def check(nodes: list[bytes], old_root: bytes) -> bool:
                ConsistencyProof(first, size, nodes).check(old_root, root)
                return True

            self.refuses("consistency: altered old root", lambda: check(path, flip(old, 0)))
            if path:
                self.refuses("consistency: altered path", lambda: check([flip(path[0], 0), *path[1:]], old))

    # The evidence bundle, by the verifier that was written from formats.md alone.
    def bundle(self) -> None:
        failed = Bundle(self.evidence, self.ledger).run()
        self.expect("the oracle verifies the bundle", not failed, failed)
        self.expect("the oracle refuses another ledger", 2 in Bundle(self.evidence, bytes(32)).run())
        noticed = 0
        cases = tampering.generic_cases(decode(self.evidence))
        for name, check, data in cases:
            result = Bundle(data, self.ledger).run()
            noticed += 1
            self.expect(f"bundle, {name}: check {check} fails", check in result, result)
        self.expect("parts of the bundle altered", noticed >= 6, noticed)


def main() -> int:
    tests = Tests(Node(os.environ.get("CAIRN_URL", "http://127.0.0.1:8080")))
    tests.run()
    print(f"{tests.passed} passed, {tests.failed} failed")
    return 0 if tests.failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main())

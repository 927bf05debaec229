"""The eight checks of formats.md "Evidence bundle", independent of the Swift and the JavaScript verifier."""

import base64

from cbor2 import CBORTag

from . import merkle, signing
from .encoding import FormatFault, decode, encode, sha256


def need(condition, message: str) -> None:
    if not condition:
        raise FormatFault(message)


def quorum(members: int) -> int:
    faulty = (members - 1) // 3
    return -(-(members + faulty + 1) // 2)


class Bundle:
    """Runs the checks in order; `run` returns the numbers of those that failed, with the reason."""

    def __init__(self, data: bytes, ledger: bytes):
        self.data, self.expected = data, ledger
        self.proved: dict[bytes, object] = {}

    def run(self) -> dict[int, str]:
        failed: dict[int, str] = {}
        checks = [self.form, self.ledger, self.blocks, self.inclusion, self.state, self.signers, self.readings,
                  self.checkpoint, self.renewal]
        for number, check in enumerate(checks, 1):
            try:
                check()
            except Exception as fault:  # whatever goes wrong on hostile bytes is a failed check, never a crash
                failed[number] = f"{type(fault).__name__}: {fault}"
                if number == 1:
                    break
        return failed

    def form(self) -> None:
        self.parts = decode(self.data)
        need(self.parts[1] == "cairn-evidence/1" and set(self.parts) <= set(range(1, 11)), "not a bundle")
        self.genesis = decode(self.parts[2])
        self.headers = [decode(header) for header, _ in self.parts[3]]
        self.changes = [(decode(header), header, votes, members) for header, votes, members in self.parts.get(9, [])]
        self.statements = [(block, decode(raw), raw, proof) for block, raw, proof in self.parts[4]]
        for block, statement, _, _ in self.statements:
            need(isinstance(statement, CBORTag) and statement.tag == 18 and statement.value[1] == {}, "no statement")
            need(decode(statement.value[0])[3] == signing.CONTENT_TYPE, "another content type")
            decode(statement.value[2])
            need(block < len(self.headers), "no such block")
        for _, value, _ in self.parts[5]:
            value and decode(value)

    def ledger(self) -> None:
        self.id = sha256(self.parts[2])
        # (first height, members): each set announced by a header that a quorum of those before signed.
        self.sets = [(0, self.genesis[4])]
        need(self.id == self.expected, "another ledger")
        for header, raw, votes, members in self.changes:
            need(header[2] == self.id and header[3] + 1 > self.sets[-1][0], "a change out of order")
            need(header[11] == sha256(encode(members)) and members != self.sets[-1][1], "another member set")
            self.certificate(raw, votes, self.sets[-1][1])
            self.sets.append((header[3] + 1, members))

    def members(self, height: int) -> list:
        return [members for first, members in self.sets if first <= height][-1]

    def certificate(self, raw: bytes, certificate: bytes, members: list) -> None:
        keys = dict(members)
        kids = {sha256(encode(key)): name for name, key in keys.items()}
        tag = decode(certificate)
        need(tag.tag == 98 and tag.value[:3] == [b"", {}, None], "not a certificate")
        voters = set()
        for protected, unprotected, signature in tag.value[3]:
            fields = decode(protected)
            need(set(fields) == {1, 4} and unprotected == {}, "unknown fields in a vote")
            name = kids.get(fields[4])
            message = signing.vote_structure(protected, raw)
            # The ledger stores valid votes of distinct members only; any other one was altered.
            need(name and name not in voters, "a vote of nobody, or of somebody twice")
            need(signing.verify(keys[name], message, signature), f"a bad vote of {name}")
            voters.add(name)
        need(len(voters) >= quorum(len(keys)), f"{len(voters)} votes")

    def blocks(self) -> None:
        for (raw, votes), header in zip(self.parts[3], self.headers):
            need(header[2] == self.id, "a header of another ledger")
            need(header[11] == sha256(encode(self.members(header[3] + 1))), "a header of other members")
            self.certificate(raw, votes, self.members(header[3]))

    def inclusion(self) -> None:
        for block, _, raw, (size, index, path) in self.statements:
            header = self.headers[block]
            need(size == header[6], "another size")
            root = merkle.root_from_inclusion(merkle.leaf_hash(raw), index, size, path)
            need(root == header[7], "not in the log")

    def state(self) -> None:
        for key, value, (siblings, terminal) in self.parts[5]:
            root = merkle.root_from_state(key, value or None, siblings, terminal)
            need(root == self.headers[-1][8], f"{key!r} not in the state")
            self.proved[key] = decode(value) if value else None

    def key(self, kid: bytes, kind: str, owner: str, height: int) -> dict:
        record = self.proved.get(f"membership/keys/{kid.hex()}".encode())
        need(record is not None, "the key is not proved")
        need(sha256(record["key"]) == kid and record["kind"] == kind and record["owner"] == owner, "another's key")
        need(record["from"] <= height and (record["until"] is None or height < record["until"]), "key not valid")
        return decode(record["key"])

    def signers(self) -> None:
        for block, statement, _, _ in self.statements:
            protected, _, payload, signature = statement.value
            header = decode(protected)
            need(header[15][signing.LEDGER_CLAIM] == self.id, "made for another ledger")
            key = self.key(header[4], "participant", header[15][1], self.headers[block][3])
            need(header[1] == signing.algorithm_of(key), "another algorithm")
            need(signing.verify(key, signing.sign1_structure(protected, b"", payload), signature), "bad signature")

    def readings(self) -> None:
        for index, raw, (size, position, path) in self.parts[6]:
            block, statement, _, _ = self.statements[index]
            contract, name, arguments = decode(statement.value[2])
            need((contract, name) == ("telemetry", "batch"), "not a batch")
            root = merkle.root_from_inclusion(merkle.leaf_hash(raw), position, size, path)
            need(root == arguments["root"], "not in the batch")
            version, topic, sequence, kid, payload, signature, _, _ = decode(raw)
            need(version == 1, "another version")
            key = self.key(kid, "device", topic.split("/")[3], self.headers[block][3])
            protected = encode({1: signing.algorithm_of(key), 4: kid})
            message = signing.sign1_structure(protected, encode([topic, sequence]), payload)
            need(signing.verify(key, message, signature), "bad device signature")

    def checkpoint(self) -> None:
        if self.parts.get(7) is None:
            return
        text, lines = self.parts[7].split("\n\n", 1)
        text += "\n"
        origin, size, root = text.split("\n")[:3]
        head = self.headers[-1]
        need(origin == f"cairn/{self.id.hex()}" and int(size) == head[6] + 1, "another log or size")
        need(len(base64.b64decode(root, validate=True)) == 32, "no root")
        signers = set()
        for line in lines.strip().split("\n"):
            dash, name, blob = line.split(" ")
            need(dash == "\u2014", "not a signature line")
            signers.add(self.note_signer(origin, name, base64.b64decode(blob, validate=True), text))
        need(len(signers) >= quorum(len(self.members(head[3] + 1))), f"{len(signers)} members signed")

    def renewal(self) -> None:
        if self.parts.get(10) is None:
            return
        raw, votes, seals = self.parts[10]
        head = decode(raw)
        need(head[2] == self.id, "a later head of another ledger")
        need(head[11] == sha256(encode(self.members(head[3] + 1))), "a later head of other members")
        self.certificate(raw, votes, self.members(head[3]))
        need(len(seals) == len(self.headers), "not all blocks are renewed")
        for (block, _), header, (size, index, path) in zip(self.parts[3], self.headers, seals):
            need(header[3] < head[3] and index == header[6] and size == head[6], "another place than the block's SEAL leaf")
            root = merkle.root_from_inclusion(merkle.leaf_hash(block), index, size, path)
            need(root == head[7], "a block is not in the later head's log")

    def note_signer(self, origin: str, name: str, blob: bytes, text: str) -> str:
        for member, key in self.members(self.headers[-1][3] + 1):
            if name == origin:
                known = blob[:4] == sha256(name.encode() + b"\n\x01", key[-2])[:4]
                if known and signing.verify(key, text.encode(), blob[4:]):
                    return member
            elif name == f"{origin}/{member}":
                need(blob[:4] == sha256(name.encode() + b"\n\x04", key[-2])[:4], "another cosigner key")
                time = int.from_bytes(blob[4:12], "big")
                message = f"cosignature/v1\ntime {time}\n{text}".encode()
                need(signing.verify(key, message, blob[12:]), f"bad cosignature of {member}")
                return member
        raise FormatFault(f"no member signed as {name}")

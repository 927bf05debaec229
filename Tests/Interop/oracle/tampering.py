"""Alters one byte in each part of a bundle, and says which numbered check has to notice."""

import copy

from .encoding import encode


def _flip(data: bytes, index: int = -1) -> bytes:
    changed = bytearray(data)
    changed[index] ^= 1
    return bytes(changed)


def _flip_text(text: str, index: int) -> str:
    replacement = "A" if text[index] != "A" else "B"
    return text[:index] + replacement + text[index + 1:]


def cases(bundle: dict):
    """Yields (name, number of the check that must fail, altered bundle's bytes)."""
    def altered(change) -> bytes:
        copied = copy.deepcopy(bundle)
        change(copied)
        return encode(copied)

    whole = encode(bundle)
    yield "version string", 1, altered(lambda parts: parts.update({1: "cairn-evidence/2"}))
    yield "cut short", 1, whole[:-1]
    yield "a byte appended", 1, whole + b"\x00"

    def set_in(path, change):
        def apply(parts):
            node = parts
            for step in path[:-1]:
                node = node[step]
            node[path[-1]] = change(node[path[-1]])
        return altered(apply)

    yield "genesis: name", 2, set_in([2], lambda data: data.replace(b"Harvest", b"Harvess"))
    yield "genesis: member key", 2, set_in([2], lambda data: _flip(data, data.index(b"retailer") + 30))
    yield "header: last byte", 3, set_in([3, 0, 0], _flip)
    yield "head's header: log root", 3, set_in([3, 1, 0], lambda data: _flip(data, 130))
    yield "certificate: last vote", 3, set_in([3, 0, 1], _flip)
    yield "statement: signature", 4, set_in([4, 0, 1], _flip)
    yield "statement: signature (signer)", 6, set_in([4, 0, 1], _flip)
    yield "statement: payload", 4, set_in([4, 2, 1], lambda data: data.replace(b"ug/kg", b"mg/kg"))
    yield "statement: payload (signer)", 6, set_in([4, 2, 1], lambda data: data.replace(b"ug/kg", b"mg/kg"))
    yield "statement: path", 4, set_in([4, 1, 2, 2, 0], _flip)
    yield "statement: leaf index", 4, set_in([4, 1, 2, 1], lambda index: index ^ 1)
    yield "state: value", 5, set_in([5, 0, 1], lambda data: data.replace(b"active", b"activf"))
    yield "state: key", 5, set_in([5, 0, 0], _flip)
    yield "state: sibling", 5, set_in([5, 1, 2, 0, 0], _flip)
    yield "state: absence claimed of a present key", 5, set_in([5, 0, 1], lambda data: b"")
    yield "state: key record missing", 6, altered(lambda parts: parts[5].pop(
        next(i for i, record in enumerate(parts[5]) if b"farm-7" in record[1] and b"keys" in record[0])))
    yield "reading: payload", 7, set_in([6, 0, 1], lambda data: data.replace(b"Cel", b"Cem"))
    yield "reading: signature", 7, set_in([6, 1, 1], lambda data: _flip(data, -12))
    yield "reading: path", 7, set_in([6, 1, 2, 2, 0], _flip)
    yield "checkpoint: origin", 8, set_in([7], lambda text: text.replace("cairn/", "cairm/", 1))
    yield "checkpoint: root", 8, set_in([7], lambda text: _flip_text(text, text.index("=\n") - 5))
    yield "checkpoint: log signature", 8, set_in([7], lambda text: _flip_text(text, text.index("=\n\n") + 150))
    yield "checkpoint: cosignature", 8, set_in([7], lambda text: _flip_text(text, len(text) - 10))


def changed_members(bundle: dict):
    """The same for what tells that the members changed."""
    def altered(change) -> bytes:
        copied = copy.deepcopy(bundle)
        change(copied)
        return encode(copied)

    def at(index, change):
        return altered(lambda parts: parts[9][0].__setitem__(index, change(parts[9][0][index])))

    yield "change: left out", 3, altered(lambda parts: parts.pop(9))
    yield "change: its header", 2, at(0, _flip)
    yield "change: its certificate", 2, at(1, _flip)
    yield "change: a key of it", 2, at(2, lambda members: [[members[0][0], {**members[0][1], -2: bytes(32)}], *members[1:]])
    yield "change: one member less", 2, at(2, lambda members: members[:-1])
    yield "change: told twice", 2, altered(lambda parts: parts[9].append(parts[9][0]))


def generic_cases(bundle: dict):
    """The same for a bundle of which only the form is known: the last byte of the first item of each part."""
    def altered(path) -> bytes:
        copied = copy.deepcopy(bundle)
        node = copied
        for step in path[:-1]:
            node = node[step]
        node[path[-1]] = _flip(node[path[-1]])
        return encode(copied)

    yield "certificate", 3, altered([3, -1, 1])
    yield "header", 3, altered([3, 0, 0])
    yield "statement, log", 4, altered([4, 0, 1])
    yield "statement, signer", 6, altered([4, -1, 1])
    if bundle[4][0][2][2]:
        yield "inclusion path", 4, altered([4, 0, 2, 2, 0])
    if bundle[5]:
        yield "state value", 5, altered([5, 0, 1])
        yield "state key", 5, altered([5, 0, 0])
    if bundle[6]:
        yield "reading", 7, altered([6, 0, 1])
    if bundle.get(7):
        text = bundle[7]
        yield "checkpoint", 8, encode({**bundle, 7: _flip_text(text, len(text) - 10)})

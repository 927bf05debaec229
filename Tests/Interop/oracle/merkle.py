"""RFC 9162 §2.1 by its recursive definitions, and the compact sparse Merkle tree of the state."""

from .encoding import sha256

EMPTY = bytes(32)


def leaf_hash(leaf: bytes) -> bytes:
    return sha256(b"\x00", leaf)


def _split(size: int) -> int:
    """The largest power of two smaller than `size`."""
    return 1 << (size - 1).bit_length() - 1


def root(hashes: list[bytes]) -> bytes:
    if not hashes:
        return sha256()
    if len(hashes) == 1:
        return hashes[0]
    middle = _split(len(hashes))
    return sha256(b"\x01", root(hashes[:middle]), root(hashes[middle:]))


def inclusion(index: int, hashes: list[bytes]) -> list[bytes]:
    if len(hashes) == 1:
        return []
    middle = _split(len(hashes))
    if index < middle:
        return inclusion(index, hashes[:middle]) + [root(hashes[middle:])]
    return inclusion(index - middle, hashes[middle:]) + [root(hashes[:middle])]


def consistency(first: int, hashes: list[bytes], complete: bool = True) -> list[bytes]:
    if first == len(hashes):
        return [] if complete else [root(hashes)]
    middle = _split(len(hashes))
    if first <= middle:
        return consistency(first, hashes[:middle], complete) + [root(hashes[middle:])]
    return consistency(first - middle, hashes[middle:], False) + [root(hashes[:middle])]


def root_from_inclusion(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes | None:
    """Walks the same recursion from the top, so that the code shares nothing with the iterative verifier."""
    if index >= size:
        return None
    if size == 1:
        return leaf if not path else None
    if not path:
        return None
    middle, sibling = _split(size), path[-1]
    if index < middle:
        left = root_from_inclusion(leaf, index, middle, path[:-1])
        return left and sha256(b"\x01", left, sibling)
    right = root_from_inclusion(leaf, index - middle, size - middle, path[:-1])
    return right and sha256(b"\x01", sibling, right)


def _bit(path: bytes, depth: int) -> int:
    return path[depth // 8] >> 7 - depth % 8 & 1


def _state_leaf(path: bytes, value_hash: bytes) -> bytes:
    return sha256(b"\x00", path, value_hash)


def state_root(leaves: dict[bytes, bytes], depth: int = 0) -> bytes:
    """`leaves` maps SHA-256(state key) to SHA-256(value)."""
    if not leaves:
        return EMPTY
    if len(leaves) == 1:
        return _state_leaf(*next(iter(leaves.items())))
    sides = [{path: value for path, value in leaves.items() if _bit(path, depth) == side} for side in (0, 1)]
    return sha256(b"\x01", state_root(sides[0], depth + 1), state_root(sides[1], depth + 1))


def state_proof(leaves: dict[bytes, bytes], path: bytes) -> tuple[list[bytes], tuple[bytes, bytes] | None]:
    siblings, depth = [], 0
    while len(leaves) > 1:
        sides = [{key: value for key, value in leaves.items() if _bit(key, depth) == side} for side in (0, 1)]
        siblings.insert(0, state_root(sides[1 - _bit(path, depth)], depth + 1))
        leaves, depth = sides[_bit(path, depth)], depth + 1
    if path in leaves or not leaves:
        return siblings, None
    return siblings, next(iter(leaves.items()))


def root_from_state(key: bytes, value: bytes | None, siblings: list[bytes], terminal) -> bytes | None:
    path = sha256(key)
    if value is not None:
        if terminal is not None:
            return None
        node = _state_leaf(path, sha256(value))
    elif terminal is None:
        node = EMPTY
    else:
        other, value_hash = terminal
        if other == path or any(_bit(other, depth) != _bit(path, depth) for depth in range(len(siblings))):
            return None
        node = _state_leaf(other, value_hash)
    for index, sibling in enumerate(siblings):
        right = _bit(path, len(siblings) - 1 - index)
        node = sha256(b"\x01", sibling, node) if right else sha256(b"\x01", node, sibling)
    return node

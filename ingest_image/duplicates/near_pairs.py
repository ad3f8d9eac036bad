"""Finds all pairs of hashes that are near each other, exactly, without comparing all with all.

Multi-index hashing (M. Norouzi, A. Punjani, D. Fleet, "Fast Exact Search in Hamming Space with Multi-Index Hashing",
2014): 256 bits are 16 words of 16. When two hashes differ in at most d bits, one of their words differs in at most
d // 16 bits. So words are looked up with up to d // 16 bits flipped, and only what is found is compared as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processor_service.hash_variants import UPRIGHT, VARIANTS

from ..search.comparing.hashes import BITS

Hashes = NDArray[np.uint8]  # n x 32
Pairs = NDArray[np.intp]  # 2 x n
_WORDS = 16
_WORD = BITS // _WORDS
# Above this, more bits of a word have to be flipped, and comparing all with all would be faster.
MAX_DISTANCE = 4 * _WORDS - 1
# Pairs in memory at a time: about 100 MB.
_CHUNK = 1_000_000
_ONES = np.array([value.bit_count() for value in range(1 << 8)], np.uint8)


def as_hashes(values: list[str]) -> Hashes:
    """Hex digits to bytes."""
    return np.frombuffer(bytes.fromhex("".join(values)), np.uint8).reshape(-1, BITS // 8)


def near_pairs(hashes: Hashes, distance: int, turned: bool = False) -> Iterator[Pairs]:
    """Row numbers of all pairs at most `distance` bits apart, in any order, some more than once.

    With `turned`, also pairs where one is near the other turned or mirrored. Equal rows should be given once.
    """
    for name in VARIANTS if turned else (UPRIGHT,):
        ways = hashes if name == UPRIGHT else turn(hashes, name)
        yield from _pairs_of(ways, hashes, distance)


def turn(hashes: Hashes, name: str) -> Hashes:
    """The hashes of the turned pictures: `hashes.variants` for many hashes at once."""
    swapped, vertical, horizontal = VARIANTS[name]
    found = np.empty_like(hashes)
    odd = np.arange(_WORD) % 2 == 0
    flipped = (vertical & odd)[:, None] ^ (horizontal & odd)[None, :]
    for start in range(0, len(hashes), 50_000):
        part = slice(start, start + 50_000)
        # The last bit in hex is the first coefficient.
        bits = np.unpackbits(hashes[part], axis=1)[:, ::-1].reshape(-1, _WORD, _WORDS)
        bits = (bits.transpose(0, 2, 1) if swapped else bits) ^ flipped
        found[part] = np.packbits(bits.reshape(-1, BITS)[:, ::-1], axis=1)
    return found


def _pairs_of(probes: Hashes, stored: Hashes, distance: int) -> Iterator[Pairs]:
    probe_words, stored_words = (np.ascontiguousarray(rows).view(">u2").astype(np.uint16) for rows in (probes, stored))
    for word in range(_WORDS):
        order = np.argsort(stored_words[:, word], kind="stable")
        ordered = stored_words[order, word]
        for flip in _flips(distance // _WORDS):
            wanted = probe_words[:, word] ^ np.uint16(flip)
            first = np.searchsorted(ordered, wanted, "left")
            counts = np.searchsorted(ordered, wanted, "right") - first
            for left, right in _expanded(first, counts, order):
                near = _distances(probes, stored, left, right) <= distance
                if near.any():
                    yield np.stack((left[near], right[near]))


def _flips(most: int) -> Iterator[int]:
    """All words of 16 bits with at most `most` ones."""
    for ones in range(most + 1):
        for places in combinations(range(_WORD), ones):
            yield sum(1 << place for place in places)


def _expanded(first: Any, counts: Any, order: Any) -> Iterator[tuple[Any, Any]]:
    """Row numbers of probes and stored hashes for ranges of `order`, in chunks; a row is not paired with itself."""
    ends = np.cumsum(counts)
    start = 0
    while start < len(counts):
        done = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, done + _CHUNK, "right")))
        part = counts[start:stop]
        left = np.repeat(np.arange(start, stop), part)
        inside = np.arange(len(left)) - np.repeat(np.cumsum(part) - part, part)
        right = order[np.repeat(first[start:stop], part) + inside]
        other = left != right
        yield left[other], right[other]
        start = stop


def _distances(probes: Hashes, stored: Hashes, left: Any, right: Any) -> Any:
    return _ONES[probes[left] ^ stored[right]].sum(axis=1, dtype=np.uint16)

"""Bands of a PDQ hash: pieces that an index can look up, so that few hashes are compared instead of all.

Multi-index hashing (M. Norouzi, A. Punjani, D. Fleet, "Fast Search in Hamming Space with Multi-Index Hashing", CVPR
2012): 256 bits are 16 bands of 16. If two hashes differ in at most 31 bits, one of their bands differs in at most one
bit. So every hash up to 31 bits away has one of the `near_bands`; of random hashes one in 240 has.
"""

from __future__ import annotations

from collections.abc import Iterator

# Farthest two hashes (in bits) of which one certainly has one of the other's `near_bands`.
REACH = 31
_DIGITS = 4
_BITS = 4 * _DIGITS


def bands(value: str) -> list[str]:
    """The 16 bands of a hash (64 hex digits): the number of the band, 0 to f, and its four digits."""
    return [f"{number:x}{band:0{_DIGITS}x}" for number, band in _numbered(value)]


def near_bands(value: str) -> list[str]:
    """The bands of a hash, and all that differ from one of them in one bit: 272."""
    flips = [0, *(1 << bit for bit in range(_BITS))]
    return [f"{number:x}{band ^ flip:0{_DIGITS}x}" for number, band in _numbered(value) for flip in flips]


def _numbered(value: str) -> Iterator[tuple[int, int]]:
    starts = range(0, len(value), _DIGITS)
    return enumerate(int(value[start : start + _DIGITS], 16) for start in starts)

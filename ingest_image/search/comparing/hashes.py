"""Compares PDQ hashes, also those of turned and mirrored pictures."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from processor_service.hash_variants import UPRIGHT, VARIANTS, distance

BITS = 256
_SIDE = 16
# Pictures are the same up to this distance in bits (no false pair among 102 photographs, see docs/search.md).
SAME_PICTURE = 31
# Up to this distance a picture is laid over the sample: no two different photographs were nearer than 100 bits.
RELATED = 90


@lru_cache(maxsize=256)
def variants(value: str) -> dict[str, str]:
    """The hashes of the picture in all eight turned and mirrored forms; turns are clockwise.

    A bit says whether a cosine coefficient is above the median of all. Turning a picture moves coefficients and changes
    signs; as the median is nearly 0, a changed sign is a flipped bit. So no pixels are needed, but a few
    bits are wrong: 4 on average, 14 at most among the test photographs.
    """
    number = int(value, 16)
    bits = [[number >> (row * _SIDE + column) & 1 for column in range(_SIDE)] for row in range(_SIDE)]
    return {name: _turned(bits, *how) for name, how in VARIANTS.items()}


def _turned(bits: list[list[int]], swapped: bool, vertical: bool, horizontal: bool) -> str:
    number = 0
    for row in range(_SIDE):
        for column in range(_SIDE):
            bit = bits[column][row] if swapped else bits[row][column]
            # The constant term is not among the coefficients, so position 0 is the first, odd frequency.
            bit ^= (vertical and row % 2 == 0) ^ (horizontal and column % 2 == 0)
            number |= bit << (row * _SIDE + column)
    return f"{number:064x}"


def nearest(value: str, others: Iterable[str], turned: bool = False) -> tuple[int, str] | None:
    """The smallest distance of `value` to the others, and the turn of `value` that has it; None without others."""
    ways = variants(value) if turned else {UPRIGHT: value}
    found = [(distance(way, other), name) for other in others for name, way in ways.items()]
    # Upright comes first, so it wins a tie.
    return min(found, key=lambda pair: pair[0]) if found else None

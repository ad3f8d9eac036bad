"""Finds where the LZW codes of a GIF or a TIFF end, without decoding them (GIF89a, F; TIFF 6.0, section 13)."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from ..palettes import Used
from .packed import first_bits

_Numbers = NDArray[np.int64]
# A table holds 4096 strings, and codes have at most 12 bits.
_MOST_STRINGS, _MOST_BITS = 4096, 12
# Codes that are read at once: more than a table has, since most writers begin a new one when it is full.
_AT_ONCE = 4200
# Two seconds. A file of 45 MB needs half as many; one of nothing but clear codes would have millions.
_MOST_TABLES = 20_000


def without_rest(data: bytes, bits: int, most: int, *, tiff: bool) -> tuple[bytes, Used]:
    """The codes up to their end, with zeros for the bits that fill up the last byte, and the symbols in them.

    `bits` of one symbol; `most`: symbols of the picture. `tiff`: bits come from the top, and codes grow one code
    earlier. Raises ValueError for codes that are not known, and for more symbols than the picture has.
    """
    if not 1 < bits < _MOST_BITS:
        raise ValueError("a size of symbols that LZW does not have")
    clear = 1 << bits
    padded = np.concatenate((np.frombuffer(data, np.uint8), np.zeros(3, np.uint8))).astype(np.int64)
    position, symbols, wanted, available = 0, 0, _AT_ONCE, 8 * len(data)
    used = np.zeros(clear, np.bool_)
    for _ in range(_MOST_TABLES):
        ends = position + _ends(bits, wanted, tiff)
        count = int(np.searchsorted(ends, available, "right"))
        codes = _codes(padded, np.concatenate(((position,), ends[:count])), tiff)
        marks = np.flatnonzero((codes == clear) | (codes == clear + 1))
        if not len(marks) and count == wanted:
            wanted *= 4
            continue
        last = int(marks[0]) if len(marks) else count
        symbols += _symbols(codes[:last], clear)
        # Strings are made of symbols that came before.
        used[codes[:last][codes[:last] < clear]] = True
        if symbols > most:
            raise ValueError("more is compressed than the pixels")
        if not len(marks):
            # No end code. What is left is shorter than a code.
            end = int(ends[count - 1]) if count else position
            break
        position, wanted = int(ends[last]), _AT_ONCE
        if codes[last] == clear + 1:
            end = position
            break
    else:
        raise ValueError("the LZW codes begin too many tables")
    # Decoders take the first one for pixels that are missing.
    used[0] |= symbols < most
    return first_bits(data, end, from_top=tiff), used


@cache
def _ends(bits: int, count: int, tiff: bool) -> _Numbers:
    """Where each code ends, in bits from the beginning of a table."""
    # The first code adds no string.
    strings = np.minimum((1 << bits) + 2 + np.maximum(np.arange(count) - 1, 0), _MOST_STRINGS)
    widths = np.floor(np.log2(strings + tiff)).astype(np.int64) + 1
    return np.cumsum(np.minimum(widths, _MOST_BITS))


def _codes(data: _Numbers, bounds: _Numbers, tiff: bool) -> _Numbers:
    """The codes between these bits."""
    starts, widths = bounds[:-1], np.diff(bounds)
    places, within = starts >> 3, starts & 7
    first, second, third = data[places], data[places + 1], data[places + 2]
    if tiff:
        shifted = (first << 16 | second << 8 | third) >> (24 - within - widths)
    else:
        shifted = (first | second << 8 | third << 16) >> within
    found: _Numbers = shifted & ((1 << widths) - 1)
    return found


def _symbols(codes: _Numbers, clear: int) -> int:
    """How many symbols the codes of one table stand for.

    A code adds a string: that of the code before it, and one symbol more.
    """
    strings = codes - (clear + 2)
    if (strings >= np.arange(len(codes))).any() or (strings >= _MOST_STRINGS - clear - 2).any():
        raise ValueError("an LZW code that stands for nothing")
    # How many symbols each string has more than the first symbol of its chain, found by doubling the steps.
    root = len(codes)
    parents = np.append(np.where(strings < 0, root, strings), root)
    steps = np.append(np.ones(root, np.int64), 0)
    while (parents != root).any():
        steps += steps[parents]
        parents = parents[parents]
    return int((steps[np.maximum(strings, -1)] + 1).sum())

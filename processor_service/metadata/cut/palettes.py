"""Colours of a palette that no pixel has are black: 256 of them are 768 bytes of text."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Whether a pixel has the colour of each number.
Used = NDArray[np.bool_]
_MOST_COLORS = 256
# Pixels that are looked at together.
_AT_ONCE = 1 << 20


def used_by(pixels: bytes) -> Used:
    """The colours of pixels, a byte each."""
    used = np.zeros(_MOST_COLORS, np.bool_)
    numbers = np.frombuffer(pixels, np.uint8)
    for start in range(0, len(numbers), _AT_ONCE):
        used[numbers[start : start + _AT_ONCE]] = True
    return used


def used_by_rows(rows: NDArray[np.uint8], width: int, depth: int) -> Used:
    """The same for rows of bytes, in which several pixels share a byte if they have fewer than eight bits."""
    used = np.zeros(_MOST_COLORS, np.bool_)
    step = max(1, _AT_ONCE // max(1, width))
    for start in range(0, len(rows), step):
        some = rows[start : start + step]
        if depth < 8:
            shifts = np.arange(8 - depth, -1, -depth, dtype=np.uint8)
            some = (some[:, :, None] >> shifts & np.uint8((1 << depth) - 1)).reshape(len(some), -1)
        used |= used_by(some[:, :width].tobytes())
    return used


def only_used(table: bytes, used: Used, entry: int = 3) -> bytes:
    """The palette, of which each colour has `entry` bytes.

    One of all levels of grey, in order, stays: it says nothing else, and decoders take such a picture for a grey one.
    """
    colors = np.frombuffer(table, np.uint8)[: len(table) // entry * entry].reshape(-1, entry).copy()
    levels = np.array((0, 255)) if len(colors) == 2 else np.arange(len(colors))
    if (colors[:, :3] == levels[:, None]).all():
        return table
    colors[~used[: len(colors)]] = 0
    return colors.tobytes() + table[len(colors) * entry :]

"""Lines of neighbouring columns that were taken for one are cut in the gap between the columns."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from .ocr import Reading, cut, upright
from .reading_order import Piece, columns, pieces_of

# A gap between columns is at least so wide, in heights of the line; a space between words has half of it.
_WIDE = 0.5
# So much of the gap is without ink in the line: a rule between the columns may be there.
_BLANK = 0.7
# Ink differs from the ground by this part of what the line's darkest and lightest pixels differ by.
_INK = 0.4


def cut_in_gaps(readings: list[Reading]) -> list[Reading]:
    """The readings, and instead of those that go across a gap their parts, read again."""
    if not readings:
        return []
    pieces = pieces_of(readings)
    parts = columns(pieces)
    if not parts:
        return readings
    _, *found, _ = parts
    gaps = [(max(piece.right for piece in left), min(piece.left for piece in right)) for left, right in pairwise(found)]
    result = []
    for piece in pieces:
        places = [(start + end) / 2 for start, end in gaps if _goes_across(piece, start, end)]
        at = [(place - piece.left) / (piece.right - piece.left) for place in places]
        result += cut(piece.reading, at) if at else [piece.reading]
    return result


def _goes_across(piece: Piece, start: float, end: float) -> bool:
    """Whether letters of a piece are on both sides of a gap, and none in it."""
    if end - start < _WIDE * piece.height or piece.left > start - piece.height or piece.right < end + piece.height:
        return False
    pixels = upright(piece.reading).mean(axis=2)
    scale = pixels.shape[1] / (piece.right - piece.left)
    gap = pixels[:, int((start - piece.left) * scale) : int((end - piece.left) * scale)]
    return bool(gap.size and (np.ptp(gap, axis=0) < _INK * np.ptp(pixels)).mean() >= _BLANK)

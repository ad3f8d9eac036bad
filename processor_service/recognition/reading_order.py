"""The order in which one reads pieces of text: rows, columns of a page, what runs another way."""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from statistics import median

import numpy as np
from numpy.typing import NDArray

from .ocr import Reading

# Columns of a page have so many lines at least, of so many letters (a Chinese character counts as two) and so wide in
# relation to the column: in half of its lines. What is narrower, as names and prices, is a column of a table, and what
# ends with a colon in half of its lines is the left side of a form.
_LINES, _LETTERS, _FILLED = 3, 14, 0.75
# Boxes reach out beyond the letters: so much, in heights of the line, they may overlap across a gap between columns.
_SLACK = 0.2
# What runs across the rows is this much longer than they are high: a digit is higher than wide, too.
_ACROSS = 2.0
# A piece is as high as several rows when each of them has at most this part of its height.
_OF_HEIGHT = 0.6


@dataclass(frozen=True, eq=False)
class Piece:
    """A piece as seen in the direction in which most of the text runs: from `left` to `right` in it, and how far down.

    `height`: of its letters. `extent`: of its hull, from top to bottom.
    """

    reading: Reading
    left: float
    right: float
    depth: float
    height: float
    extent: float

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2

    @cached_property
    def letters(self) -> int:
        return sum(1 + is_wide(character) for character in self.reading.text)


def is_wide(character: str) -> bool:
    """Whether it is a Chinese or Japanese character."""
    return unicodedata.east_asian_width(character) in "WF"


def in_order(readings: list[Reading]) -> list[Reading]:
    """Rows from top to bottom, in a row from left to right, seen in the direction in which most of the text runs.

    Columns of a page are read one after the other, and what runs across the rows after them (a title over vertical
    text before it).
    """
    if not readings:
        return []
    tall, _ = most(readings)
    pieces = pieces_of(readings)
    height = median(piece.height for piece in pieces if piece.reading.tall == tall)
    across = [piece for piece in pieces if piece.reading.tall != tall and piece.extent > _ACROSS * height]
    along = [piece for piece in pieces if piece not in across]
    top = min(piece.left for piece in along)
    titles = [piece for piece in across if tall and piece.right <= top + height]
    rest = [piece for piece in across if piece not in titles]
    return [
        *in_order([piece.reading for piece in titles]),
        *(piece.reading for piece in _block(along)),
        *in_order([piece.reading for piece in rest]),
    ]


def most(readings: list[Reading]) -> tuple[bool, bool]:
    """Whether most characters are in tall lines, and whether in lines that are upside down."""
    characters: Counter[tuple[bool, bool]] = Counter()
    for reading in readings:
        characters[reading.tall, reading.upside_down] += len(reading.text)
    return characters.most_common(1)[0][0] if characters else (False, False)


def _direction(readings: list[Reading]) -> NDArray[np.float64]:
    """The unit vector along which most of the text runs: (1, 0) in an upright picture of horizontal text."""
    tall, upside_down = most(readings)
    total = np.zeros(2)
    for reading in readings:
        if (reading.tall, reading.upside_down) == (tall, upside_down):
            first, second, _, last = np.array(reading.corners)
            total += last - first if tall else second - first
    unit: NDArray[np.float64] = (-total if upside_down else total) / max(float(np.hypot(*total)), 1e-9)
    return unit


def pieces_of(readings: list[Reading]) -> list[Piece]:
    """From top to bottom."""
    along = _direction(readings)
    down = np.array([-along[1], along[0]])
    found = []
    for reading in readings:
        corners = np.array(reading.corners)
        position, depth = corners @ along, corners @ down
        first, second, _, last = corners
        height = min(float(np.hypot(*(second - first))), float(np.hypot(*(last - first))))
        ends = float(position.min()), float(position.max())
        found.append(Piece(reading, *ends, float(depth.mean()), height, float(np.ptp(depth))))
    return sorted(found, key=lambda piece: piece.depth)


def _block(pieces: list[Piece]) -> list[Piece]:
    """Pieces, sorted from top to bottom, in reading order."""
    for parts in (columns(pieces), _beside(pieces)):
        if parts:
            return [piece for part in parts for piece in (_block(part) if len(part) > 1 else part)]
    return [piece for row in _rows(pieces) for piece in row]


def _rows(pieces: list[Piece]) -> list[list[Piece]]:
    rows: list[list[Piece]] = []
    for piece in pieces:
        # In the same row when its middle is within the middle half of the row's first piece.
        if rows and piece.depth - rows[-1][0].depth < 0.5 * min(piece.extent, rows[-1][0].extent):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return [sorted(row, key=lambda piece: piece.middle) for row in rows]


def columns(pieces: list[Piece]) -> list[list[Piece]] | None:
    """What is above the columns of a page, each column, and what is below; None without columns."""
    if len(pieces) < 2 * _LINES:
        return None
    starts = np.array([piece.left + _SLACK * piece.height for piece in pieces])
    ends = np.array([piece.right - _SLACK * piece.height for piece in pieces])
    best: tuple[int, int] = 0, 0
    parts: list[list[Piece]] = []
    step = max(1.0, median(piece.height for piece in pieces) / 4)
    # A gap begins where some piece ends.
    for gap in {round(end / step): end for end in ends}.values():
        crossing = np.flatnonzero((starts < gap) & (ends > gap))
        edges = [-1, *crossing.tolist(), len(pieces)]
        first, last = max(((a + 1, b) for a, b in pairwise(edges)), key=lambda run: run[1] - run[0])
        if last - first > best[1] - best[0]:
            found = _apart(pieces[first:last])
            if len(found) > 1 and all(_is_prose(column, pieces[first:last]) for column in found):
                best, parts = (first, last), found
    if not parts:
        return None
    return [pieces[: best[0]], *parts, pieces[best[1] :]]


def _apart(pieces: list[Piece]) -> list[list[Piece]]:
    """What gaps from top to bottom keep apart, from left to right, each part sorted from top to bottom."""
    found: list[list[Piece]] = []
    reached = -np.inf
    for piece in sorted(pieces, key=lambda piece: piece.left):
        if piece.left + _SLACK * piece.height > reached:
            found.append([])
        found[-1].append(piece)
        reached = max(reached, piece.right - _SLACK * piece.height)
    return [sorted(part, key=lambda piece: piece.depth) for part in found]


def _is_prose(column: list[Piece], of: list[Piece]) -> bool:
    """Whether it is a column of a page, at least half as high as all columns, and not one of a table."""
    width = max(piece.right for piece in column) - min(piece.left for piece in column)
    return (
        len(column) >= _LINES
        and median(piece.letters for piece in column) >= _LETTERS
        and sum(piece.reading.text.rstrip().endswith((":", "：")) for piece in column) < len(column) / 2
        and median(piece.right - piece.left for piece in column) >= _FILLED * width
        and column[-1].depth - column[0].depth >= 0.5 * (of[-1].depth - of[0].depth)
    )


def _beside(pieces: list[Piece]) -> list[list[Piece]] | None:
    """What is above a piece as high as several rows beside it, left of it, itself, right of it and below; or None."""
    for large in sorted(pieces, key=lambda piece: -piece.height):
        near = [piece for piece in pieces if abs(piece.depth - large.depth) < large.height / 2 and piece is not large]
        sides = [
            [piece for piece in near if piece.right < large.middle],
            [piece for piece in near if piece.left > large.middle],
        ]
        if (
            sum(map(len, sides)) == len(near)
            and all(piece.height <= _OF_HEIGHT * large.height for piece in near)
            and any(len(_rows(side)) > 1 for side in sides)
        ):
            others = [piece for piece in pieces if piece not in near and piece is not large]
            above = [piece for piece in others if piece.depth < large.depth]
            return [above, sides[0], [large], sides[1], [piece for piece in others if piece not in above]]
    return None

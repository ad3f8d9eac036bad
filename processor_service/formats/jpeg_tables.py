"""Quantization tables of JPEGs: how coarsely each frequency is stored, 64 numbers a table, row by row.

A JPEG that keeps its size is stored with its own tables if they are coarser than those of the wanted quality. Finer
tables would only store the errors of the first encoding: larger and no better (docs/performance.md).
"""

from __future__ import annotations

import io
import re
from functools import cache

from PIL import Image

from ..picture import Tables
from .containers import jpeg_segments

# A word, or numbers; letters beyond ASCII have bytes from 80 on in UTF-8 and in what came before it. Steps this coarse
# are rare.
_TEXT = re.compile(rb"[A-Za-z\x80-\xff]{4,}|[0-9.,:+-]{8,}")
_FEW_LETTERS = 3
_TABLES = 0xDB
# Row by row, where the steps of a file are: it goes along the diagonals (ITU-T T.81, figure A.6).
_ORDER = sorted(range(64), key=lambda at: (sum(divmod(at, 8)), at // 8 if sum(divmod(at, 8)) % 2 else at % 8))


def tables_of(image: Image.Image) -> Tables:
    """The tables of an opened JPEG, grey or YCbCr with 8 bits an entry, luma first; none for other pictures.

    None either if one of them can be read as text.
    """
    found = getattr(image, "quantization", {})
    tables = tuple(tuple(found[number]) for number in sorted(found))
    plain = image.mode in ("L", "RGB") and image.info.get("adobe_transform") != 0
    if not plain or not all(len(table) == 64 and 1 <= min(table) <= max(table) <= 255 for table in tables):
        return ()
    return () if any(is_text(bytes(table[at] for at in _ORDER)) for table in tables) else tables


def is_text(steps: bytes) -> bool:
    """Whether a word or a number can be read in the 64 steps of a table, in the order of files.

    Not in the tables that libjpeg makes, as some of them look like words.
    """
    texts = (match for match in _TEXT.findall(steps) if len(set(match)) >= _FEW_LETTERS)
    return any(texts) and steps not in _usual()


def is_coarser(tables: Tables, quality: int) -> bool:
    """Whether luma is stored more coarsely than at this quality (1 to 100) of libjpeg."""
    return bool(tables) and sum(tables[0]) > _coarseness(quality)


@cache
def _coarseness(quality: int) -> int:
    buffer = io.BytesIO()
    Image.new("L", (8, 8)).save(buffer, "JPEG", quality=quality)
    with Image.open(buffer) as image:
        return sum(tables_of(image)[0])


@cache
def _usual() -> frozenset[bytes]:
    """The tables of annex K as libjpeg scales them, for each quality."""
    found: set[bytes] = set()
    for quality in range(1, 101):
        buffer = io.BytesIO()
        Image.new("RGB", (8, 8)).save(buffer, "JPEG", quality=quality)
        # Marker, length and number of the table come first. Here each is in a segment of its own.
        found |= {segment[5:] for marker, segment in jpeg_segments(buffer.getvalue()) if marker == _TABLES}
    return frozenset(found)

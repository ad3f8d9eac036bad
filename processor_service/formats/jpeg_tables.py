"""Quantization tables of JPEGs: how coarsely each frequency is stored, 64 numbers a table, row by row.

A JPEG that keeps its size is stored with its own tables if they are coarser than those of the wanted quality. Finer
tables would only store the errors of the first encoding: larger and no better (docs/performance.md).
"""

from __future__ import annotations

import io
from functools import cache

from PIL import Image

from ..picture import Tables


def tables_of(image: Image.Image) -> Tables:
    """The tables of an opened JPEG, grey or YCbCr with 8 bits an entry, luma first; none for other pictures."""
    found = getattr(image, "quantization", {})
    tables = tuple(tuple(found[number]) for number in sorted(found))
    plain = image.mode in ("L", "RGB") and image.info.get("adobe_transform") != 0
    return (
        tables if plain and all(len(table) == 64 and 1 <= min(table) <= max(table) <= 255 for table in tables) else ()
    )


def is_coarser(tables: Tables, quality: int) -> bool:
    """Whether luma is stored more coarsely than at this quality (1 to 100) of libjpeg."""
    return bool(tables) and sum(tables[0]) > _coarseness(quality)


@cache
def _coarseness(quality: int) -> int:
    buffer = io.BytesIO()
    Image.new("L", (8, 8)).save(buffer, "JPEG", quality=quality)
    with Image.open(buffer) as image:
        return sum(tables_of(image)[0])

"""Photographs of any size for next to no processor time: rows of blocks that were coded once are repeated.

With a restart marker behind each row, the codes of a row do not depend on those before it (ITU-T T.81, E.1.4).
"""

from __future__ import annotations

import re
import struct
from typing import Any

from PIL import Image

from tests.helpers.pictures import encoded

# Colours of the quarters: above left, above right, below left, below right.
QUARTERS = ((200, 40, 30), (40, 160, 60), (30, 60, 190), (230, 200, 60))
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
_ROW = 16


def quartered(width: int, height: int, **options: Any) -> bytes:
    """A baseline JPEG in colour (4:2:0), each quarter in a colour of its own, a little less bright at every tenth row.

    `options` are Pillow's, such as `exif`.
    """
    rows = -(-height // _ROW)
    image = Image.new("RGB", (width, 3 * _ROW))
    for at, (left, right) in enumerate([QUARTERS[:2], [_darker(color) for color in QUARTERS[:2]], QUARTERS[2:]]):
        image.paste(left, (0, at * _ROW, width // 2, (at + 1) * _ROW))
        image.paste(right, (width // 2, at * _ROW, width, (at + 1) * _ROW))
    data = encoded(image, "JPEG", quality=90, subsampling=2, restart_marker_rows=1, **options)
    frame, scan = data.index(b"\xff\xc0"), data.index(b"\xff\xda")
    start = scan + 2 + int.from_bytes(data[scan + 2 : scan + 4])
    upper, darker, lower = _RESTART.split(data[start:-2])
    body = bytearray()
    for row in range(rows):
        body += lower if row >= rows // 2 else darker if row % 10 == 5 else upper
        if row < rows - 1:
            body += bytes((0xFF, 0xD0 + row % 8))
    size = struct.pack(">HH", height, width)
    return data[: frame + 5] + size + data[frame + 9 : start] + bytes(body) + b"\xff\xd9"


def _darker(color: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(channel * 9 // 10 for channel in color)

"""Reads EXIF orientations as files have them."""

from __future__ import annotations

import re


def orientation_from(value: object, order: str) -> int | None:
    """An orientation, 2 to 8, of whatever type its writer used. None for upright, and when it is not clear.

    It should be a SHORT. Also clear are other numbers, a digit, and bytes with one number in the file's order (`<` or
    `>`): ExifTool and libexif accept them, too.
    """
    if isinstance(value, tuple):
        value = value[0] if value else None
    if isinstance(value, bytes):
        number = int.from_bytes(value, "little" if order == "<" else "big")
        value = number if number < 9 else value.decode("latin-1")
    if isinstance(value, str):
        value = value.strip("\0 ")
        value = int(value) if re.fullmatch("[1-8]", value) else None
    return next((turn for turn in range(2, 9) if value == turn), None)

"""A reader of EXIF that takes hostile bytes: it looks only at the tags asked for, and gives None for a broken one.

Source: CIPA DC-008 (Exif 2.32) and TIFF 6.0. Pillow reads every value of a directory at once, and 250 KB of EXIF can
have 20,000 tags that all claim the same 200 KB.
"""

from __future__ import annotations

import math
import struct
from enum import IntEnum

from .text import cleaned, decoded

_PREFIX = b"Exif\0\0"
_MOST_ENTRIES = 500
_MOST_NUMBERS = 8
# Type of a value to its format for `struct`; rationals are pairs.
_FORMATS = {1: "B", 3: "H", 4: "L", 5: "LL", 6: "b", 8: "h", 9: "l", 10: "ll", 11: "f", 12: "d"}
_ASCII, _BYTES, _UNDEFINED, _UTF8 = 2, 1, 7, 129


class Tag(IntEnum):
    """Tags of the main directory, the Exif directory (from 0x829A on, but for Windows' own) and the GPS directory."""

    GPS_LATITUDE_REF = 0x0001
    GPS_LATITUDE = 0x0002
    GPS_LONGITUDE_REF = 0x0003
    GPS_LONGITUDE = 0x0004
    DESCRIPTION = 0x010E
    MAKE = 0x010F
    MODEL = 0x0110
    ORIENTATION = 0x0112
    SOFTWARE = 0x0131
    ARTIST = 0x013B
    COPYRIGHT = 0x8298
    EXPOSURE_TIME = 0x829A
    F_NUMBER = 0x829D
    EXIF_DIRECTORY = 0x8769
    ISO = 0x8827
    GPS_DIRECTORY = 0x8825
    RECOMMENDED_EXPOSURE_INDEX = 0x8832
    TAKEN = 0x9003
    DIGITIZED = 0x9004
    TAKEN_OFFSET = 0x9011
    DIGITIZED_OFFSET = 0x9012
    FOCAL_LENGTH = 0x920A
    TAKEN_SUBSECOND = 0x9291
    DIGITIZED_SUBSECOND = 0x9292
    WINDOWS_TITLE = 0x9C9B
    WINDOWS_KEYWORDS = 0x9C9E
    LENS_MAKE = 0xA433
    LENS_MODEL = 0xA434


class Exif:
    """The values of some tags. `main`, `exif` and `gps` are directories: tag to type, count, position of the value."""

    def __init__(self, data: bytes) -> None:
        self._data = data.removeprefix(_PREFIX)
        self._order = {b"II*\0": "<", b"MM\0*": ">"}.get(self._data[:4], "")
        self.main = self._directory(self._number_at(4))
        self.exif = self._directory(self.number(self.main, Tag.EXIF_DIRECTORY))
        self.gps = self._directory(self.number(self.main, Tag.GPS_DIRECTORY))

    def text(self, directory: dict[int, tuple[int, int, int]], tag: Tag) -> str | None:
        """The text of a tag, cleaned."""
        kind, count, position = directory.get(tag, (0, 0, 0))
        if kind not in (_ASCII, _BYTES, _UNDEFINED, _UTF8):
            return None
        value = self._data[position : position + count]
        if tag in (Tag.WINDOWS_TITLE, Tag.WINDOWS_KEYWORDS):
            return cleaned(value.decode("utf-16-le", "ignore").partition("\0")[0])
        # Copyright may have two parts, of photographer and editor, and a NUL between them.
        parts = [cleaned(part) for part in decoded(value).split("\0")[: 2 if tag is Tag.COPYRIGHT else 1]]
        return cleaned(", ".join(part for part in parts if part))

    def number(self, directory: dict[int, tuple[int, int, int]], tag: Tag) -> float | None:
        """The first number of a tag; None for what is not a finite number."""
        numbers = self.numbers(directory, tag)
        return numbers[0] if numbers else None

    def numbers(self, directory: dict[int, tuple[int, int, int]], tag: Tag) -> list[float] | None:
        """All numbers of a tag (eight at most); None when one of them is not a finite number."""
        kind, count, position = directory.get(tag, (0, 0, 0))
        if kind not in _FORMATS or not 0 < count <= _MOST_NUMBERS:
            return None
        try:
            values = struct.unpack_from(self._order + _FORMATS[kind] * count, self._data, position)
            if len(_FORMATS[kind]) == 2:
                values = tuple(over / under for over, under in zip(values[::2], values[1::2], strict=True))
        except (struct.error, ZeroDivisionError):
            return None
        return [float(value) for value in values] if all(map(math.isfinite, values)) else None

    def _number_at(self, position: int) -> float | None:
        if not self._order or len(self._data) < position + 4:
            return None
        return float(struct.unpack_from(self._order + "L", self._data, position)[0])

    def _directory(self, start: float | None) -> dict[int, tuple[int, int, int]]:
        if not start or start != int(start) or not 8 <= start <= len(self._data) - 2:
            return {}
        position = int(start)
        entries: dict[int, tuple[int, int, int]] = {}
        (count,) = struct.unpack_from(self._order + "H", self._data, position)
        for index in range(min(count, _MOST_ENTRIES)):
            entry = position + 2 + 12 * index
            if entry + 12 > len(self._data):
                break
            tag, kind, length = struct.unpack_from(self._order + "HHL", self._data, entry)
            size = length * (struct.calcsize("=" + _FORMATS[kind]) if kind in _FORMATS else 1)
            value = entry + 8 if size <= 4 else int(self._number_at(entry + 8) or 0)
            if value + size <= len(self._data):
                entries.setdefault(tag, (kind, length, value))
        return entries

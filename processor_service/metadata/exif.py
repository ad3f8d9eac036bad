"""Reads EXIF safely from untrusted bytes: only the tags that are asked for; None for a broken one.

Source: CIPA DC-008 (Exif 2.32), TIFF 6.0, BigTIFF. Pillow reads all values of a directory at once, and 250 KB of EXIF
can have 20,000 tags that all claim the same 200 KB. A TIFF is its own EXIF, so this also reads whole TIFFs.
"""

from __future__ import annotations

import math
import re
import struct
from enum import IntEnum

from ..formats.exif_orientation import orientation_from
from .exif_text import user_comment, windows_text
from .text import MOST_OF_CAPTION, cleaned, decoded

# The TIFF begins at once, after `Exif\0\0` (which some software writes twice), or after an offset.
_HEADER = re.compile(rb"II\*\0|MM\0\*|II\+\0|MM\0\+")
_FARTHEST_HEADER = 32
_MOST_ENTRIES = 500
_MOST_NUMBERS = 8
# Types of values to formats of `struct`. Rationals are pairs; 13 and 18 are positions of directories.
_FORMATS = {
    **{1: "B", 3: "H", 4: "L", 5: "LL", 6: "b", 8: "h", 9: "l", 10: "ll", 11: "f", 12: "d"},
    **{13: "L", 16: "Q", 17: "q", 18: "Q"},
}
_ASCII, _BYTES, _UNDEFINED, _UTF8 = 2, 1, 7, 129

# Tag to type, count, position of the value.
Directory = dict[int, tuple[int, int, int]]


class Tag(IntEnum):
    """Tags of the main directory, the Exif directory (from 0x829A on, except Windows' own) and the GPS directory."""

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
    XMP = 0x02BC
    COPYRIGHT = 0x8298
    EXPOSURE_TIME = 0x829A
    F_NUMBER = 0x829D
    IPTC = 0x83BB
    PHOTOSHOP = 0x8649
    EXIF_DIRECTORY = 0x8769
    ISO = 0x8827
    GPS_DIRECTORY = 0x8825
    RECOMMENDED_EXPOSURE_INDEX = 0x8832
    TAKEN = 0x9003
    DIGITIZED = 0x9004
    TAKEN_OFFSET = 0x9011
    DIGITIZED_OFFSET = 0x9012
    FOCAL_LENGTH = 0x920A
    USER_COMMENT = 0x9286
    TAKEN_SUBSECOND = 0x9291
    DIGITIZED_SUBSECOND = 0x9292
    WINDOWS_TITLE = 0x9C9B
    WINDOWS_COMMENT = 0x9C9C
    WINDOWS_AUTHOR = 0x9C9D
    WINDOWS_KEYWORDS = 0x9C9E
    WINDOWS_SUBJECT = 0x9C9F
    COLOR_SPACE = 0xA001
    INTEROPERABILITY_DIRECTORY = 0xA005
    LENS_MAKE = 0xA433
    LENS_MODEL = 0xA434


# The only useful tag of the interoperability directory. A tag of the GPS directory has the same number.
INTEROPERABILITY_INDEX = Tag.GPS_LATITUDE_REF
_WINDOWS = range(Tag.WINDOWS_TITLE, Tag.WINDOWS_SUBJECT + 1)


class Exif:
    """The values of some tags, by directory: `main`, `exif` (with the main one below it), `gps`, `interoperability`."""

    def __init__(self, data: bytes) -> None:
        # Whether it has tags, and all that it says it has.
        self.whole = True
        header = _HEADER.search(data[:_FARTHEST_HEADER])
        self._data = data[header.start() :] if header else b""
        self._order = "<" if self._data[:1] == b"I" else ">"
        self._big = b"+" in self._data[2:4]
        self.main = self._directory(self._position_at(8 if self._big else 4))
        # Raw converters and scanners write tags of the Exif directory into the main one (TIFF/EP).
        self.exif = self.main | self._directory(self.number(self.main, Tag.EXIF_DIRECTORY))
        self.gps = self._directory(self.number(self.exif, Tag.GPS_DIRECTORY))
        self.interoperability = self._directory(self.number(self.exif, Tag.INTEROPERABILITY_DIRECTORY))
        self.whole = self.whole and bool(self.main)

    def text(self, directory: Directory, tag: Tag) -> str | None:
        """The text of a tag, cleaned."""
        kind, count, position = directory.get(tag, (0, 0, 0))
        if kind not in (_ASCII, _BYTES, _UNDEFINED, _UTF8):
            return None
        value = self._data[position : position + count]
        if tag == Tag.USER_COMMENT:
            return cleaned(user_comment(value, self._order) or "", MOST_OF_CAPTION)
        if tag in _WINDOWS:
            return cleaned(windows_text(value), MOST_OF_CAPTION)
        # Copyright may have two parts, for photographer and editor, with a NUL between them.
        parts = [
            cleaned(part, MOST_OF_CAPTION) for part in decoded(value).split("\0")[: 2 if tag is Tag.COPYRIGHT else 1]
        ]
        return cleaned(", ".join(part for part in parts if part), MOST_OF_CAPTION)

    def number(self, directory: Directory, tag: Tag) -> float | None:
        """The first number of a tag; None when it is not finite."""
        numbers = self.numbers(directory, tag)
        return numbers[0] if numbers else None

    def numbers(self, directory: Directory, tag: Tag) -> list[float] | None:
        """All numbers of a tag (up to eight); None when one of them is not finite."""
        values = self.values(directory, tag)
        return values if all(map(math.isfinite, values)) else None

    def values(self, directory: Directory, tag: Tag) -> list[float]:
        """All numbers of a tag (up to eight). 0/0, which means unknown, is NaN; any other n/0 is infinite."""
        kind, count, position = directory.get(tag, (0, 0, 0))
        if kind not in _FORMATS or not 0 < count <= _MOST_NUMBERS:
            return []
        try:
            values = struct.unpack_from(self._order + _FORMATS[kind] * count, self._data, position)
        except struct.error:
            return []
        if len(_FORMATS[kind]) == 2:
            return [_ratio(over, under) for over, under in zip(values[::2], values[1::2], strict=True)]
        return [float(value) for value in values]

    def turn(self) -> int | None:
        """The orientation, 2 to 8; None for upright, missing and broken ones."""
        kind, count, position = self.main.get(Tag.ORIENTATION, (0, 0, 0))
        if kind in (_ASCII, _UNDEFINED):
            return orientation_from(self._data[position : position + count], self._order)
        numbers = self.values(self.main, Tag.ORIENTATION)
        return orientation_from(numbers[0] if numbers else None, self._order)

    def block(self, tag: Tag) -> bytes:
        """The bytes of a tag of the main directory that holds other metadata; empty when there are none."""
        kind, count, position = self.main.get(tag, (0, 0, 0))
        data = self._data[position : position + count * _size(kind)]
        if kind == 4 and self._order == "<" and data[3:4] == b"\x1c" != data[:1]:
            # IPTC stored as LONGs: some software swapped its bytes with the file's.
            data = b"".join(data[at : at + 4][::-1] for at in range(0, len(data), 4))
        return data

    def _position_at(self, position: int) -> int:
        try:
            return int(struct.unpack_from(self._order + ("Q" if self._big else "L"), self._data, position)[0])
        except struct.error:
            return 0

    def _directory(self, start: float | None) -> Directory:
        count_format, entry_format, inline = ("Q", "HHQ", 8) if self._big else ("H", "HHL", 4)
        if not start:
            return {}
        if start != int(start) or not 8 <= start <= len(self._data) - struct.calcsize("=" + count_format):
            self.whole = False
            return {}
        position = int(start)
        entries: Directory = {}
        (count,) = struct.unpack_from(self._order + count_format, self._data, position)
        position += struct.calcsize("=" + count_format)
        length = struct.calcsize("=" + entry_format) + inline
        for entry in range(position, position + min(count, _MOST_ENTRIES) * length, length):
            if entry + length > len(self._data):
                self.whole = False
                break
            tag, kind, amount = struct.unpack_from(self._order + entry_format, self._data, entry)
            value, size = entry + length - inline, amount * _size(kind)
            if size > inline:
                value = self._position_at(value)
            if value + size <= len(self._data):
                entries.setdefault(tag, (kind, amount, value))
            else:
                self.whole = False
        return entries


def _size(kind: int) -> int:
    return struct.calcsize("=" + _FORMATS[kind]) if kind in _FORMATS else 1


def _ratio(over: int, under: int) -> float:
    if under == 0:
        return math.inf if over else math.nan
    return over / under

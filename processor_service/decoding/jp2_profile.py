"""Finds the colour profile of a JPEG 2000, which Pillow leaves out (ISO/IEC 15444-1, I.5.3)."""

from __future__ import annotations

from itertools import islice

from ..formats.boxes import box, boxes

_SIGNATURE, _HEADER, _SIZE, _COLOR, _CHANNELS = b"jP  ", b"jp2h", b"ihdr", b"colr", b"cdef"
_BY_NUMBER, _BY_PROFILE = b"\1", (b"\2", b"\3")
# Method, precedence and approximation come before the profile or the number.
_BEFORE = 3
_INKS, _NUMBER_OF_INKS, _INK_COUNT = b"CMYK", 12, b"\0\4"
_MOST_BOXES = 1000
# Name, beginning and end of the content.
_Part = tuple[bytes, int, int]


def jp2_profile(data: bytes) -> bytes | None:
    """The profile of a JPEG 2000, if that is its first colour space; None for other files."""
    color = next((part for part in _in_header(data) if part[0] == _COLOR), None)
    if color is None or data[color[1] : color[1] + 1] not in _BY_PROFILE:
        return None
    return data[color[1] + _BEFORE : color[2]]


def with_named_inks(data: bytes) -> bytes:
    """The same file; one with a profile of inks says by a number, too, that it has inks. Pillow takes them for RGBA."""
    profile, parts = jp2_profile(data), _in_header(data)
    inks = profile is not None and profile[16:20] == _INKS
    inks = inks and any(data[start + 8 : start + 10] == _INK_COUNT for name, start, _ in parts if name == _SIZE)
    if not inks or any(name == _CHANNELS for name, _, _ in parts):
        return data
    number = box(_COLOR, _BY_NUMBER + bytes(_BEFORE - 1) + _NUMBER_OF_INKS.to_bytes(4))
    header = b"".join(number if name == _COLOR else box(name, data[start:end]) for name, start, end in parts)
    start, end = _header_of(data)
    return data[: data.rindex(_HEADER, 0, start) - 4] + box(_HEADER, header) + data[end:]


def _in_header(data: bytes) -> list[_Part]:
    return list(boxes(data, *_header_of(data)))


def _header_of(data: bytes) -> tuple[int, int]:
    found = islice(boxes(data), _MOST_BOXES) if data[4:8] == _SIGNATURE else ()
    return next(((start, end) for name, start, end in found if name == _HEADER and end <= len(data)), (0, 0))

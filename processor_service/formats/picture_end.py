"""Tells whether a file is cut off, by walking through its structure: anything may follow a picture's end."""

from __future__ import annotations

import struct
from contextlib import suppress

from .boxes import boxes, item_places
from .containers import PNG_SIGNATURE, gif_blocks, jpeg_header, jpeg_segments, png_chunks

_JPEG, _JPEG_END = b"\xff\xd8", 0xD9
# A codestream of JPEG 2000 without boxes, the beginning of its pixels, and its end, which they cannot contain.
_CODES, _OF_CODES, _CODES_END = b"\xff\x4f\xff\x51", b"\xff\x93", b"\xff\xd9"
_TILE = b"\xff\x90"
# With runs: after the head, the places of all rows, then their lengths.
_SGI, _SGI_HEAD = b"\x01\xda\x01", 512
# Of an icon or a cursor: after the head, an entry for each picture, which ends with its length and its place.
_ICONS, _ICON_HEAD, _ICON_ENTRY = (b"\0\0\1\0", b"\0\0\2\0"), 6, 16
# Boxes of JPEG 2000, AVIF and HEIF with pixels, or with what says where these are.
_OF_THE_PICTURE = frozenset((b"ftyp", b"jp2h", b"jp2c", b"meta", b"mdat", b"moov"))


def is_cut_off(data: bytes) -> bool:
    """Whether the end that the format prescribes is missing. False for other formats, and for a broken structure."""
    try:
        if data.startswith(_JPEG):
            # Segments of metadata may be broken: what matters begins with the first scan.
            scans = data[:2] + jpeg_header(data)[1]
            return all(marker != _JPEG_END for marker, _ in jpeg_segments(scans))
        if data.startswith(PNG_SIGNATURE):
            return not any(name == b"IEND" and len(chunk) >= 12 for name, chunk in png_chunks(data))
        if data.startswith(b"GIF8"):
            return all(kind != b"end" for kind, _ in gif_blocks(data))
    except ValueError:
        return False
    if data.startswith(_SGI):
        return _is_sgi_cut_off(data)
    if data.startswith(_ICONS):
        return _is_icon_cut_off(data)
    if data.startswith(_CODES):
        return _lacks_end_of_codes(data, 0)
    if data.startswith(b"RIFF"):
        return int.from_bytes(data[4:8], "little") + 8 > len(data)
    return data[4:8] in (b"ftyp", b"jP  ") and _reaches_beyond(data)


def ends_in_tile(data: bytes) -> bool:
    """Whether a JPEG 2000 ends behind a marker that begins a tile: its decoder takes that tile for an empty one."""
    return data.endswith(_TILE) and (data.startswith(_CODES) or data[4:8] == b"jP  ") and is_cut_off(data)


def _lacks_end_of_codes(data: bytes, start: int) -> bool:
    return data.find(_CODES_END, max(start, data.find(_OF_CODES, start))) < 0


def _reaches_beyond(data: bytes) -> bool:
    """Whether a box of the picture does, or, as a box may go up to the end of the file, what is in it."""
    found = list(boxes(data))
    pixels = b"jp2c" if data[4:8] == b"jP  " else b"meta"
    if any(end > len(data) for name, _, end in found if name in _OF_THE_PICTURE):
        return True
    wanted = [(start, end) for name, start, end in found if name == pixels]
    if not wanted:
        return True
    start, end = wanted[0]
    return _lacks_end_of_codes(data, start) if pixels == b"jp2c" else _lacks_an_item(data, start, end)


def _lacks_an_item(data: bytes, start: int, end: int) -> bool:
    """Whether the box `meta` of an AVIF or HEIC names what lies beyond the end of the file."""
    places = [at for name, at, _ in boxes(data, start + 4, end) if name == b"iloc"]
    with suppress(ValueError, IndexError):
        return any(
            not one.method and one.start + one.length > len(data) for at in places for one in item_places(data, at)
        )
    return False


def _is_sgi_cut_off(data: bytes) -> bool:
    rows = int.from_bytes(data[8:10]) * int.from_bytes(data[10:12])
    if _SGI_HEAD + 8 * rows > len(data):
        return True
    numbers = struct.unpack_from(f">{2 * rows}I", data, _SGI_HEAD)
    return any(place + length > len(data) for place, length in zip(numbers[:rows], numbers[rows:], strict=True))


def _is_icon_cut_off(data: bytes) -> bool:
    start = _ICON_HEAD + _ICON_ENTRY * int.from_bytes(data[4:6], "little")
    if start > len(data):
        return False
    entries = list(struct.iter_unpack("<8xII", data[_ICON_HEAD:start]))
    return all(place >= start for _, place in entries) and any(place + size > len(data) for size, place in entries)

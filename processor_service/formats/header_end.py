"""Tells whether a file ends within its header: within what says how to read the pixels, or where they are.

Ask it of a file that no decoder takes: decoders say no more of such a file than of a broken one.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

from .boxes import boxes
from .containers import jpeg_header
from .tiff_directories import directory_at, layout_of
from .tiff_ends import lacks_numbers

# How files begin whose header has one length, at which place, and that length: Sun raster, QOI, DDS, MSP, SGI, FLIC.
_FIXED = (
    (0, b"\x59\xa6\x6a\x95", 32),
    (0, b"qoif", 14),
    (0, b"DDS ", 128),
    (0, b"DanM", 32),
    (0, b"LinS", 32),
    (0, b"\x01\xda", 12),
    (4, b"\x11\xaf", 128),
    (4, b"\x12\xaf", 128),
)
# Lengths that the second header of a BMP may have.
_BMP_HEADERS = frozenset((12, 16, 40, 52, 56, 64, 108, 124))
_ICON_HEAD, _ICON_ENTRY = 6, 16
_TGA_HEAD, _PCX_HEAD = 18, 128
# Of a PNM: its kind, and two or three numbers with blanks and comments among them, of which some may be missing.
_PNM = re.compile(
    rb"P(?:[14](?:(?:\s|#[^\r\n]*[\r\n])+\d+){0,2}|[2356](?:(?:\s|#[^\r\n]*[\r\n])+\d+){0,3}"
    rb"|f(?:\s+\d+){0,2}(?:\s+-?[\d.]*)?)"
    rb"(?:\s|#[^\r\n]*[\r\n])*(?:#[^\r\n]*)?"
)
_MOST_PNM = 4096


def ends_in_header(data: bytes) -> bool:
    """Whether the file begins as a format does, and ends within what its header needs."""
    if any(data[at:].startswith(magic) and len(data) < length for at, magic, length in _FIXED):
        return True
    if data[4:8] == b"ftyp":
        return _avif(data)
    return any(data.startswith(magics) and ends(data) for magics, ends in _HEADERS)


def _bmp(data: bytes) -> bool:
    if any(data[6:10]):
        # Letters: a text may begin so.
        return False
    size = int.from_bytes(data[14:18], "little")
    return len(data) < 18 or (size in _BMP_HEADERS and len(data) < 14 + size)


def _tiff(data: bytes) -> bool:
    layout = layout_of(data)
    if layout is None or len(data) < 2 * layout.first:
        return True
    offset = int(struct.unpack_from(layout.word, data, layout.first)[0])
    directory = directory_at(data, layout, offset)
    return offset > 0 if directory is None else lacks_numbers(directory)


def _pnm(data: bytes) -> bool:
    return len(data) < _MOST_PNM and _PNM.fullmatch(data) is not None


def _icon(data: bytes) -> bool:
    """Whether an icon or a cursor ends within its directory. Some TGAs begin like a cursor without pictures."""
    count = int.from_bytes(data[4:6], "little")
    if len(data) < _ICON_HEAD or not count:
        return len(data) < _ICON_HEAD or _tga(data)
    start = _ICON_HEAD + _ICON_ENTRY * count
    entries = data[_ICON_HEAD:start]
    there = entries[: len(entries) // _ICON_ENTRY * _ICON_ENTRY]
    return len(data) < start and all(place >= start for (place,) in struct.iter_unpack("<12xI", there))


def _tga(data: bytes) -> bool:
    if any(data[3:8]) or len(data) < _TGA_HEAD:
        return not any(data[3:8])
    width, height, depth, flags = struct.unpack_from("<HHBB", data, 12)
    is_sound = depth in (16, 24, 32) and not flags & 0xC0 and width > 0 and height > 0
    return bool(is_sound) and len(data) < _TGA_HEAD + width * height * depth // 8


def _psd(data: bytes) -> bool:
    """Whether it ends before its pixels: behind the head, colours, resources and layers, each with its length."""
    position = 26
    for _ in range(3):
        position += 4 + int.from_bytes(data[position : position + 4])
    return len(data) < position + 2


def _jpeg(data: bytes) -> bool:
    """Whether it ends within the first bytes of a segment before its pixels."""
    return len(jpeg_header(data)[1]) < 4


def _avif(data: bytes) -> bool:
    """Whether it ends within the first bytes of the box with the pixels."""
    found = list(boxes(data))
    return all(name != b"mdat" for name, _, _ in found) and len(data) - max((end for _, _, end in found), default=0) < 8


def _icns(data: bytes) -> bool:
    return len(data) < max(8, int.from_bytes(data[4:8]))


def _pcx(data: bytes) -> bool:
    return len(data) < _PCX_HEAD and data[2:4] in (b"\1\1", b"\1\2", b"\1\4", b"\1\x08")


def _xpm(data: bytes) -> bool:
    return b"};" not in data


_HEADERS: tuple[tuple[tuple[bytes, ...], Callable[[bytes], bool]], ...] = (
    ((b"BM",), _bmp),
    ((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"II\0*", b"MM*\0"), _tiff),
    ((b"P1", b"P2", b"P3", b"P4", b"P5", b"P6", b"Pf"), _pnm),
    ((b"\0\0\1\0", b"\0\0\2\0"), _icon),
    ((b"8BPS",), _psd),
    ((b"\xff\xd8",), _jpeg),
    ((b"icns",), _icns),
    ((b"/* XPM */",), _xpm),
    ((b"\x0a\0", b"\x0a\2", b"\x0a\3", b"\x0a\4", b"\x0a\5"), _pcx),
)

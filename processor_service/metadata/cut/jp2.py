"""JPEG 2000: boxes (ISO/IEC 15444-1, annex I) and the codestream in them (annex A)."""

from __future__ import annotations

from collections.abc import Iterator

from ...formats.boxes import box, boxes
from .kept import Kept

_SIGNATURE, _TYPE, _HEADER, _CODESTREAM, _COLOR = b"jP  ", b"ftyp", b"jp2h", b"jp2c", b"colr"
# Size and depth, depths, palette, what is mapped to it, channels. Resolution (res) says nothing about the pixels.
_IN_HEADER = frozenset((b"ihdr", b"bpcc", b"pclr", b"cmap", b"cdef"))
_MOST_BRANDS = 64
_START, _TILE, _DATA, _END = b"\xff\x4f", b"\xff\x90", b"\xff\x93", b"\xff\xd9"
# Segments without which the pixels cannot be read: size, coding, quantization, region, order of packets, their headers,
# extended capabilities (annex A; ISO/IEC 15444-15).
_SIZE = 0x51
_PIXELS = frozenset((_SIZE, 0x50, 0x52, 0x53, 0x5C, 0x5D, 0x5E, 0x5F, 0x60, 0x61))
# Lengths of tile parts and packets (only hints, and they may be wrong afterwards), profile, registration, comment.
_HINTS = frozenset((0x55, 0x57, 0x58, 0x59, 0x63, 0x64))
_PROFILE_METHODS = (2, 3)


def parts(data: bytes, kept: Kept) -> Iterator[bytes]:
    """Pixels, size, depth, palette, channels, colour space. Not: EXIF, XMP, IPTC and GeoTIFF boxes, comments."""
    kept.no_room_for_exif()
    if data.startswith(_START):
        yield codestream(data)
        return
    found = False
    for name, begin, end in boxes(data):
        if end > len(data) and name != _CODESTREAM:
            raise ValueError("a box reaches beyond the file")
        body = data[begin:end]
        if name == _SIGNATURE:
            yield box(name, body[:4])
        elif name == _TYPE:
            yield box(name, body[:_MOST_BRANDS])
        elif name == _HEADER:
            yield box(name, b"".join(_in_header(body, kept)))
        elif name == _CODESTREAM and not found:
            found = True
            yield box(name, codestream(body))
    if not found:
        raise ValueError("the JPEG 2000 has no codestream")


def _in_header(body: bytes, kept: Kept) -> Iterator[bytes]:
    for name, begin, end in boxes(body):
        content = body[begin:end]
        if name in _IN_HEADER:
            yield box(name, content[: _length(name, content)])
        elif name == _COLOR and content[0] in _PROFILE_METHODS:
            if profile := kept.checked_profile(content[3:]):
                yield box(name, content[:3] + profile)
        elif name == _COLOR and content[0] == 1:
            # An enumerated colour space (sRGB, grey, YCC) is a number. CIELab has parameters behind it.
            yield box(name, content[:7] if content[3:7] != b"\0\0\0\x0e" else content[: 7 + 28])


def _length(name: bytes, content: bytes) -> int:
    """Bytes of a box of the header: a longer one holds something else behind its numbers (I.5.3)."""
    if name == b"ihdr":
        return 14
    if name == b"cdef":
        return 2 + 6 * int.from_bytes(content[:2])
    if name == b"pclr":
        # Of each column the depth less one, and the highest bit for signed numbers.
        columns = 3 + content[2]
        return columns + int.from_bytes(content[:2]) * sum((depth & 0x7F) // 8 + 1 for depth in content[3:columns])
    return len(content)


def codestream(data: bytes) -> bytes:
    """A codestream without comments, and without what follows its end. Raises ValueError for unknown segments."""
    if not data.startswith(_START):
        raise ValueError("no codestream")
    kept, position = [_START], 2
    while data[position : position + 2] != _TILE:
        end = _segment_end(data, position)
        kept.append(_segment(data[position:end]))
        position = end
    while data[position : position + 2] == _TILE:
        part, position = _tile_part(data, position)
        kept.append(part)
    # Added even when it is missing: the picture ends early.
    return b"".join(kept) + _END


def _tile_part(data: bytes, start: int) -> tuple[bytes, int]:
    """A tile part without comments, and the position of its end."""
    length = int.from_bytes(data[start + 6 : start + 10])
    header, position = [], start + 12
    while data[position : position + 2] != _DATA:
        end = _segment_end(data, position)
        header.append(_segment(data[position:end]))
        position = end
    # Length 0: the last part, up to the end marker of the codestream, which compressed data cannot contain.
    end = start + length if length else data.find(_END, position)
    end = min(end, len(data)) if end > 0 else len(data)
    body = b"".join(header) + data[position:end]
    size = (12 + len(body)).to_bytes(4) if length else bytes(4)
    return data[start : start + 6] + size + data[start + 10 : start + 12] + body, max(end, position)


def _segment(segment: bytes) -> bytes:
    """What stays of a segment. Raises ValueError for an unknown one: decoders skip it, or need it."""
    if segment[1] in _HINTS:
        return b""
    # Three bytes for each component (A.5.1).
    if segment[1] not in _PIXELS or (segment[1] == _SIZE and len(segment) != 40 + 3 * int.from_bytes(segment[38:40])):
        raise ValueError("a segment of the codestream is not known")
    return segment


def _segment_end(data: bytes, position: int) -> int:
    length = int.from_bytes(data[position + 2 : position + 4])
    end = position + 2 + length
    if data[position : position + 1] != b"\xff" or length < 2 or end > len(data):
        raise ValueError("a segment of the codestream is not built as it should be")
    return end

"""JPEG 2000: boxes (ISO/IEC 15444-1, annex I) and the codestream in them (annex A)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from ....formats.boxes import box, boxes
from ..kept import GREY, INKS, RGB, Kept
from .ends import ended
from .shapes import SIZE, Segments, Size, check_header

_SIGNATURE, _TYPE, _HEADER, _CODESTREAM, _COLOR = b"jP  ", b"ftyp", b"jp2h", b"jp2c", b"colr"
# Size and depth, depths, channels; a palette and what is mapped to it, both to be refused. Resolution (res) says
# nothing about the pixels.
_IN_HEADER = frozenset((b"ihdr", b"bpcc", b"pclr", b"cmap", b"cdef"))
_BRANDS = (b"jp2 ", b"jpx ", b"jpxb", b"jph ", b"jhc ", b"J2P0", b"J2P1", b"JP20", b"jpm ")
_MAGIC = b"\r\n\x87\n"
_START, _TILE, _DATA, _END = b"\xff\x4f", b"\xff\x90", b"\xff\x93", b"\xff\xd9"
# Lengths of tile parts and packets (only hints, and they may be wrong afterwards), profile, registration, comment.
_HINTS = frozenset((0x55, 0x57, 0x58, 0x59, 0x63, 0x64))
# Marker, its length, number and length of the tile part, its place among those of the tile, how many these are.
_PART = struct.Struct(">2sHHIBB")
# sRGB, grey, YCC and others are numbers. CIELab and CIEJab have parameters, of which no decoder knows which make sense.
_MOST_COLOR_SPACE, _COLOR_BYTES = 24, 7
_WITH_PARAMETERS = (b"\0\0\0\x0e", b"\0\0\0\x13")
_PROFILE_METHODS = (2, 3)
# Colour spaces by the number of components. The last one may be alpha.
_SPACES = {1: (GREY,), 2: (GREY,), 3: (RGB,), 4: (RGB, INKS)}


def parts(data: bytes, kept: Kept) -> Iterator[bytes]:
    """Pixels, size, depth, palette, channels, colour space. Not: EXIF, XMP, IPTC and GeoTIFF boxes, comments."""
    kept.no_room_for_exif()
    if data.startswith(_START):
        yield codestream(data)
        return
    stream, header, brands = b"", b"", b""
    for name, begin, end in boxes(data):
        if end > len(data) and name != _CODESTREAM:
            raise ValueError("a box reaches beyond the file")
        body = data[begin:end]
        if name == _TYPE:
            brands = brands or body[8:]
        elif name == _HEADER:
            header = header or body
        elif name == _CODESTREAM:
            stream = stream or body
    if not stream or not header:
        raise ValueError("the JPEG 2000 has no codestream, or no header")
    yield box(_SIGNATURE, _MAGIC)
    listed = {brands[at : at + 4] for at in range(0, len(brands), 4)}
    known = [brand for brand in _BRANDS if brand in listed] or [_BRANDS[0]]
    yield box(_TYPE, known[0] + bytes(4) + b"".join(known))
    yield box(_HEADER, b"".join(_in_header(header, kept, _size(stream))))
    yield box(_CODESTREAM, codestream(stream))


def _in_header(body: bytes, kept: Kept, size: Size) -> Iterator[bytes]:
    found: dict[bytes, bytes] = {}
    for name, begin, end in boxes(body):
        content = body[begin:end]
        if name in _IN_HEADER:
            if name in found:
                raise ValueError("a box of the header is there twice")
            found[name] = content
            yield box(name, content)
        elif name == _COLOR and name not in found and (color := _color(content, kept, size)):
            # Decoders use the first one.
            found[name] = color
            yield box(name, color)
    check_header(found, size)


def _color(content: bytes, kept: Kept, size: Size) -> bytes:
    """Method, precedence, approximation (of which nothing depends), and a number or a profile (I.5.3.3)."""
    method = content[:1] + bytes(2)
    if content[0] in _PROFILE_METHODS:
        profile = kept.checked_profile(content[3:], *_SPACES.get(size.components, ()))
        return method + profile if profile else b""
    if content[0] != 1:
        return b""
    if len(content) < _COLOR_BYTES or int.from_bytes(content[3:7]) > _MOST_COLOR_SPACE:
        raise ValueError("a colour space that is not known")
    if content[3:7] in _WITH_PARAMETERS and len(content) > _COLOR_BYTES:
        raise ValueError("a colour space with parameters")
    return method + content[3:_COLOR_BYTES]


def _size(stream: bytes) -> Size:
    if not stream.startswith(_START) or stream[2:4] != bytes((0xFF, SIZE)):
        raise ValueError("no codestream")
    return Size.read(stream[6 : _segment_end(stream, 2)])


def codestream(data: bytes) -> bytes:
    """A codestream without comments, and without what follows its end. Raises ValueError for unknown segments."""
    size, position = _size(data), _segment_end(data, 2)
    kept, main = [data[:position]], Segments(size)
    header, position = _header(data, position, _TILE, main)
    kept.append(header)
    before = b"".join(kept)
    parts_of: dict[int, list[bytes]] = {}
    order: list[int] = []
    while data[position : position + 2] == _TILE:
        tile, part, position = _tile_part(data, position, main, parts_of)
        parts_of.setdefault(tile, []).append(part)
        order.append(tile)
    for tile, last in ended(before, parts_of, min(main.levels.values(), default=0)).items():
        parts_of[tile][-1] = last
    # The end is added even when it is missing: the picture ends early.
    return before + b"".join(parts_of[tile].pop(0) for tile in order) + _END


def _tile_part(data: bytes, start: int, main: Segments, parts_of: dict[int, list[bytes]]) -> tuple[int, bytes, int]:
    """The number of a tile, a part of it without comments, and the position of that part's end."""
    marker, marked, tile, length, number, count = _PART.unpack_from(data, start)
    earlier = len(parts_of.get(tile, ()))
    if marked != _PART.size - 2 or tile >= main.size.tiles or number != earlier or 0 < count <= number:
        raise ValueError("a tile part that no decoder reads")
    # Of several parts, the first has the coding of the tile.
    header, position = _header(data, start + _PART.size, _DATA, Segments(main.size, dict(main.levels)))
    # Length 0: the last part, up to the end marker of the codestream, which compressed data cannot contain.
    end = start + length if length else data.find(_END, position)
    end = min(end, len(data)) if end > 0 else len(data)
    body = header + data[position:end]
    size = _PART.size + len(body) if length else 0
    return tile, _PART.pack(marker, marked, tile, size, number, count) + body, max(end, position)


def _header(data: bytes, position: int, until: bytes, segments: Segments) -> tuple[bytes, int]:
    """Segments up to a marker, without comments, and the position of the marker."""
    kept: list[bytes] = []
    while data[position : position + 2] != until:
        end = _segment_end(data, position)
        if (marker := data[position + 1]) not in _HINTS:
            segments.check(marker, data[position + 4 : end])
            kept.append(data[position:end])
        position = end
    segments.check_quantizations()
    return b"".join(kept), position


def _segment_end(data: bytes, position: int) -> int:
    length = int.from_bytes(data[position + 2 : position + 4])
    end = position + 2 + length
    if data[position : position + 1] != b"\xff" or length < 2 or end > len(data):
        raise ValueError("a segment of the codestream is not built as it should be")
    return end

"""Ends the tiles of a JPEG 2000 with their last packet (ISO/IEC 15444-1, A.4.2, A.5.1, B.3 and B.9)."""

from __future__ import annotations

import io
import struct

from PIL import Jpeg2KImagePlugin

_END = b"\xff\xd9"
# Where a tile part has the number of its tile and its length, behind its marker and the marker's length.
_TILE, _LENGTH = slice(4, 6), slice(6, 10)
# Where the codestream has the edges of the picture and its tiles, behind its first marker and the head of SIZ.
_EDGES, _AT = struct.Struct(">8I"), 8
# Each costs some tenths of a millisecond.
MOST_TILES = 4096
# Packets without pixels have a byte of zeros, perhaps after a bit that says that they are there. The decoder takes
# missing ones for such. The last packet with pixels may end with a few of these bytes.
_EMPTY, _MOST_EMPTY = b"\0\x80", 8


def ended(header: bytes, parts_of: dict[int, list[bytes]], levels: int) -> dict[int, bytes]:
    """The last part of each tile, without packets that have no pixels at its end.

    Raises ValueError when the decoder does not need the last byte before them, and for more tiles than `MOST_TILES`.
    `header`: the codestream before the first tile part. `parts_of`: the parts of each tile, in order. `levels`: the
    least number of halvings that any component has. A tile is looked at as the only one of a picture of its size.
    """
    if len(parts_of) > MOST_TILES:
        raise ValueError("a JPEG 2000 of too many tiles to look at each")
    found: dict[int, bytes] = {}
    for tile, parts in parts_of.items():
        alone = [part[: _TILE.start] + b"\0\0" + part[_TILE.stop :] for part in parts]
        before = _with_one_tile(header, tile)
        # Pillow makes no smaller size of a picture that does not begin at the origin.
        at_origin = not any(before[_AT + 8 : _AT + 16])
        last = _ended(before + b"".join(alone[:-1]), alone[-1], levels if at_origin else 0)
        found[tile] = last[: _TILE.start] + parts[-1][_TILE] + last[_TILE.stop :]
    return found


def _with_one_tile(header: bytes, tile: int) -> bytes:
    """The header of a picture that is this tile, at its place on the grid."""
    right, bottom, left, top, width, height, tiles_left, tiles_top = _EDGES.unpack_from(header, _AT)
    row, column = divmod(tile, -(-(right - tiles_left) // width))
    tiles_left, tiles_top = tiles_left + column * width, tiles_top + row * height
    edges = (
        min(tiles_left + width, right),
        min(tiles_top + height, bottom),
        max(tiles_left, left),
        max(tiles_top, top),
        width,
        height,
        tiles_left,
        tiles_top,
    )
    return header[:_AT] + _EDGES.pack(*edges) + header[_AT + _EDGES.size :]


def _ended(before: bytes, part: bytes, levels: int) -> bytes:
    """The last part of the only tile, without packets that have no pixels at its end.

    Raises ValueError when the decoder does not need the last byte before them, or cannot read the tile. `before`: the
    codestream before that part. Packets say how long they are, so the decoder refuses one that is cut. It decodes the
    smallest size, in hundredths of the time.
    """
    bare = part.rstrip(_EMPTY)
    less = _cut(part, len(bare) - 1)
    for reduced in range(levels, -1, -1):
        if _decoded(before + part + _END, reduced) is not None:
            # Reading a smaller size may end before the last packets.
            if all(_decoded(before + less + _END, size) is not None for size in (reduced, 0)):
                raise ValueError("something lies behind the pixels of the JPEG 2000")
            return part if bare == part else _without_empty(before, part, len(bare))
    raise ValueError("a tile of the JPEG 2000 that cannot be read alone")


def _without_empty(before: bytes, part: bytes, least: int) -> bytes:
    """The shortest beginning of a part, of at least some bytes, that has the same pixels."""
    whole = _decoded(before + part + _END, 0)
    for length in range(least, min(least + _MOST_EMPTY, len(part)) + 1):
        shorter = _cut(part, length)
        if _decoded(before + shorter + _END, 0) == whole:
            return shorter
    raise ValueError("a JPEG 2000 of which nobody can tell where a tile ends")


def _cut(part: bytes, length: int) -> bytes:
    """The first bytes of a tile part, which says how long it is if it did before."""
    return (
        part[: _LENGTH.start] + (length.to_bytes(4) if any(part[_LENGTH]) else bytes(4)) + part[_LENGTH.stop : length]
    )


def _decoded(stream: bytes, reduced: int) -> bytes | None:
    """The pixels; None when the decoder refuses them."""
    try:
        with Jpeg2KImagePlugin.Jpeg2KImageFile(io.BytesIO(stream)) as image:
            image.reduce = reduced
            return image.tobytes()
    except MemoryError:
        raise
    except Exception:
        return None

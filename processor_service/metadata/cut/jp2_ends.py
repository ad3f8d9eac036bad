"""Whether bytes lie behind the last packet of a tile of a JPEG 2000 (ISO/IEC 15444-1, A.4.2, A.5.1, B.3 and B.9)."""

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


def check_ends(header: bytes, parts_of: dict[int, list[bytes]], levels: int) -> None:
    """Raise ValueError when the decoder does not need the last byte of a tile, and for more tiles than `MOST_TILES`.

    `header`: the codestream before the first tile part. `parts_of`: the parts of each tile, in order. `levels`: the
    least number of halvings that any component has. A tile is looked at as the only one of a picture of its size.
    """
    if len(parts_of) > MOST_TILES:
        raise ValueError("a JPEG 2000 of too many tiles to look at each")
    for tile, parts in parts_of.items():
        alone = [part[: _TILE.start] + b"\0\0" + part[_TILE.stop :] for part in parts]
        before = _with_one_tile(header, tile)
        # Pillow makes no smaller size of a picture that does not begin at the origin.
        at_origin = not any(before[_AT + 8 : _AT + 16])
        _check_end(before + b"".join(alone[:-1]), alone[-1], levels if at_origin else 0)


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


def _check_end(before: bytes, part: bytes, levels: int) -> None:
    """Raise ValueError when the decoder does not need the last byte of the last part of the only tile.

    `before`: the codestream before that part. Packets say how long they are, so the decoder refuses one that is cut. It
    decodes the smallest size, in hundredths of the time. What it cannot read is not looked into.
    """
    # Packets without pixels have a byte of zeros, perhaps after a bit that says that they are there. The decoder takes
    # missing ones for such.
    less = part.rstrip(b"\0\x80")[:-1]
    if any(part[_LENGTH]):
        less = less[:6] + len(less).to_bytes(4) + less[10:]
    for reduced in range(levels, -1, -1):
        if _is_decoded(before + part + _END, reduced):
            # Reading a smaller size may end before the last packets.
            if _is_decoded(before + less + _END, reduced) and _is_decoded(before + less + _END, 0):
                raise ValueError("something lies behind the pixels of the JPEG 2000")
            return


def _is_decoded(stream: bytes, reduced: int) -> bool:
    try:
        with Jpeg2KImagePlugin.Jpeg2KImageFile(io.BytesIO(stream)) as image:
            image.reduce = reduced
            image.load()
    except MemoryError:
        raise
    except Exception:
        return False
    return True

"""Whether bytes lie behind the last packet of a JPEG 2000 with a single tile (ISO/IEC 15444-1, A.4.2 and B.9)."""

from __future__ import annotations

import io

from PIL import Jpeg2KImagePlugin

_END = b"\xff\xd9"
# Where a tile part has its length: behind its marker, the marker's length and the number of the tile.
_LENGTH = slice(6, 10)


def check_end(before: bytes, part: bytes, levels: int) -> None:
    """Raise ValueError when the decoder does not need the last byte of the last tile part.

    `before`: the codestream before that part. Packets say how long they are, so the decoder refuses one that is cut. It
    decodes the smallest size, in hundredths of the time. What it cannot read is not looked into.
    """
    # Packets without pixels have a byte of zeros, perhaps after a bit that says that they are there. The decoder takes
    # missing ones for such.
    less = part.rstrip(b"\0\x80")[:-1]
    if any(part[_LENGTH]):
        less = less[:6] + len(less).to_bytes(4) + less[10:]
    for reduced in range(levels, 0, -1):
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

"""A good picture within broken metadata: the file without what is not needed to show it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

# PNG chunks without which a picture, or an animation, looks different.
_NEEDED = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"acTL", b"fcTL", b"fdAT"}
# JFIF (APP0) and Adobe (APP14) say how the colours of a JPEG are to be read; their sizes when they are whole.
_NEEDED_SEGMENTS = {0xE0: 18, 0xEE: 14}
_PNG = b"\x89PNG\r\n\x1a\n"


def without_metadata(data: bytes) -> Iterator[bytes]:
    """The same picture with less and less metadata: nothing is yielded when nothing can be left out."""
    if data.startswith(_PNG):
        for kept in (_NEEDED | {b"iCCP"}, _NEEDED):
            if (less := _png(data, kept)) != data:
                yield less
    elif data.startswith(b"\xff\xd8") and (less := _jpeg(data)) != data:
        yield less


def _png(data: bytes, kept: set[bytes]) -> bytes:
    """Only the chunks that are kept. Ancillary ones whose checksum is wrong are left out, too."""
    parts, position = [_PNG], len(_PNG)
    while position + 8 <= len(data):
        end = position + 12 + int.from_bytes(data[position : position + 4])
        kind = data[position + 4 : position + 8]
        sound = kind[:1].isupper() or zlib.crc32(data[position + 4 : end - 4]) == int.from_bytes(data[end - 4 : end])
        # Unknown critical chunks stay: the picture may not be readable without them.
        if (kind in kept and sound) or (kind[:1].isupper() and kind not in _NEEDED):
            parts.append(data[position:end])
        position = end
    return b"".join(parts)


def _jpeg(data: bytes) -> bytes:
    """Without comments and application segments, but those that say how to decode."""
    parts, position = [data[:2]], 2
    while position + 4 <= len(data) and data[position] == 0xFF and data[position + 1] != 0xDA:
        marker = data[position + 1]
        end = position + 2 + int.from_bytes(data[position + 2 : position + 4])
        application = 0xE0 <= marker <= 0xEF or marker == 0xFE
        if not application or end - position >= _NEEDED_SEGMENTS.get(marker, len(data)):
            parts.append(data[position:end])
        position = end
    return b"".join([*parts, data[position:]])

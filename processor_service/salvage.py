"""A good picture within broken metadata: the file without what is not needed to show it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from .containers import PNG_SIGNATURE, png_chunks

# PNG chunks without which a picture, or an animation, looks different.
_NEEDED = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"acTL", b"fcTL", b"fdAT"}
# JFIF (APP0) and Adobe (APP14) say how the colours of a JPEG are to be read; their sizes when they are whole.
_NEEDED_SEGMENTS = {0xE0: 18, 0xEE: 14}


def without_metadata(data: bytes) -> Iterator[bytes]:
    """The same picture with less and less metadata: nothing is yielded when nothing can be left out."""
    if data.startswith(PNG_SIGNATURE):
        for kept in (_NEEDED | {b"iCCP"}, _NEEDED):
            if (less := _png(data, kept)) != data:
                yield less
    elif data.startswith(b"\xff\xd8") and (less := _jpeg(data)) != data:
        yield less


def _png(data: bytes, kept: set[bytes]) -> bytes:
    """Only the chunks that are kept. Ancillary ones whose checksum is wrong are left out, too."""
    parts = [PNG_SIGNATURE]
    for name, chunk in png_chunks(data):
        sound = name[:1].isupper() or zlib.crc32(chunk[4:-4]) == int.from_bytes(chunk[-4:])
        # Unknown critical chunks stay: the picture may not be readable without them.
        if (name in kept and sound) or (name[:1].isupper() and name not in _NEEDED):
            parts.append(chunk)
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

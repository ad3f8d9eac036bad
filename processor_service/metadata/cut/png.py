"""PNG and APNG: chunks (W3C PNG, third edition)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from ...formats.containers import PNG_SIGNATURE, png_chunk, png_chunks
from .kept import Kept, few

# Chunks that say what the picture or the animation looks like, and the lengths that each may have (None: any).
_LENGTHS: dict[bytes, tuple[int, ...] | None] = {
    b"IHDR": (13,),
    b"IDAT": None,
    b"IEND": (0,),
    b"acTL": (8,),
    b"fcTL": (26,),
    b"fdAT": None,
    b"gAMA": (4,),
    b"cHRM": (32,),
    b"sRGB": (1,),
    b"cICP": (4,),
    b"mDCV": (24,),
    b"cLLI": (8,),
    b"sBIT": (1, 2, 3, 4),
    b"bKGD": (1, 2, 6),
    b"pHYs": (9,),
}
# Most bytes of the palette, and of a key or the alpha of each entry, by the colour type in the header. Decoders ignore
# the rest, and all of it for other colour types.
_MOST: dict[bytes, dict[int, int]] = {b"PLTE": {3: 256 * 3}, b"tRNS": {0: 2, 2: 6, 3: 256}}
_HEADER, _COLOR_TYPE = b"IHDR", 9
# Most bytes of an unpacked profile.
_MOST_PROFILE = 16 * 1024**2


def parts(data: bytes, kept: Kept) -> Iterator[bytes]:
    """Pixels, palette, transparency, frames, numbers that say how to read colours, the colour profile."""
    yield PNG_SIGNATURE
    kind = 0
    for name, chunk in few(png_chunks(data)):
        body = chunk[8:-4]
        if name == b"iCCP":
            if profile := kept.checked_profile(_unpacked(body)):
                # Its name may be anything.
                yield png_chunk(name, b"ICC\0\0" + zlib.compress(profile))
        elif name in _MOST:
            if most := _MOST[name].get(kind, 0):
                yield chunk if len(body) <= most else png_chunk(name, body[:most])
        elif name in _LENGTHS:
            lengths = _LENGTHS[name]
            if lengths is None or len(body) in lengths:
                yield chunk
            elif name[:1].isupper():
                raise ValueError("a chunk of the PNG has the wrong length")
        elif name[:1].isupper():
            raise ValueError("a chunk of the PNG without which it cannot be shown is not known")
        if name == _HEADER:
            kind = body[_COLOR_TYPE]
            if kept.exif:
                yield png_chunk(b"eXIf", kept.bare_exif)


def _unpacked(body: bytes) -> bytes:
    _, _, packed = body.partition(b"\0")
    try:
        return zlib.decompressobj().decompress(packed[1:], _MOST_PROFILE)
    except zlib.error:
        return b""

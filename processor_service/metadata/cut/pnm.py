"""PNM: a header in words, and a raster (Netpbm's pbm, pgm, ppm, and pfm)."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from .kept import Kept

# A word, with the white space and the comments before it.
_WORD = re.compile(rb"(?:\s|#[^\r\n]*[\r\n])*([^\s#]{1,20})")
# Decoders of other formats have 31 bits for a side.
_MOST_SIDE, _MOST_VALUE = 2**31 - 1, 65535
_CHANNELS = {b"P4": 1, b"P5": 1, b"P6": 3, b"Pf": 1}


def parts(data: bytes, kept: Kept) -> Iterator[bytes]:
    """The header without comments, the raster of the first picture. The plain kinds are unknown, and encoded again."""
    kept.no_room_for_exif()
    magic = data[:2]
    words, position = [magic], 2
    for _ in range(2 if magic == b"P4" else 3):
        found = _WORD.match(data, position)
        if found is None or magic not in _CHANNELS:
            raise ValueError("a kind of PNM that is not known")
        words.append(found[1])
        position = found.end()
    if not all(word.isdigit() for word in words[1 : 3 if magic == b"Pf" else None]):
        raise ValueError("a number of the PNM that is none")
    width, height = int(words[1]), int(words[2])
    if max(width, height) > _MOST_SIDE:
        raise ValueError("sides that no PNM has")
    rest = []
    if magic == b"P4":
        size = (width + 7) // 8 * height
    else:
        if magic != b"Pf" and not 0 < int(words[3]) <= _MOST_VALUE:
            raise ValueError("a highest value that no PNM has")
        # Of the scale of floats only the sign matters, which says the order of bytes.
        rest = [b"-1.0" if float(words[3]) < 0 else b"1.0"] if magic == b"Pf" else [b"%d" % int(words[3])]
        sample = 4 if magic == b"Pf" else 2 if int(words[3]) > 255 else 1
        size = width * height * _CHANNELS[magic] * sample
    # One byte of white space ends the header. Decoders do not agree on comments there.
    if not data[position : position + 1].isspace():
        raise ValueError("a comment behind the header of the PNM")
    yield b"%s\n%d %d\n" % (magic, width, height) + b"".join(word + b"\n" for word in rest)
    raster = data[position + 1 : position + 1 + size]
    yield _without_padding(raster, width) if magic == b"P4" else raster


def _without_padding(raster: bytes, width: int) -> bytes:
    """Rows of bits, with zeros behind the last pixel of each."""
    each = (width + 7) // 8
    if not width % 8:
        return raster
    bits = np.frombuffer(raster, np.uint8).copy()
    bits[each - 1 :: each] &= 0xFF << (-width % 8) & 0xFF
    return bits.tobytes()

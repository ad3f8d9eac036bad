"""Finds where compressed data ends, for codes that say so themselves. What lies behind that is not pixels."""

from __future__ import annotations

import lzma

import numpy as np

# Bytes that are unpacked at once.
_SLICE = 64 * 1024
# Two ends of a line: the end of a picture of Group 4 (ITU-T T.6, 2.4.1). No code within the picture has as many zeros.
_END_OF_FAX = bytes((*(0,) * 11, 1)) * 2


def end_of_stream(stream: lzma.LZMADecompressor, data: bytes, most: int) -> int:
    """The position behind a stream of a new decompressor, or the length of the data when it does not end in it.

    Raises ValueError for a broken one, and for one of more than `most` bytes.
    """
    unpacked = 0
    try:
        for start in range(0, len(data), _SLICE):
            unpacked += len(stream.decompress(data[start : start + _SLICE]))
            if unpacked > most:
                raise ValueError("more is compressed than the pixels")
            if stream.eof:
                return min(start + _SLICE, len(data)) - len(stream.unused_data)
    except lzma.LZMAError as error:
        raise ValueError("compressed data is broken") from error
    return len(data)


def end_of_packed_bits(data: bytes, most: int) -> int:
    """The position behind the last of `most` bytes, packed by PackBits (TIFF 6.0, section 9)."""
    position, left = 0, most
    while left > 0 and position < len(data):
        control = data[position]
        if control < 128:
            left, position = left - control - 1, position + control + 2
        else:
            # 128 means nothing.
            left, position = left - (257 - control if control > 128 else 0), position + (2 if control > 128 else 1)
    if left < 0:
        raise ValueError("more is packed than the pixels")
    return min(position, len(data))


def first_bits(data: bytes, bits: int, *, from_top: bool) -> bytes:
    """Some first bits, in whole bytes that zeros fill up. `from_top`: of a byte, the highest bit is the first."""
    whole, more = divmod(bits, 8)
    if not more:
        return data[:whole]
    mask = 0xFF << (8 - more) & 0xFF if from_top else 0xFF >> (8 - more)
    return data[:whole] + bytes((data[whole] & mask,))


def fax_without_rest(data: bytes) -> bytes:
    """A picture of Group 4 up to its end. Raises ValueError when it does not say where it ends."""
    at = np.unpackbits(np.frombuffer(data, np.uint8)).tobytes().find(_END_OF_FAX)
    if at < 0:
        raise ValueError("pixels of a fax that do not say where they end")
    return first_bits(data, at + len(_END_OF_FAX), from_top=True)

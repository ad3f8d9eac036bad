"""Bits of a zlib stream that fill up a byte become zeros (RFC 1950, RFC 1951, 3.2.4).

There are up to seven before the checksum, and up to seven behind the header of each block that is stored as it is. No
library says where blocks begin. A stored one is found by its length, which stands there twice, the second time with all
bits turned: the stream is unpacked to before that, and then the bytes must come out as they are. The next one begins
right behind it.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from zlib import _Decompress as Stream

_SLICE = 64 * 1024
# The length of a stored block in both forms, and the checksum.
_LENGTHS, _CHECKSUM = 4, 4
# Shorter blocks nobody writes, except for the last one and where a writer waits; they can be found where none are.
_SHORTEST, _LOOKED_AT = 16, 64
# Places that are looked at: a second. A file has some hundred by chance, and a stored block every 64 kB, some every 8.
_MOST_PLACES = 20_000
# Where the first block begins, and the bits of a header that say how a block is packed.
_FIRST, _KIND = 2, 0b110
# Bytes that a stream may be longer than what is in it: codes may have nine bits.
_OVERHEAD = 1024


def cleaned(data: bytes, most: int) -> bytes:
    """The zlib stream up to its end, which may be missing, with zeros for bits that nobody reads.

    Raises ValueError for a broken one, for one of more than `most` bytes, and for short stored blocks.
    """
    if len(data) > most + most // 8 + _OVERHEAD:
        raise ValueError("pixels are packed in many more bytes than they need")
    try:
        new, end = _without_bits(data, most)
        if end < len(data):
            data = data[:end]
            new, _ = _without_bits(data, most)
        # That of the last byte was proved by the checksum. Elsewhere a bit may say what follows much later.
        if new[: -_CHECKSUM - 1] != data[: -_CHECKSUM - 1] and _sum(new) != _sum(data):
            raise ValueError("bits of packed pixels that cannot be told apart")
    except zlib.error as error:
        raise ValueError("compressed data is broken") from error
    return new


def _without_bits(data: bytes, most: int) -> tuple[bytes, int]:
    """The stream without such bits, and where it ends; if that is before the end of the data, some are left."""
    reader, changed, places = _Reader(data, most), bytearray(data), _places(data)
    behind = _behind_stored(data, _FIRST, changed)
    number = int(np.searchsorted(places, behind + 1))
    for _ in range(_MOST_PLACES):
        if number == len(places) or reader.stream.eof:
            break
        place = int(places[number])
        reader.read_to(place - 1)
        if length := _stored(reader.stream, data, place):
            block = data[place : place + _LENGTHS + length + _CHECKSUM]
            changed[place - 1] = _needed(reader.stream, data[place - 1], block)
            behind = _behind_stored(data, place + _LENGTHS + length, changed)
        # Behind a stored block there is at least a byte for the header of the next one.
        number = max(number + 1, int(np.searchsorted(places, behind + 1)))
    else:
        raise ValueError("compressed data has too many blocks")
    last = len(data) - _CHECKSUM - 1
    reader.read_to(last)
    before = reader.stream.copy()
    reader.read_to(len(data))
    if reader.end == len(data) and reader.stream.eof and last >= _FIRST and not before.eof:
        changed[last] = _needed(before, data[last], data[last + 1 :]) & changed[last]
    return bytes(changed), reader.end


def _behind_stored(data: bytes, start: int, changed: bytearray) -> int:
    """Where the stored blocks end that begin at a byte, as they do at the beginning and one behind another.

    In their headers all bits but the lowest become zeros, which says that a block is the last.
    """
    while start + 1 + _LENGTHS <= len(data) and not data[start] & _KIND:
        length, turned = struct.unpack_from("<HH", data, start + 1)
        is_last = data[start] & 1
        if length ^ turned != 0xFFFF:
            break
        if length < _SHORTEST and not is_last:
            raise ValueError("short blocks of compressed data")
        changed[start] = is_last
        start += 1 + _LENGTHS + length
        if is_last:
            break
    return start


class _Reader:
    """Unpacks a stream up to any place, and forgets what comes out."""

    def __init__(self, data: bytes, most: int) -> None:
        self.stream = zlib.decompressobj()
        self._data, self._left, self._position = data, most, 0

    @property
    def end(self) -> int:
        """Where the stream ends, as far as it was read."""
        return self._position - len(self.stream.unused_data)

    def read_to(self, place: int) -> None:
        """Raises ValueError when more comes out than there may be."""
        while self._position < place and not self.stream.eof:
            end = min(place, self._position + _SLICE)
            self._left -= len(self.stream.decompress(self._data[self._position : end]))
            self._position = end
            if self._left < 0:
                raise ValueError("more is compressed than the pixels")


def _places(data: bytes) -> NDArray[np.intp]:
    """Where the length of a stored block may stand."""
    numbers = np.frombuffer(data, np.uint8)
    if len(numbers) < _LENGTHS:
        return np.zeros(0, np.intp)
    return np.flatnonzero((numbers[:-3] ^ numbers[2:-1]) & (numbers[1:-2] ^ numbers[3:]) == 0xFF)


def _stored(stream: Stream, data: bytes, place: int) -> int:
    """Bytes of the stored block whose length stands at a place; 0 when none does.

    `stream` has read all before the byte that precedes the place. Raises ValueError for a short block.
    """
    trial, length = stream.copy(), int.from_bytes(data[place : place + 2], "little")
    start = place + _LENGTHS
    part = data[start : start + min(length, _LOOKED_AT)]
    try:
        trial.decompress(data[place - 1 : start])
        found = trial.decompress(part) == part
    except zlib.error:
        return 0
    if found and len(part) < _SHORTEST:
        raise ValueError("short blocks of compressed data, or too little to see whether they are some")
    return length if found else 0


def _needed(stream: Stream, byte: int, behind: bytes) -> int:
    """The byte that comes next, with as many zeros from the top as change nothing in what comes out."""
    whole = _outcome(stream, byte, behind)
    tried = (byte & (1 << bits) - 1 for bits in range(1, 9))
    return next(one for one in tried if one == byte or _outcome(stream, one, behind) == whole)


def _outcome(stream: Stream, byte: int, behind: bytes) -> tuple[bytes, bool, int] | None:
    """What comes out of a copy, whether it ends, and what it leaves; None for an error."""
    trial = stream.copy()
    try:
        return trial.decompress(bytes((byte,)) + behind), trial.eof, len(trial.unused_data)
    except zlib.error:
        return None


def _sum(data: bytes) -> tuple[int, int, bool]:
    """A checksum of what is in a stream, how long that is, and whether it ends."""
    stream, total, size = zlib.decompressobj(), 1, 0
    for start in range(0, len(data), _SLICE):
        some = stream.decompress(data[start : start + _SLICE])
        total, size = zlib.adler32(some, total), size + len(some)
    return total, size, stream.eof

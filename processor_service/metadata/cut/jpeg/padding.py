"""Fills up the last byte of each run of codes of a JPEG with ones (ITU-T T.81, F.1.2.3), whatever was there.

A run is a scan, or a part of it between restarts. No decoder says how many bits of the last byte it used. So the lowest
zero bit of that byte is set, and the picture decoded. No code consists of ones alone: if the bit is a pixel's, it is of
the last code, so pixels change, and all that follows are ones already. Otherwise it stays set, and the next is tried.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import simplejpeg

from ....formats.containers import jpeg_segments

_SCAN, _RESTARTS, _SEQUENTIAL, _END = 0xDA, 0xDD, (0xC0, 0xC1), b"\xff\xd9"
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
# By the number of components, colours of which each has pixels of its own.
_SPACES = {1: "GRAY", 3: "RGBX", 4: "CMYK"}
# Bits that may fill up a byte.
_BITS, _ONES = 7, 0x7F
# Pixels that are decoded, some times: a second, and 800 MB.
_MOST_PIXELS = 200_000_000
# Runs that are looked at one by one.
_MOST_ALONE = 32


def with_ones(data: bytes) -> bytes:
    """A sound JPEG of one scan, without metadata, filled up with ones.

    If it has more than 200 megapixels, it stays as it is. Raises ValueError when it then has restarts, and when nobody
    can tell.
    """
    segments = list(jpeg_segments(data))
    scan = next(place for place, (marker, _) in enumerate(segments) if marker == _SCAN)
    frame = next(segment for marker, segment in segments if marker in _SEQUENTIAL)
    picture = _Picture.read(segments, scan, frame)
    if picture.width * picture.height <= _MOST_PIXELS:
        waiting = {number for number, run in enumerate(picture.runs) if _raised(run)}
        for _ in range(_BITS):
            free = _free(picture, waiting)
            picture = picture.raised(free)
            waiting = {number for number in free if _raised(picture.runs[number])}
    elif len(picture.runs) > 1:
        raise ValueError("a JPEG of which it takes too long to see where its parts end")
    return picture.data


@dataclass(frozen=True)
class _Picture:
    """A JPEG of one scan; sides in pixels, those of a unit of codes (MCU) too; units of a run, 0 for all."""

    width: int
    height: int
    unit: tuple[int, int]
    each: int
    space: str
    before: bytes
    runs: tuple[bytes, ...]
    restarts: tuple[bytes, ...]

    @classmethod
    def read(cls, segments: list[tuple[int, bytes]], place: int, frame: bytes) -> _Picture:
        height, width, count = int.from_bytes(frame[5:7]), int.from_bytes(frame[7:9]), frame[9]
        factors = frame[11 : 10 + 3 * count : 3]
        # The blocks of a lone component lie one after the other, whatever its factors.
        across, down = (max(one >> 4 for one in factors), max(one & 15 for one in factors)) if count > 1 else (1, 1)
        scan = segments[place][1]
        if scan[4] != count:
            raise ValueError("a scan without some of the colours")
        start = 2 + int.from_bytes(scan[2:4])
        each = next((int.from_bytes(body[4:6]) for marker, body in segments[place::-1] if marker == _RESTARTS), 0)
        codes = scan[start:]
        return cls(
            width,
            height,
            (8 * across, 8 * down),
            each,
            _SPACES[count],
            b"".join(segment for _, segment in segments[:place]) + scan[:start],
            tuple(_RESTART.split(codes)),
            tuple(_RESTART.findall(codes)),
        )

    @property
    def data(self) -> bytes:
        pairs = zip(self.runs, (*self.restarts, _END), strict=True)
        return self.before + b"".join(part for pair in pairs for part in pair)

    def raised(self, numbers: set[int]) -> _Picture:
        """The picture with one more bit set in some of its runs."""
        runs = (_raised(run) if number in numbers else run for number, run in enumerate(self.runs))
        return replace(self, runs=tuple(runs))

    def last_pixels(self, *, strict: bool = False) -> list[bytes]:
        """The pixels of the last unit of each run. Raises ValueError; `strict`: also if the decoder warns."""
        pixels = simplejpeg.decode_jpeg(self.data, self.space, fastupsample=True, strict=strict)
        (wide, high), found = self.unit, []
        row = -(-self.width // wide)
        units = row * -(-self.height // high)
        each = self.each or units
        if len(self.runs) != -(-units // each):
            raise ValueError("a JPEG that has more or fewer restarts than it says")
        for number in range(len(self.runs)):
            y, x = divmod(min((number + 1) * each, units) - 1, row)
            found.append(pixels[y * high : (y + 1) * high, x * wide : (x + 1) * wide].tobytes())
        return found


def _raised(run: bytes) -> bytes:
    """A run with the lowest zero bit of its last byte set; empty when that belongs to pixels for certain."""
    if not run:
        raise ValueError("a JPEG with nothing between two restarts")
    byte = run[-1]
    if byte & _ONES == _ONES or run.endswith(b"\xff\0"):
        return b""
    byte |= byte + 1
    # 0xFF is written as two bytes.
    return run[:-1] + (b"\xff\0" if byte == 0xFF else bytes((byte,)))


def _free(picture: _Picture, waiting: set[int]) -> set[int]:
    """The runs among those waiting of which no pixel changes when a bit more is set."""
    if not waiting:
        return set()
    before, after = picture.last_pixels(), picture.raised(waiting).last_pixels()
    same = {number for number in waiting if before[number] == after[number]}
    # A change may be too small to be seen, but then the decoder misses bits.
    if not same or _is_same(picture, same, before):
        return same
    if len(same) > _MOST_ALONE:
        raise ValueError("a JPEG of which it takes too long to see where its parts end")
    return {number for number in same if _is_same(picture, {number}, before)}


def _is_same(picture: _Picture, numbers: set[int], before: list[bytes]) -> bool:
    try:
        return picture.raised(numbers).last_pixels(strict=True) == before
    except ValueError:
        return False

"""Numbers in chunks of PNG that may be anything: what of them stays (W3C PNG, third edition, 11.3.4.3 and 11.3.6)."""

from __future__ import annotations

import struct

from ..viewer_numbers import density_a_metre, duration, plays

_ANIMATION, _CONTROL, _DATA = b"acTL", b"fcTL", b"fdAT"
_RESOLUTION = struct.Struct(">IIB")
# Units of a second, the finest first; a duration has 16 bits.
_UNITS, _MOST = (1000, 100, 10, 1), 65_535
# From here on a number of frames is a mistake, and the picture is a still one.
_TOO_MANY = 1 << 31
# Where a frame has its duration, a fraction of a second.
_TIME = slice(20, 24)


def resolution(body: bytes) -> bytes:
    """The content of a chunk pHYs in whole dots an inch; nothing for one that is not a resolution of square pixels."""
    if len(body) != _RESOLUTION.size:
        return b""
    across, down, unit = _RESOLUTION.unpack(body)
    dots = density_a_metre(across, down) if unit == 1 else 0
    return _RESOLUTION.pack(dots, dots, 1) if dots else b""


class Frames:
    """The numbers of an animation: frames and repetitions, and of each frame its place in the file and its duration."""

    def __init__(self, names: list[bytes], is_refused: bool) -> None:
        """`names` of all chunks of the file; `is_refused`: whether it was, maybe because frames are missing."""
        self._count = names.count(_CONTROL)
        self._most = self._count + is_refused
        self._next = 0

    def bounded(self, name: bytes, body: bytes) -> bytes:
        """The content of a chunk, of which the shape was checked, with numbers that stay.

        Raises ValueError when it is out of order, and for a number of frames that hides some, or all.
        """
        if name == _ANIMATION:
            count, times = struct.unpack(">II", body)
            if not self._count <= count < _TOO_MANY:
                raise ValueError("frames of the PNG that nobody shows")
            # A refused file that says more than it has still does.
            return struct.pack(">II", min(count, self._most), plays(times))
        if name in (_CONTROL, _DATA):
            if int.from_bytes(body[:4]) != self._next:
                raise ValueError("the chunks of an animation are not numbered in order")
            self._next += 1
        if name == _CONTROL:
            return body[: _TIME.start] + _seconds(*struct.unpack(">HH", body[_TIME])) + body[_TIME.stop :]
        return body


def _seconds(above: int, below: int) -> bytes:
    """A duration as a fraction, in the finest unit in which it has room; 0 below means hundredths."""
    time = duration(round(1000 * above / (below or 100)))
    unit = next(unit for unit in _UNITS if time * unit // 1000 <= _MOST)
    return struct.pack(">HH", time * unit // 1000, unit)

"""Fits the durations of frames, and how often an animation plays, into what each format can store."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from PIL import Image

from ..formats.registry import stored_in

# GIF counts in units of 10 ms, in 16 bits. Browsers take less than two units for a mistake, and use ten.
_GIF_UNIT, _GIF_MOST, _GIF_LEAST = 10, 655_350, 20
# APNG has a fraction of seconds, with 16 bits above and below. What does not fit is stored in coarser units.
_PNG_UNITS, _PNG_MOST, _PNG_PART = (1, 10, 100, 1000), 65_535_000, 65_535
# WebP has 24 bits for a frame, 31 for all. AVIF has 32 bits, of which decoders use 31.
_WEBP_MOST, _ALL_MOST = 2**24 - 1, 2**31 - 1


def times_in(name: str, times: list[int], frames: list[Image.Image]) -> list[int]:
    """Milliseconds of each frame in the format: the nearest value that it has, at most its longest."""
    if name == "gif":
        return _within_runs([_in_gif(time) for time in times], frames)
    if name == "png":
        return [_in_png(time) for time in times]
    times = [min(time, _WEBP_MOST if name == "webp" else _ALL_MOST) for time in times]
    total = sum(times)
    return times if total <= _ALL_MOST else [max(1, time * (_ALL_MOST - len(times)) // total) for time in times]


def loops_in(name: str, loops: int) -> int:
    """How often the animation plays (0: forever), at most what the format can store."""
    return min(loops, stored_in(name).most_loops or loops)


def _in_gif(time: int) -> int:
    if time >= _GIF_UNIT and time % _GIF_UNIT == 0:
        # Unchanged, though browsers may show it longer: the original says so.
        return min(time, _GIF_MOST)
    return min(_GIF_MOST, max(_GIF_LEAST, (time + _GIF_UNIT // 2) // _GIF_UNIT * _GIF_UNIT))


def _in_png(time: int) -> int:
    time = min(time, _PNG_MOST)
    rounded = ((time + unit // 2) // unit * unit for unit in _PNG_UNITS)
    return next(value for value in rounded if Fraction(value, 1000).numerator <= _PNG_PART)


def _within_runs(times: list[int], frames: list[Image.Image]) -> list[int]:
    """The times, shortened where Pillow adds up those of equal frames, so that the sum fits into the format."""
    if sum(times) <= _GIF_MOST:
        return times
    same = [False, *(_alike(one, other) for one, other in pairwise(frames))]
    result: list[int] = []
    so_far = 0
    for time, repeated in zip(times, same, strict=True):
        so_far = so_far if repeated else 0
        result.append(min(time, _GIF_MOST - so_far))
        so_far += result[-1]
    return result


def _alike(one: Image.Image, other: Image.Image) -> bool:
    return one.mode == other.mode and one.getpalette() == other.getpalette() and one.tobytes() == other.tobytes()

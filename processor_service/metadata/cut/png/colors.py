"""Numbers of a PNG by which viewers read its colours, gAMA and cHRM, as exact as one sees (W3C PNG, third edition).

Both are in hundred thousandths. sRGB is what viewers take without them, and what sRGB or iCCP says goes before them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

GAMMA, PRIMARIES = b"gAMA", b"cHRM"
_OF_COLORS = struct.Struct(">8I")
# 0.1 to 10. Files have 0.45455 or 0.55556, rarely 1.
_GAMMAS = range(10_000, 1_000_001)
_USUAL_GAMMA = 45_455
# White, red, green, blue, each as x and y (Rec. ITU-R BT.709).
_USUAL_PRIMARIES = 31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000
# What differs less looks the same.
_ALIKE = 500
# Three digits behind the point stay.
_GAMMA_STEP, _STEP, _ONE = 1000, 100, 100_000


def color_numbers(chunks: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """What stays of the chunks of these names and contents; empty for sRGB, and for numbers that no colours have."""
    found = dict(chunks)
    gamma, primaries = _gamma(found.get(GAMMA, b"")), _primaries(found.get(PRIMARIES, b""))
    if not gamma or (gamma == _USUAL_GAMMA and not primaries):
        # Without gamma, viewers do not look at the rest.
        return {}
    kept = {GAMMA: gamma.to_bytes(4)}
    return kept | {PRIMARIES: _OF_COLORS.pack(*primaries)} if primaries else kept


def _gamma(body: bytes) -> int:
    """The number in steps that nobody sees, 0 for none."""
    number = int.from_bytes(body) if len(body) == 4 else 0
    if number not in _GAMMAS:
        return 0
    if abs(number - _USUAL_GAMMA) < _ALIKE:
        return _USUAL_GAMMA
    return round(number / _GAMMA_STEP) * _GAMMA_STEP


def _primaries(body: bytes) -> tuple[int, ...]:
    """The numbers with three digits, none for those of sRGB, and where white is no mixture of the colours."""
    numbers = _OF_COLORS.unpack(body) if len(body) == _OF_COLORS.size else ()
    if not numbers or all(abs(one - usual) < _ALIKE for one, usual in zip(numbers, _USUAL_PRIMARIES, strict=True)):
        return ()
    # The lower one of a pair divides others.
    rounded = [max(round(one / _STEP) * _STEP, _STEP * (place % 2)) for place, one in enumerate(numbers)]
    white, *corners = zip(rounded[::2], rounded[1::2], strict=True)
    # In a triangle all corners are on the same side, going around the point.
    turns = [_turn(white, one, other) for one, other in zip(corners, corners[1:] + corners[:1], strict=True)]
    sound = max(rounded) <= _ONE and (min(turns) > 0 or max(turns) < 0)
    return tuple(rounded) if sound else ()


def _turn(middle: tuple[int, int], one: tuple[int, int], other: tuple[int, int]) -> int:
    """Positive when one sees the second point to the left of the first, negative on the right."""
    (x, y), (x1, y1), (x2, y2) = middle, one, other
    return (x1 - x) * (y2 - y) - (x2 - x) * (y1 - y)

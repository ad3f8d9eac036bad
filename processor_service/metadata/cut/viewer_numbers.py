"""Numbers that viewers use and no pixel needs: resolution, durations, repetitions. They stay as exact as one sees."""

from __future__ import annotations

# Nobody counts further. An animation that plays more often plays for ever.
_MOST_PLAYS = 100
# Digits of a duration that stay: 33 ms, 1.23 s.
_DIGITS = 3
# Dots an inch of the finest scanners.
_MOST_DENSITY = 9600
_METRES_AN_INCH = 0.0254


def plays(count: int) -> int:
    """How often an animation plays (0: for ever)."""
    return count if count <= _MOST_PLAYS else 0


def duration(time: int) -> int:
    """A duration in any unit, rounded to three digits (downwards: it must fit where it was)."""
    unit = int(10 ** max(0, len(str(time)) - _DIGITS))
    return time // unit * unit


def density(dots: float) -> int:
    """A resolution in whole dots an inch; 0 for one that no device has."""
    return round(dots) if 0.5 < dots <= _MOST_DENSITY else 0


def density_a_metre(across: int, down: int) -> int:
    """A resolution in dots a metre, rounded to whole dots an inch; 0 unless pixels are squares."""
    return round(density(across * _METRES_AN_INCH) / _METRES_AN_INCH) if across == down else 0

"""Parts of a large picture, in which things are seen that are too small in a copy of the whole."""

from __future__ import annotations

from .box import Box

# Pixels of a part's sides: as large as faces and text are looked for in, so that a part is not made smaller.
_SIDE = 960
# What is smaller than this is whole in one part at least. What is larger is seen in the copy of the whole, too.
_OVERLAP = 192
# Up to this long side, parts would show hardly more than the whole.
_WHOLE = 1152
# Parts at most, 0.6 megapixels each with what they overlap: 5 x 4 are a photograph of 12 megapixels.
MOST = 24


def tiles(size: tuple[int, int]) -> list[Box]:
    """The parts of a picture of `size`, which overlap; none when it is small. They may be more than `MOST`."""
    width, height = size
    if max(size) <= _WHOLE:
        return []
    return [
        Box(left / width, top / height, min(_SIDE, width) / width, min(_SIDE, height) / height)
        for top in _starts(height)
        for left in _starts(width)
    ]


def _starts(side: int) -> list[int]:
    """Where the parts begin along one side, evenly."""
    last = max(0, side - _SIDE)
    steps = -(-last // (_SIDE - _OVERLAP))
    return [round(last * step / steps) for step in range(steps + 1)] if steps else [0]

"""Parts of a large picture, in which things are seen that are too small in a copy of the whole."""

from __future__ import annotations

from .box import Box

# Pixels of a part's sides at most: as large as faces and text are looked for in, so that a part is not made smaller.
_SIDE = 960
# What is smaller than this is whole in one part at least. What is larger is seen in the copy of the whole, too.
_OVERLAP = 192
# The models see pictures with sides that are multiples of this.
_MULTIPLE = 32
# Up to this long side, parts would show hardly more than the whole.
_WHOLE = 1152
# Parts at most, 0.6 megapixels each with what they overlap: 5 x 4 are a photograph of 12 megapixels.
MOST = 24


def tiles(size: tuple[int, int]) -> list[Box]:
    """The parts of a picture of `size`, which overlap; none when it is small. They may be more than `MOST`."""
    if max(size) <= _WHOLE:
        return []
    width, height = size
    across, down = _along(width), _along(height)
    return [
        Box(left / width, top / height, length / width, depth / height)
        for top, depth in down
        for left, length in across
    ]


def _along(side: int) -> list[tuple[int, int]]:
    """Where parts begin along one side, and their length: as few as can be, no longer than needed."""
    steps = -(-max(0, side - _SIDE) // (_SIDE - _OVERLAP))
    length = min(side, -(-(side + steps * _OVERLAP) // ((steps + 1) * _MULTIPLE)) * _MULTIPLE)
    return [(round((side - length) * step / steps) if steps else 0, length) for step in range(steps + 1)]

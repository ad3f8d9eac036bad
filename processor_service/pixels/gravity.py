"""Places a smaller box within a larger one."""

from __future__ import annotations

from typing import Literal

Direction = Literal["center", "north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest"]
Gravity = Literal[
    "center", "north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest", "smart"
]


def share(gravity: str) -> tuple[float, float]:
    """The share of the free space that is left of the box, and above it, 0 to 1 each."""
    x = 0.0 if gravity.endswith("west") else 1.0 if gravity.endswith("east") else 0.5
    y = 0.0 if gravity.startswith("north") else 1.0 if gravity.startswith("south") else 0.5
    return x, y


def offset(outer: tuple[int, int], inner: tuple[int, int], gravity: str) -> tuple[int, int]:
    """Left and top, in pixels, of a box of size `inner` in one of size `outer`; negative when `inner` is larger."""
    x, y = share(gravity)
    return round((outer[0] - inner[0]) * x), round((outer[1] - inner[1]) * y)

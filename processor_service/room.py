"""Asks whether this process would get more memory: libraries in C that got none often only say that they failed."""

from __future__ import annotations

import numpy as np


def is_room_for(size: int) -> bool:
    """Whether there are `size` bytes more, in one piece. Memory that is only asked for costs nothing."""
    try:
        np.empty(size, np.uint8)
    except MemoryError:
        return False
    return True

"""How a PDQ hash changes when its picture is turned or mirrored, and how far apart two hashes are.

Needs no pixels, so it also serves callers that only have hashes.
"""

from __future__ import annotations

UPRIGHT = "upright"
# The eight ways to turn and mirror a picture: whether rows and columns are swapped first, then the sign of the cosine
# coefficients along y and along x (mirroring negates the odd ones).
VARIANTS: dict[str, tuple[bool, bool, bool]] = {
    UPRIGHT: (False, False, False),
    "rotate_90": (True, False, True),
    "rotate_180": (False, True, True),
    "rotate_270": (True, True, False),
    "flip_horizontal": (False, False, True),
    "flip_vertical": (False, True, False),
    "transpose": (True, False, False),
    "transverse": (True, True, True),
}


def distance(one: str, other: str) -> int:
    """Number of bits, 0 to 256, in which two hashes (64 hex digits) differ; at most 31 means the same picture."""
    return (int(one, 16) ^ int(other, 16)).bit_count()

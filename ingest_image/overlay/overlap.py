"""Which part two copies share, and in words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from processor_service.hash_variants import UPRIGHT

from .features import Affine

# From this share on a picture is there as a whole: turning by a few degrees and trimming an edge cut off as much.
WHOLE = 0.93
# By quarters of a turn, clockwise, after mirroring if it is mirrored.
_TURNS = (UPRIGHT, "rotate_90", "rotate_180", "rotate_270")
_MIRRORED = ("flip_horizontal", "transverse", "flip_vertical", "transpose")
# Degrees from which on it is tilted; less may be an error of the map.
_TILTED = 1.5
# A center is to a side when it is this far from the middle, in sides.
_ASIDE = 0.04
# Of a part of a picture: from its left and from its top, in sides.
Center = tuple[float, float]
_MIDDLE: Center = (0.5, 0.5)


@dataclass(frozen=True)
class Overlap:
    """The part that a sample and a hit share, as shares (0 to 1) of the area of each, and its center in each (0 to 1).

    `turn` is how the sample has to be turned to lie like the hit, in quarters; `degrees`, clockwise, is what remains.
    """

    of_sample: float
    of_hit: float
    in_sample: Center = _MIDDLE
    in_hit: Center = _MIDDLE
    turn: str = UPRIGHT
    degrees: float = 0.0

    @property
    def words(self) -> str:
        """What was cropped, and how it is tilted; empty if both show the whole picture."""
        parts = [self._cropped()]
        if abs(self.degrees) >= _TILTED:
            side = "right" if self.degrees > 0 else "left"
            parts.append(f"tilted {side} by {abs(self.degrees):.0f} degrees")
        return ", ".join(filter(None, parts))

    def _cropped(self) -> str:
        if self.of_sample >= WHOLE and self.of_hit >= WHOLE:
            return ""
        if self.of_sample >= WHOLE:
            return f"the sample is a crop: {self.of_hit:.0%} of it, {_where(self.in_hit)}".replace("%", " %")
        if self.of_hit >= WHOLE:
            return f"cropped: {self.of_sample:.0%} of the sample, {_where(self.in_sample)}".replace("%", " %")
        return f"in part: {self.of_sample:.0%} of the sample, {self.of_hit:.0%} of it".replace("%", " %")

    def as_json(self) -> dict[str, Any]:
        """The numbers for programs, rounded."""
        return {
            "of_sample": round(self.of_sample, 2),
            "of_hit": round(self.of_hit, 2),
            "in_sample": [round(value, 2) for value in self.in_sample],
            "in_hit": [round(value, 2) for value in self.in_hit],
            "degrees": round(self.degrees, 1),
        }


def _where(center: tuple[float, float]) -> str:
    x, y = center[0] - 0.5, center[1] - 0.5
    row = "upper" if y < -_ASIDE else "lower" if y > _ASIDE else ""
    column = "left" if x < -_ASIDE else "right" if x > _ASIDE else ""
    if row and not column:
        return f"{row} part"
    return f"{row} {column}".strip() or "middle"


def overlap_of(affine: Affine, sample: tuple[int, int], hit: tuple[int, int]) -> Overlap:
    """The overlap of pictures of these sizes (width, height), where `affine` maps pixels of the sample to the hit's."""
    of_sample, in_sample, in_hit = _covered(affine, sample, hit)
    # The same area, measured in pixels of the hit.
    enlarged = abs(np.linalg.det(affine[:, :2])) * (sample[0] * sample[1]) / (hit[0] * hit[1])
    of_hit = min(1.0, of_sample * float(enlarged))
    (a, b), (c, d) = affine[:, :2]
    mirrored = a * d - b * c < 0
    if mirrored:
        # The sample is mirrored first.
        a, c = -a, -c
    angle = math.degrees(math.atan2(c - b, a + d)) % 360
    quarters = round(angle / 90)
    names = _MIRRORED if mirrored else _TURNS
    return Overlap(of_sample, of_hit, in_sample, in_hit, names[quarters % 4], angle - 90 * quarters)


def _covered(affine: Affine, inner: tuple[int, int], outer: tuple[int, int]) -> tuple[float, Center, Center]:
    """Share of `inner` that lies within `outer`, and the center of that part in each, by a grid of 64 x 64 places."""
    steps = (np.arange(64) + 0.5) / 64
    across, down = steps * inner[0], steps[:, None] * inner[1]
    x, y = ((a * across + b * down + c) / side for (a, b, c), side in zip(affine, outer, strict=True))
    within = (x >= 0) & (x <= 1) & (y >= 0) & (y <= 1)
    if not within.any():
        return 0.0, _MIDDLE, _MIDDLE
    rows, columns = np.nonzero(within)
    here = float(steps[columns].mean()), float(steps[rows].mean())
    return float(within.mean()), here, (float(x[within].mean()), float(y[within].mean()))

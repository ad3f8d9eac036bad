"""builtin: edges and colours. Needs no model. Finds copies and pictures of the same scene, but knows no meaning."""

from __future__ import annotations

import numpy as np
from PIL import Image

from ..color.oklab import to_oklab
from ..settings import Settings
from . import Embedder, Vector
from .edges import cells, edges, mirrored

_SIDE = 64
_EDGE_CELLS = 4
_LIGHT_CELLS = 6
_COLOR_CELLS = 2
# Steps of OKLab's a and b, and the value of the outermost step: few pictures have stronger colours.
_STEPS = 6
_STRONGEST = 0.18
# How much each part counts; chosen with benchmarks/likeness.py.
_PLACED, _EITHER_WAY, _COLORS, _LIGHT = 0.7, 1.0, 0.7, 0.5
# Where the colours are among the numbers. They change least when a picture is cropped.
COLORS = slice(192, 264)


class Builtin(Embedder):
    """Edge directions in 4x4 cells, plain and mirrored onto themselves; colours in 2 rows; where the picture is light.

    Edges are histograms of oriented gradients (N. Dalal, B. Triggs, "Histograms of Oriented Gradients for Human
    Detection", CVPR 2005), in few, soft cells and without block norm. Histograms are compared by the roots of their
    entries (Hellinger). 282 numbers: 128 placed edges; 64 edges, 72 colours and 18 lightnesses that a mirrored picture
    shares. Any two pictures have a cosine of about 0.8; alike begins at 0.85 (docs/likeness.md).
    """

    label = "builtin-v1"
    dims = 128 + 64 + 72 + 18

    @classmethod
    def check(cls, settings: Settings) -> None:
        """Nothing can be missing."""

    @classmethod
    def load(cls, settings: Settings) -> Builtin:
        return cls()

    def image(self, image: Image.Image) -> Vector:
        down = min(image.size) >= _SIDE
        small = image.resize((_SIDE, _SIDE), Image.Resampling.BOX if down else Image.Resampling.BICUBIC)
        lab = to_oklab(np.asarray(small)).astype(np.float32)
        placed = cells(edges(lab[..., 0]), _EDGE_CELLS)
        either_way = (placed + mirrored(placed))[:, :, : _EDGE_CELLS // 2]
        light = cells(lab[None, ..., 0], _LIGHT_CELLS)[0]
        light = (light + light[:, ::-1] - 2 * light.mean())[:, : _LIGHT_CELLS // 2]
        parts = (
            _PLACED * _unit(np.sqrt(placed)),
            _EITHER_WAY * _unit(np.sqrt(either_way)),
            _COLORS * _unit(_colors(lab[..., 1:])),
            _LIGHT * _unit(light),
        )
        return np.concatenate(parts)


def _colors(ab: Vector) -> Vector:
    """Roots of the shares of 6 x 6 steps of a and b, in the upper and the lower half: 2 x 36."""
    place = np.clip((ab / _STRONGEST + 1) / 2 * (_STEPS - 1), 0, _STEPS - 1 - 1e-4)
    low = place.astype(int)
    above = place - low
    half = np.arange(len(ab))[:, None] * _COLOR_CELLS // len(ab)
    column = np.arange(ab.shape[1])[None, :] * _COLOR_CELLS // ab.shape[1]
    size = _STEPS * _STEPS
    shares = np.zeros(_COLOR_CELLS * _COLOR_CELLS * size)
    # Each pixel counts for the four nearest steps, so that a slight change of colour changes little.
    for a in (0, 1):
        for b in (0, 1):
            weight = np.abs(1 - a - above[..., 0]) * np.abs(1 - b - above[..., 1])
            step = (low[..., 0] + a) * _STEPS + low[..., 1] + b
            at = (half * _COLOR_CELLS + column) * size + step
            shares += np.bincount(at.ravel(), weight.ravel(), shares.size)
    roots = np.sqrt(shares).reshape(_COLOR_CELLS, _COLOR_CELLS, size)
    both: Vector = (roots + roots[:, ::-1])[:, : _COLOR_CELLS // 2].astype(np.float32)
    return both


def _unit(part: Vector) -> Vector:
    flat = part.ravel()
    length = float(np.linalg.norm(flat))
    # When there is nothing (no edges at all), rounding errors must not be amplified.
    return flat / length if length > 1e-4 else np.zeros_like(flat)

"""A small grey copy of a picture, to be laid over others."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import pybase64
from numpy.typing import NDArray
from PIL import Image, ImageOps

from processor_service.decoding.limits import check_scans
from processor_service.decoding.pillow import prepare
from processor_service.pixels.reduced import over_white

from . import features
from .features import Features

# Bounds what Pillow reads of a PNG's texts.
prepare()

Gray = NDArray[np.uint8]

# Longest side in pixels, that of our thumbnails. It is enough for a corner of 70 % (docs/search-quality.md).
SIDE = 256
_TINY = 32
# What the service mostly stores, and nothing else, as a document may hold anything; a thumbnail is a JPEG. A JPEG is
# decoded at a smaller scale, so that more pixels cost no more memory.
_MOST_PIXELS = {"JPEG": 50_000_000, "PNG": 10_000_000, "WEBP": 10_000_000}
# Characters of base64: 30 MB.
_LONGEST = 40_000_000
# A thumbnail rarely has more than a third of this.
_LONGEST_KEPT = 60_000


@dataclass(frozen=True, eq=False)
class Layer:
    """Grey pixels, the longest side `SIDE`. What is computed from them is kept.

    `enlarged`: how many times it was smaller before, so that many pixels are as sharp as one.
    """

    gray: Gray
    enlarged: float = 1.0

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.gray.shape[1], self.gray.shape[0]

    @cached_property
    def features(self) -> Features | None:
        """Its points; None if it has hardly any, or without OpenCV."""
        return features.of(self.gray)

    @cached_property
    def mirrored_features(self) -> Features | None:
        """The points of the mirrored picture, at their places in this one."""
        found = features.of(np.ascontiguousarray(self.gray[:, ::-1]))
        return None if found is None else replace(found, places=found.places * (-1, 1) + (self.gray.shape[1], 0))

    @cached_property
    def tiny(self) -> NDArray[np.float32]:
        """32 x 32 pixels, squashed to a square, with mean 0 and length 1; all 0 for a blank picture."""
        image = Image.fromarray(self.gray).resize((_TINY, _TINY), Image.Resampling.BOX)
        pixels = np.asarray(image, np.float32)
        pixels = pixels - pixels.mean()
        length = float(np.linalg.norm(pixels))
        return pixels / length if length > 1 else np.zeros_like(pixels)


def layer_of(value: Any) -> Layer | None:
    """The layer of a picture in base64; None if it is not one, too large, broken, or not of a format that we store.

    Those of the last few hundred thumbnails are kept, with their points: pages of the gallery look at the same ones.
    """
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST:
        return None
    return _kept_layer(value) if len(value) <= _LONGEST_KEPT else _decoded(value)


def _decoded(base64: str) -> Layer | None:
    try:
        return layer_of_bytes(pybase64.b64decode(base64, validate=True))
    except ValueError:
        return None


# At most 100 MB: each has up to 150 kB, and its text.
_kept_layer = lru_cache(maxsize=400)(_decoded)


def layer_of_bytes(data: bytes) -> Layer | None:
    """The layer of a picture file; None as for `layer_of`.

    Bounded by the header, before a pixel is decoded. Changes no globals: pages of the gallery decode at the same time.
    """
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=tuple(_MOST_PIXELS))
        pixels, most = image.width * image.height, _MOST_PIXELS[image.format or ""]
        if pixels > most:
            return None
        if image.format == "JPEG":
            check_scans(data, pixels, most)
        # A JPEG is decoded at the nearest larger eighth.
        image.draft("L", (2 * SIDE, 2 * SIDE))
        image = ImageOps.exif_transpose(over_white(image))
        return Layer(np.asarray(_scaled(image.convert("L"))), max(1.0, SIDE / max(image.size)))
    except Exception:
        # Any exception: Pillow raises nearly anything on malformed files.
        return None


def _scaled(gray: Image.Image) -> Image.Image:
    """The picture with `SIDE` as its longest side: small ones are enlarged, so that all thresholds mean the same."""
    width, height = (max(8, round(length * SIDE / max(gray.size))) for length in gray.size)
    return gray.resize((width, height), Image.Resampling.LANCZOS)

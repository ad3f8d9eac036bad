"""perceptual_hash."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ...picture import Picture
from ...pixels.reduced import over_white, reduced
from .. import Feature
from .pdq import pdq

# Below, pictures without structure would all be near duplicates of each other: the threshold of PDQ's description.
_MEANINGFUL = 50
ALGORITHM = "pdq"


class PerceptualHash(Feature):
    """Hash (PDQ, 256 bit) that stays nearly the same when a picture is resized, recompressed or slightly changed."""

    produces: ClassVar[tuple[str, ...]] = ("perceptual_hash", "perceptual_hash_quality", "perceptual_hashes")
    only_first: ClassVar[tuple[str, ...]] = ("perceptual_hash",)

    def extract(self, picture: Picture) -> dict[str, Any]:
        """The hash of the upright picture, transparent parts over white."""
        value, quality = pdq(np.asarray(over_white(reduced(picture)).convert("L")))
        if quality < _MEANINGFUL:
            return {"perceptual_hash_quality": quality}
        return {
            "perceptual_hash": value,
            "perceptual_hash_quality": quality,
            "perceptual_hashes": {"algorithm": ALGORITHM, "hex": value, "bits": value},
        }

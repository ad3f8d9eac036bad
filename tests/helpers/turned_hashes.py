"""The exact hash of a picture in each turned and mirrored way, which search derives from the hash alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from processor_service.features.perceptual_hash.pdq import _COEFFICIENTS, _coefficients, _grid, _hex
from processor_service.hash_variants import VARIANTS


def pdq_variants(luma: NDArray[np.uint8]) -> dict[str, str]:
    """The hash of the picture in each of the eight turned and mirrored ways; turns are clockwise."""
    coefficients = _coefficients(_grid(luma))
    signs = np.where(np.arange(1, _COEFFICIENTS + 1) % 2, -1, 1).astype(np.float32)
    hashes = {}
    for name, (swapped, vertical, horizontal) in VARIANTS.items():
        turned = coefficients.T if swapped else coefficients
        if vertical:
            turned = turned * signs[:, None]
        if horizontal:
            turned = turned * signs[None, :]
        hashes[name] = _hex(turned)
    return hashes

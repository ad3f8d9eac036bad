"""colors."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field

from ...color.names import color_name
from ...color.oklab import to_rgb
from ...picture import Picture, has_alpha
from ...pixels.reduced import reduced
from ...pixels.scaling import shrunk
from .. import Feature
from .clusters import dominant

# Longest side in pixels: enough for shares to a percent.
_SIDE = 80


class Colors(Feature):
    """Dominant colours with their share, name and place in OKLab; transparent pixels do not count."""

    produces: ClassVar[tuple[str, ...]] = ("colors", "color_names")
    example: ClassVar[dict[str, Any]] = {"count": 5}

    count: int = Field(5, ge=1, le=16, description="how many colours at most")
    minimum_share: float = Field(0.02, ge=0, le=1, description="colours with a smaller share are left out")

    def extract(self, picture: Picture) -> dict[str, Any]:
        """Colours of a small copy, most frequent first; one at least, unless everything is transparent."""
        pixels = opaque_pixels(shrunk(reduced(picture), _SIDE))
        if not len(pixels):
            return {}
        centers, shares = dominant(pixels, self.count)
        colors = [
            _color(rgb, lab, share)
            for rank, (rgb, lab, share) in enumerate(zip(to_rgb(centers), centers, shares, strict=True))
            if rank == 0 or share >= self.minimum_share
        ]
        return {"colors": colors, "color_names": list(dict.fromkeys(color["name"] for color in colors))}


def opaque_pixels(image: Image.Image) -> NDArray[np.uint8]:
    """The pixels that are more opaque than not, n x 3."""
    if not has_alpha(image):
        return np.asarray(image if image.mode == "RGB" else image.convert("RGB")).reshape(-1, 3)
    rgba = np.asarray(image.convert("RGBA")).reshape(-1, 4)
    return rgba[rgba[:, 3] >= 128, :3]


def _color(rgb: NDArray[np.uint8], lab: NDArray[np.float64], share: float) -> dict[str, Any]:
    lightness, a, b = lab.tolist()
    return {
        "hex": f"#{rgb.tobytes().hex()}",
        "name": color_name(lightness, a, b),
        "share": round(float(share), 4),
        # In hundredths: numbers that people can read, and a float field keeps two decimals of them.
        "l": round(100 * lightness, 2),
        "a": round(100 * a, 2),
        "b": round(100 * b, 2),
    }

"""colors."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field

from ...color.names import color_name
from ...color.oklab import to_rgb
from ...fields import FLOAT, KEYWORD, NESTED, DocumentField
from ...picture import Picture, has_alpha
from ...pixels.reduced import reduced
from ...pixels.scaling import shrunk
from .. import Feature
from .clusters import dominant

# Longest side in pixels: gives shares to within a percent.
_SIDE = 80


class Colors(Feature):
    """Dominant colours with their share, name and position in OKLab; transparent pixels do not count."""

    fields: ClassVar[tuple[DocumentField, ...]] = (
        DocumentField("colors", "dominant colours, most frequent first", NESTED, many=True),
        DocumentField("colors.hex", "the colour, `#rrggbb`", KEYWORD),
        DocumentField("colors.name", "the nearest of 20 everyday colour names", KEYWORD),
        DocumentField("colors.share", "its share of the picture, 0 to 1", FLOAT),
        DocumentField("colors.l", "its lightness in OKLab, 0 to 100; 2 is a difference that can just be seen", FLOAT),
        DocumentField(
            "colors.a", "its place between green (-) and red (+) in OKLab, about -30 to 30, in the same unit", FLOAT
        ),
        DocumentField(
            "colors.b", "its place between blue (-) and yellow (+) in OKLab, about -30 to 20, in the same unit", FLOAT
        ),
        DocumentField("color_names", "names of the dominant colours, for word search and facets", KEYWORD, many=True),
    )
    example: ClassVar[dict[str, Any]] = {"count": 5}

    count: int = Field(5, ge=1, le=16, description="how many colours at most")
    minimum_share: float = Field(0.02, ge=0, le=1, description="colours with a smaller share are left out")

    def extract(self, picture: Picture) -> dict[str, Any]:
        """Colours of a small copy, most frequent first. At least one, unless everything is transparent."""
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
    """The pixels that are at least half opaque, n x 3."""
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
        # In hundredths: people can read the numbers, and a float field keeps two decimals of them.
        "l": round(100 * lightness, 2),
        "a": round(100 * a, 2),
        "b": round(100 * b, 2),
    }

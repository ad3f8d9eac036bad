"""statistics."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageStat

from ..fields import BOOLEAN, FLOAT, DocumentField
from ..picture import Picture, has_alpha
from ..pixels.reduced import luma, reduced
from . import Feature

# Pictures are usually called blurred when the variance of their Laplacian is below this.
_BLURRED = 100.0
# With less standard deviation (of 0 to 255) in every channel nothing can be seen: sensor and JPEG noise have less.
_UNIFORM = 2.55
# Luma, which is rounded, deviates by this much more than the channel with most at the most.
_ROUNDING = 0.5
_LEVELS = np.arange(256)


class Statistics(Feature):
    """Brightness, contrast, saturation and sharpness as numbers to sort and filter by; whether it is blank."""

    fields: ClassVar[tuple[DocumentField, ...]] = (
        DocumentField("brightness", "mean luma, 0 (black) to 1 (white)", FLOAT),
        DocumentField("contrast", "standard deviation of the luma, 0 to 0.5", FLOAT),
        DocumentField("saturation", "mean saturation, 0 (grey) to 1; dark parts count less", FLOAT),
        DocumentField(
            "sharpness",
            "0 (blurred) to 1 (sharp), below 0.5 usually blurred: v / (v + 100), v the variance of the Laplacian",
            FLOAT,
        ),
        DocumentField("blank", "whether everything is nearly one colour", BOOLEAN),
    )

    def extract(self, picture: Picture) -> dict[str, Any]:
        """Measured over the pixels that are at least half opaque; only `blank` when there are none."""
        small = reduced(picture)
        mask = _opaque(small)
        if mask is not None and mask.getbbox() is None:
            return {"blank": True}
        rgb = small.convert("RGB")
        over_white = luma(picture)
        brightness = ImageStat.Stat(over_white if mask is None else rgb.convert("L"), mask)
        contrast = brightness.stddev[0]
        return {
            "brightness": round(brightness.mean[0] / 255, 4),
            "contrast": round(contrast / 255, 4),
            "saturation": round(_saturation(rgb, mask), 4),
            "sharpness": round(_sharpness(np.asarray(over_white)), 4),
            "blank": contrast < _UNIFORM + _ROUNDING and _is_blank(small, rgb, mask),
        }


def _opaque(image: Image.Image) -> Image.Image | None:
    """A mask of the pixels that count; None when all do."""
    if not has_alpha(image):
        return None
    return image.getchannel("A").point([0] * 128 + [255] * 128)


def _saturation(rgb: Image.Image, mask: Image.Image | None) -> float:
    """Mean saturation (HSV, 0 grey to 1), each pixel weighted by its value: colours in dark noise do not count."""
    red, green, blue = rgb.split()
    highest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    lowest = ImageChops.darker(ImageChops.darker(red, green), blue)
    value = _sum(highest, mask)
    return (value - _sum(lowest, mask)) / value if value else 0.0


def _sum(image: Image.Image, mask: Image.Image | None) -> int:
    """The sum of an image of mode L. Pillow's ImageStat adds one level at a time."""
    return int(np.dot(image.histogram(mask), _LEVELS))


def _sharpness(luma: NDArray[np.uint8]) -> float:
    """v / (v + 100), v being the variance of the Laplacian of the luma: 0 blurred, 0.5 doubtful, 1 sharp.

    Source: J. L. Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy: a comparative study", ICPR 2000;
    the four-neighbour Laplacian, and the customary threshold of 100.
    """
    if min(luma.shape) < 3:
        return 0.0
    wide = luma.astype(np.int16)
    laplacian = wide[:-2, 1:-1] + wide[2:, 1:-1]
    laplacian += wide[1:-1, :-2]
    laplacian += wide[1:-1, 2:]
    laplacian -= 4 * wide[1:-1, 1:-1]
    variance = float(laplacian.astype(np.float32).var())
    return variance / (variance + _BLURRED)


def _is_blank(image: Image.Image, rgb: Image.Image, mask: Image.Image | None) -> bool:
    deviations = ImageStat.Stat(rgb, mask).stddev
    if has_alpha(image):
        # One colour, but a shape: a black sign on a transparent ground is not blank.
        deviations = [*deviations, *ImageStat.Stat(image.getchannel("A")).stddev]
    return max(deviations) < _UNIFORM

"""colors."""

from __future__ import annotations

from typing import Any, ClassVar

from PIL import Image
from pydantic import Field

from ..picture import Picture, has_alpha
from . import Feature
from .color_names import color_name


class Colors(Feature):
    """Dominant colours with their share and name; transparent pixels do not count."""

    produces: ClassVar[tuple[str, ...]] = ("colors", "color_names")
    example: ClassVar[dict[str, Any]] = {"count": 5}

    count: int = Field(5, ge=1, le=16, description="how many colours at most")
    minimum_share: float = Field(0.02, ge=0, le=1, description="colours with a smaller share are left out")

    def extract(self, picture: Picture) -> dict[str, Any]:
        """Colours of a 64-pixel copy: median cut refined by k-means."""
        small = picture.image.copy()
        small.thumbnail((64, 64), Image.Resampling.BOX)
        pixels = _opaque_pixels(small)
        if pixels is None:
            return {}
        quantized = pixels.quantize(self.count, Image.Quantize.MEDIANCUT, kmeans=2)
        palette = quantized.getpalette() or []
        total = quantized.width * quantized.height
        colors: list[dict[str, Any]] = []
        for count, index in sorted(quantized.getcolors() or [], reverse=True):
            share = count / total
            if colors and share < self.minimum_share:
                break
            red, green, blue = palette[index * 3 : index * 3 + 3]  # type: ignore[operator]
            colors.append(
                {
                    "hex": f"#{red:02x}{green:02x}{blue:02x}",
                    "name": color_name(red, green, blue),
                    "share": round(share, 4),
                }
            )
        return {"colors": colors, "color_names": list(dict.fromkeys(color["name"] for color in colors))}


def _opaque_pixels(image: Image.Image) -> Image.Image | None:
    """The pixels that are more opaque than not as one RGB row; None when there are none."""
    if not has_alpha(image):
        return image.convert("RGB")
    rgba = image.convert("RGBA").tobytes()
    opaque = b"".join(rgba[i : i + 3] for i in range(0, len(rgba), 4) if rgba[i + 3] >= 128)
    return Image.frombytes("RGB", (len(opaque) // 3, 1), opaque) if opaque else None

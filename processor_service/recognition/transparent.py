"""What lies under transparent pixels: nobody sees it, but it is stored, and any program can show it."""

from __future__ import annotations

from PIL import Image

from ..picture import has_alpha, is_transparent

# Below this alpha (of 255) a pixel's colour is seen by nobody, and not by a detector that looks at the picture.
_UNSEEN = 16


def emptied(image: Image.Image) -> Image.Image:
    """The picture (L, LA, RGB, RGBA) with black under what is as good as transparent; alpha stays."""
    if not has_alpha(image):
        return image
    alpha = image.getchannel("A")
    unseen = alpha.point([255 * (value < _UNSEEN) for value in range(256)])
    if unseen.getbbox() is None:
        return image
    empty = Image.new(image.mode, image.size)
    empty.putalpha(alpha)
    result = image.copy()
    result.paste(empty, mask=unseen)
    return result


def views(image: Image.Image) -> list[Image.Image]:
    """The picture, and its colours without their alpha where they may show more than people see."""
    return [image, image.convert("L" if image.mode == "LA" else "RGB")] if is_transparent(image) else [image]

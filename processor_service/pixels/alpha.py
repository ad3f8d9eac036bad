"""Ways to change colours next to transparency without dark fringes."""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image, ImageColor, ImageFilter

from ..parameters import rgba
from ..picture import has_alpha, has_grey, is_transparent


def on_color(image: Image.Image, change: Callable[[Image.Image], Image.Image]) -> Image.Image:
    """Apply `change` to the colours (an L or RGB image) only. Alpha stays."""
    if not has_alpha(image):
        return change(image)
    changed = change(image.convert(image.mode[:-1]))
    changed.putalpha(image.getchannel("A"))
    return changed


def on_premultiplied(image: Image.Image, change: Callable[[Image.Image], Image.Image]) -> Image.Image:
    """Apply `change`, which mixes neighbouring pixels, so that the hidden colours of transparent pixels do not show."""
    if not is_transparent(image):
        return on_color(image, change)
    mode = image.mode
    return change(image.convert(mode[:-1] + "a")).convert(mode)


def spread_colors(image: Image.Image, radius: float) -> Image.Image:
    """Give transparent pixels the colour of visible ones within about `radius` pixels. Alpha stays.

    For filters that compare a pixel with its neighbours, and must not see arbitrary colours.
    """
    if not is_transparent(image):
        return image
    near = on_premultiplied(image, lambda premultiplied: premultiplied.filter(ImageFilter.BoxBlur(max(1.0, radius))))
    alpha = image.getchannel("A")
    mode = image.mode[:-1]
    spread = Image.composite(image.convert(mode), near.convert(mode), alpha.point(lambda value: 255 if value else 0))
    spread.putalpha(alpha)
    return spread


def visible(image: Image.Image) -> Image.Image | None:
    """A mask (L) of the pixels that are not fully transparent, for statistics; None when all or none are."""
    if not is_transparent(image):
        return None
    mask = image.getchannel("A").point(lambda value: 255 if value else 0)
    return mask if mask.getbbox() else None


def canvas(size: tuple[int, int], color: str, image: Image.Image) -> Image.Image:
    """An image of one colour, in the smallest mode with room for that colour and for `image`."""
    red, green, blue, alpha = rgba(color)
    grey = has_grey(image) and red == green == blue
    if has_alpha(image) or alpha < 255:
        return Image.new("LA", size, (red, alpha)) if grey else Image.new("RGBA", size, (red, green, blue, alpha))
    return Image.new("L", size, red) if grey else Image.new("RGB", size, (red, green, blue))


def laid_over(below: Image.Image, above: Image.Image) -> Image.Image:
    """`above` (RGBA) laid over `below`, of the same size.

    The result has the mode of `below`, which must have room for the colours.
    """
    if has_alpha(below):
        result = below.convert("RGBA")
        result.alpha_composite(above)
        return result.convert(below.mode)
    below.paste(above.convert(below.mode), mask=above.getchannel("A"))
    return below


def flatten(image: Image.Image, background: str) -> Image.Image:
    """Lay a picture with alpha over an opaque colour."""
    if not has_alpha(image):
        return image
    red, green, blue = ImageColor.getrgb(background)[:3]
    mode = "L" if has_grey(image) and red == green == blue else "RGB"
    below = Image.new(mode, image.size, red if mode == "L" else (red, green, blue))
    below.paste(image.convert(mode), mask=image.getchannel("A"))
    return below

"""Reduces pictures to the 256 colours of a GIF."""

from __future__ import annotations

from collections.abc import Iterator

from PIL import Image, ImageChops

from ..picture import has_alpha, has_grey

_COLORS = 256
# The palette is made from a copy with at most this many pixels a side: counting colours takes most of the time.
_SAMPLE = 256


def paletted(image: Image.Image) -> Image.Image:
    """The image in mode P, or L for opaque grey; pixels less than half opaque become transparent.

    A picture with few colours keeps them exactly. Others are dithered (Floyd-Steinberg).
    """
    if not has_alpha(image):
        return image if has_grey(image) else _quantized(image, _COLORS)
    hidden = image.getchannel("A").point(lambda value: 255 if value < 128 else 0)
    # Hidden pixels must not take room in the palette: they get a visible pixel's colour.
    color = image.convert("RGB")
    color.paste(_visible_color(color, hidden), mask=hidden)
    result = _quantized(color, _COLORS - 1)
    result.paste(_COLORS - 1, mask=hidden)
    result.info["transparency"] = _COLORS - 1
    return result


def drawn_whole(first: Image.Image, *later: Image.Image) -> Iterator[Image.Image]:
    """The later frames of an animation, for Pillow to write after the first, each as large as the picture.

    It would leave out margins of the colour that stands for transparent pixels in the first frame's palette, also where
    they are opaque (Pillow 13.0.0). It cannot while that frame does not say which colour this is.
    """
    number = first.info.pop("transparency", None)
    yield from later
    if number is not None:
        first.info["transparency"] = number


def _quantized(color: Image.Image, colors: int) -> Image.Image:
    if color.getcolors(colors):
        return color.quantize(colors, Image.Quantize.MEDIANCUT)
    sample = color
    if max(color.size) > _SAMPLE:
        sample = color.copy()
        sample.thumbnail((_SAMPLE, _SAMPLE), Image.Resampling.BOX)
    palette = sample.quantize(colors, Image.Quantize.MEDIANCUT)
    return color.quantize(colors, palette=palette, dither=Image.Dither.FLOYDSTEINBERG)


def _visible_color(color: Image.Image, hidden: Image.Image) -> tuple[int, ...]:
    """The first visible pixel's colour; black when there is none."""
    box = ImageChops.invert(hidden).getbbox()
    if box is None:
        return 0, 0, 0
    left, top, right, _ = box
    row = hidden.crop((left, top, right, top + 1)).tobytes()
    pixel = color.getpixel((left + row.index(0), top))
    assert isinstance(pixel, tuple)
    return pixel

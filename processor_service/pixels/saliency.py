"""Finds the most salient window of a picture: where people look first.

On a copy of at most 96 pixels a side, each pixel's weight is the sum of
- how far its smoothed colour is from the picture's mean colour (R. Achanta et al., "Frequency-tuned salient region
  detection", CVPR 2009; here in YCbCr rather than Lab),
- edge energy (gradients): texture and detail, not sky and wall,
- skin tone where there is detail: Cb 77 to 127 and Cr 133 to 173 (D. Chai, K. Ngan, "Face segmentation using
  skin-color map", 1999), R above 95, G 40, B 20, R - G 15 (J. Kovac et al., "Human skin color clustering for face
  detection", 2003),
reduced a little towards the picture's rim. Weights below the mean count as zero, so that a large dull area does not
outweigh a small bright one. The window with the largest sum wins. Its inner half counts twice, so that nothing salient
is cut in two. Of equal windows the one nearest the middle wins. Sums come from an integral image, so every position is
tried.
"""

from __future__ import annotations

from functools import reduce
from itertools import accumulate

from PIL import Image, ImageChops, ImageFilter, ImageStat

from .alpha import flatten

_SIDE = 96
# Of colour, edges and skin.
_WEIGHTS = (0.3, 0.3, 1.0)
# How much less a weight counts in a corner than in the middle.
_RIM = 0.35


def salient_offset(image: Image.Image, width: float, height: float) -> tuple[int, int]:
    """Left and top, in pixels, of the most salient window of `width` x `height` pixels within the image."""
    free_x, free_y = image.width - width, image.height - height
    if free_x <= 0 and free_y <= 0:
        return 0, 0
    weights = salience(image)
    across, down = weights.size
    window_x = max(1, min(across, round(across * width / image.width)))
    window_y = max(1, min(down, round(down * height / image.height)))
    x, y = _best_window(weights, window_x, window_y)
    # The window's place among all possible ones, so that a window at the rim of the copy is at the rim of the picture.
    left = free_x * x / (across - window_x) if across > window_x else free_x / 2
    top = free_y * y / (down - window_y) if down > window_y else free_y / 2
    return max(0, round(left)), max(0, round(top))


def salience(image: Image.Image) -> Image.Image:
    """The weights (mode L) of a small copy of the image."""
    ratio = min(1.0, _SIDE / max(image.size))
    size = max(1, round(image.width * ratio)), max(1, round(image.height * ratio))
    small = flatten(image.resize(size, Image.Resampling.BOX, reducing_gap=2.0), "#808080")
    luma, blue, red = small.convert("RGB").convert("YCbCr").split()
    # Filters take RGB. They treat all channels alike.
    ycc = Image.merge("RGB", (luma, blue, red))
    edges = ImageChops.lighter(
        ImageChops.difference(luma, ImageChops.offset(luma, 1, 0)),
        ImageChops.difference(luma, ImageChops.offset(luma, 0, 1)),
    )
    # offset() wraps around, so the first column and row compare opposite rims.
    edges.paste(0, (0, 0, 1, size[1]))
    edges.paste(0, (0, 0, size[0], 1))
    edges = edges.filter(ImageFilter.GaussianBlur(1)).point(lambda value: value * 3)
    # A face has edges, a beige wall has none.
    detail = edges.filter(ImageFilter.GaussianBlur(4)).point(lambda value: value * 2)
    skin = ImageChops.multiply(_skin(small.convert("RGB"), blue, red).filter(ImageFilter.GaussianBlur(2)), detail)
    return _towards_middle(_weighted((_contrast(ycc), edges, skin)))


def _skin(rgb: Image.Image, chroma_blue: Image.Image, chroma_red: Image.Image) -> Image.Image:
    red, green, blue = rgb.split()
    return reduce(
        ImageChops.multiply,
        (
            _within(chroma_blue, 77, 127),
            _within(chroma_red, 133, 173),
            _within(red, 96, 255),
            _within(green, 41, 255),
            _within(blue, 21, 255),
            _within(ImageChops.subtract(red, green), 16, 255),
        ),
    )


def _within(channel: Image.Image, low: int, high: int) -> Image.Image:
    return channel.point(lambda value: 255 if low <= value <= high else 0)


def _contrast(ycc: Image.Image) -> Image.Image:
    """Distance of each smoothed pixel from the mean colour; chroma counts twice, as it varies less than luma."""
    mean = tuple(round(value) for value in ImageStat.Stat(ycc).mean)
    luma, blue, red = ImageChops.difference(
        ycc.filter(ImageFilter.GaussianBlur(1.5)), Image.new("RGB", ycc.size, mean)
    ).split()
    return ImageChops.add(luma, ImageChops.add(blue, red).point(lambda value: value * 2))


def _weighted(parts: tuple[Image.Image, ...]) -> Image.Image:
    total = Image.new("L", parts[0].size)
    for part, weight in zip(parts, _WEIGHTS, strict=True):
        total = ImageChops.add(total, part.point(lambda value, weight=weight: value * weight))
    mean = ImageStat.Stat(total).mean[0]
    return total.point(lambda value: value - mean)


def _towards_middle(weights: Image.Image) -> Image.Image:
    # radial_gradient is 0 in the middle and 255 at a corner.
    middle = Image.radial_gradient("L").resize(weights.size).point(lambda value: 255 - value * _RIM)
    return ImageChops.multiply(weights, middle)


def _best_window(weights: Image.Image, width: int, height: int) -> tuple[int, int]:
    across, down = weights.size
    values = weights.tobytes()
    # table[y][x] is the sum of all weights above y and left of x.
    table = [[0] * (across + 1)]
    for y in range(down):
        row = accumulate(values[y * across : (y + 1) * across], initial=0)
        table.append([above + here for above, here in zip(table[-1], row, strict=True)])

    def score(x: int, y: int, width: int, height: int) -> int:
        upper, lower = table[y], table[y + height]
        return lower[x + width] - lower[x] - upper[x + width] + upper[x]

    inner_x, inner_y = width // 4, height // 4
    middle_x, middle_y = (across - width) / 2, (down - height) / 2
    best = max(
        (
            score(x, y, width, height) + score(x + inner_x, y + inner_y, width - 2 * inner_x, height - 2 * inner_y),
            -abs(x - middle_x) - abs(y - middle_y),
            x,
            y,
        )
        for y in range(down - height + 1)
        for x in range(across - width + 1)
    )
    return best[2], best[3]

"""Different photographs of a folder, and copies of them as people make them: cropped, resized, recompressed, written over."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFont, ImageOps

from processor_service.decoding.decode import decode
from processor_service.errors import ImageError
from processor_service.features.perceptual_hash.pdq import pdq
from processor_service.hash_variants import distance
from processor_service.pixels.orientation import upright
from processor_service.pixels.reduced import over_white
from processor_service.settings import Settings
from tests.helpers.pictures import encoded

SHORTEST = 200
# Different pictures differ in about 128 of 256 bits; copies and versions of one, as test suites have them, in fewer than this.
DIFFERENT = 80


def photographs(folder: Path) -> dict[str, Image.Image]:
    """Every picture in the folder that looks like a photograph, one of each, then ninths of the large ones.

    A ninth is a picture of its own, but has the colours of its neighbours: harder to tell apart than photographs of different things.
    Upright, RGB, at most 1024 pixels a side.
    """
    found: dict[str, Image.Image] = {}
    hashes: list[str] = []
    whole = list(_decoded(folder))
    for name, image in whole + [tile for one in whole for tile in _ninths(*one)]:
        if min(image.size) < SHORTEST or not _like_a_photograph(image):
            continue
        image.thumbnail((1024, 1024))
        value, quality = pdq(np.asarray(image.convert("L")))
        if quality >= 50 and all(distance(value, other) > DIFFERENT for other in hashes):
            hashes.append(value)
            found[name] = image
    return found


def _decoded(folder: Path) -> Iterator[tuple[str, Image.Image]]:
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            picture = decode(path.read_bytes(), Settings(max_pixels=30_000_000))
        except ImageError:
            continue
        yield str(path.relative_to(folder)), over_white(upright(picture.image, picture.orientation)).convert("RGB")


def _ninths(name: str, image: Image.Image) -> Iterator[tuple[str, Image.Image]]:
    width, height = image.width // 3, image.height // 3
    for row in range(3):
        for column in range(3):
            box = (column * width, row * height, (column + 1) * width, (row + 1) * height)
            yield f"{name} ({row}, {column})", image.crop(box)


def _like_a_photograph(image: Image.Image) -> bool:
    """Drawings and test patterns have few shades, or large areas of one."""
    shades = image.convert("L").histogram()
    total = image.width * image.height
    return sum(count > total / 5000 for count in shades) > 100 and max(shades) < total * 0.3


def _crop(image: Image.Image, share: float) -> Image.Image:
    """The middle, `share` of each side."""
    width, height = image.width * share, image.height * share
    left, top = (image.width - width) / 2, (image.height - height) / 2
    return image.crop((round(left), round(top), round(left + width), round(top + height)))


def _corner(image: Image.Image, share: float, right: bool, lower: bool) -> Image.Image:
    """A corner with `share` of each side."""
    width, height = round(image.width * share), round(image.height * share)
    left, top = (image.width - width) * right, (image.height - height) * lower
    return image.crop((left, top, left + width, top + height))


def _turned(image: Image.Image) -> Image.Image:
    """By five degrees; the corners are black, as a scanner leaves them."""
    return image.rotate(5, Image.Resampling.BICUBIC)


def _text(image: Image.Image) -> Image.Image:
    copy = image.copy()
    size = max(16, image.height // 8)
    ImageDraw.Draw(copy).text(
        (image.width * 0.05, image.height * 0.4),
        "BREAKING NEWS TODAY",
        "white",
        ImageFont.load_default(size),
        stroke_width=size // 16,
        stroke_fill="black",
    )
    return copy


def _watermark(image: Image.Image) -> Image.Image:
    """Repeated half-transparent words all over."""
    layer = Image.new("RGBA", image.size, (255, 255, 255, 0))
    draw, font = ImageDraw.Draw(layer), ImageFont.load_default(max(14, image.height // 14))
    for row in range(5):
        for column in range(3):
            draw.text((image.width * column / 3, image.height * row / 5), "(c) example", (255, 255, 255, 120), font)
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")


def _jpeg(image: Image.Image, quality: int) -> Image.Image:
    return Image.open(io.BytesIO(encoded(image, "JPEG", quality=quality))).convert("RGB")


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "crop 80 %": lambda image: _crop(image, 0.8),
    "resize to 25 %": lambda image: image.resize((image.width // 4, image.height // 4), Image.Resampling.BICUBIC),
    "JPEG q30": lambda image: _jpeg(image, 30),
    "40 % brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.4),
    "40 % darker": lambda image: ImageEnhance.Brightness(image).enhance(0.6),
    "5 degrees": _turned,
    "text over": _text,
    "watermark": _watermark,
    "mirrored": ImageOps.mirror,
    "grey": lambda image: image.convert("L").convert("RGB"),
}

# What is left of a picture when more of it is cut off.
PARTS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "corner of 80 %": lambda image: _corner(image, 0.8, right=True, lower=True),
    "corner of 70 %": lambda image: _corner(image, 0.7, right=False, lower=False),
    "crop 70 %": lambda image: _crop(image, 0.7),
    "crop 50 %": lambda image: _crop(image, 0.5),
}

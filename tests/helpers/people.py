"""Pictures of people, of public domain, and the same person in a changed picture."""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from tests.helpers.pictures import opened, picture

PEOPLE = {"collins": "skimage/astronaut.png", "hopper": "pillow/hopper.jpg", "obama": "face-recognition/obama.jpg"}
# No two of these are the same picture to a hash: turned, mirrored, cut out, darker, smaller.
CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "a quarter turn": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "upside down": lambda image: image.rotate(180),
    "by 25 degrees": lambda image: image.rotate(25, Image.Resampling.BICUBIC, expand=True, fillcolor="gray"),
    "mirrored": ImageOps.mirror,
    "darker": lambda image: ImageEnhance.Brightness(image).enhance(0.5),
    "grey": lambda image: image.convert("L"),
    "smaller": lambda image: image.resize((image.width * 2 // 3, image.height * 2 // 3), Image.Resampling.LANCZOS),
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(1)),
    "in a corner of another": lambda image: _in_a_corner(image),
}


def person(name: str) -> Image.Image:
    """The portrait."""
    return opened(picture(PEOPLE[name])).convert("RGB")


def together(*images: Image.Image) -> Image.Image:
    """Pictures beside each other."""
    row = Image.new("RGB", (sum(image.width for image in images), max(image.height for image in images)), "gray")
    left = 0
    for image in images:
        row.paste(image, (left, 0))
        left += image.width
    return row


def _in_a_corner(image: Image.Image) -> Image.Image:
    ground = opened(picture("skimage/coins.png")).convert("RGB").resize((image.width * 2, image.height * 2))
    ground.paste(image, (image.width, image.height))
    return ground

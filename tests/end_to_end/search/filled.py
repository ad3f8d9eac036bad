"""The pictures that these tests search."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PIL import Image, ImageDraw

from tests.helpers.pictures import encoded, opened, picture
from tests.helpers.searchable_picture import postcard

INDEX = "images-search"
# Ids of the copies of "flower", and of those that a hash does not know any more, but pixels do.
COPIES = {"flower-copy", "flower-small", "flower-poor", "flower-text", "album"}
CHANGED = {"flower-mirrored", "flower-cropped", "flower-turned"}
Ask = Callable[..., list[str]]


def flower() -> Image.Image:
    return opened(picture("pillow/flower.jpg")).convert("RGB")


def jpeg(image: Image.Image, quality: int = 90, **options: Any) -> bytes:
    return encoded(image.convert("RGB"), "JPEG", quality=quality, **options)


def texted() -> Image.Image:
    image = flower()
    ImageDraw.Draw(image).text((20, 20), "FOR SALE", fill="white", font_size=40)
    return image


def pictures() -> dict[str, tuple[str, bytes]]:
    """Id to title and bytes: a flower and its copies, three other pictures, a postcard, something blank."""
    image = flower()
    return {
        "flower": ("A flower in the garden", picture("pillow/flower.jpg")),
        "flower-copy": ("The same file", picture("pillow/flower.jpg")),
        "flower-small": ("Resized to a quarter", jpeg(image.resize((image.width // 4, image.height // 4)))),
        "flower-poor": ("Recompressed", jpeg(image, 30)),
        "flower-text": ("With a text over it", jpeg(texted())),
        "flower-turned": ("Turned right", jpeg(image.transpose(Image.Transpose.ROTATE_270))),
        "flower-mirrored": ("Mirrored", jpeg(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT))),
        "flower-cropped": ("The middle of it", jpeg(image.crop((120, 90, 360, 270)))),
        "cat": ("Chelsea the cat", picture("skimage/chelsea.png")),
        "astronaut": ("Astronaut Eileen Collins", picture("skimage/astronaut.png")),
        "coins": ("Greek coins", picture("skimage/coins.png")),
        "postcard": ("Greetings", postcard()),
        "blank": ("Nothing to see", encoded(Image.new("RGB", (300, 300), "navy"))),
        "blank-too": ("Nothing here either", encoded(Image.new("RGB", (300, 200), "maroon"))),
    }

"""Photographs made from one in the repository: different ones of one size, or that one at any size.

Each of the different ones is another part of it, mirrored and turned on its side for some, as cameras store it. No two have the same bytes, so
that no cache and no compression across documents gains from them what it would not gain from users' pictures.
"""

from __future__ import annotations

import io
import random

from PIL import Image, ImageOps

from tests.helpers.paths import PICTURES

PHOTO = PICTURES / "exif-orientation" / "Landscape_1.jpg"
SIZE = (1800, 1200)
# Of EXIF: upright, and turned as phones turn.
ORIENTATIONS = (1, 6, 1, 8)


def photographs(count: int) -> list[bytes]:
    """`count` JPEGs of 2.2 megapixels, about 350 kB each; the same ones every time."""
    chance = random.Random(5)
    with Image.open(PHOTO) as file:
        scene = file.convert("RGB")
    return [_part(scene, chance, ORIENTATIONS[i % len(ORIENTATIONS)]) for i in range(count)]


def scaled(size: tuple[int, int], alpha: bool = False) -> bytes:
    """The photograph at that size in pixels, as JPEG q90, or as PNG with a soft round hole."""
    image = Image.open(PHOTO).convert("RGB").resize(size, Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    if alpha:
        image.putalpha(Image.radial_gradient("L").resize(size))
        image.save(buffer, "PNG", compress_level=1)
    else:
        image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def _part(scene: Image.Image, chance: random.Random, orientation: int) -> bytes:
    share = chance.uniform(0.8, 1.0)
    width, height = int(scene.width * share), int(scene.height * share)
    left, top = chance.randint(0, scene.width - width), chance.randint(0, scene.height - height)
    part = scene.resize(SIZE, Image.Resampling.BICUBIC, box=(left, top, left + width, top + height))
    if chance.random() < 0.5:
        part = ImageOps.mirror(part)
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    part.save(buffer, "JPEG", quality=chance.randint(84, 90), exif=exif)
    return buffer.getvalue()

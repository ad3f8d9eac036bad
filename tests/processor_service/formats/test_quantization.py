from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from processor_service.formats.jpeg_tables import is_coarser, tables_of
from processor_service.pipeline import process
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers.pictures import b64, encoded, opened, picture

UPRIGHT = [
    {"auto_orient": {}},
    {"resize": {"width": 2048, "height": 2048}},
    {"convert": {"format": "jpeg", "quality": 85}},
]


def stored(data: bytes, operations: list[Any]) -> bytes:
    body = {"data": b64(data), "operations": operations, "properties": []}
    return base64.b64decode(process(Request.parse(body), Settings(), Stopwatch())["data"])


def error(one: Image.Image, other: Image.Image) -> float:
    """Mean squared error."""
    pixels = [np.asarray(image.convert("RGB"), float) for image in (one, other)]
    return float(((pixels[0] - pixels[1]) ** 2).mean())


# Blocks that were turned by a quarter, or are cut otherwise, are not met exactly.
@pytest.mark.parametrize(("number", "of_that"), [(1, 0.5), (4, 0.5), (6, 1.1), (8, 1.3)])
def test_a_jpeg_that_is_only_turned_does_not_grow_and_comes_truer(number: int, of_that: float) -> None:
    data = picture(f"exif-orientation/Landscape_{number}.jpg")
    ours = stored(data, UPRIGHT)
    before = ImageOps.exif_transpose(opened(data))
    finer = encoded(before, "JPEG", quality=85)
    assert len(ours) < 1.05 * len(data) < 0.8 * len(finer)
    assert error(opened(ours), before) < of_that * error(opened(finer), before)
    # And once more changes next to nothing.
    assert error(opened(stored(ours, UPRIGHT)), opened(ours)) < 0.5


def test_the_quality_asked_for_is_the_finest() -> None:
    photo = opened(picture("exif-orientation/Landscape_1.jpg")).resize((300, 200))
    for came, expected in ((95, 85), (85, 85), (60, 60), (30, 30)):
        data = encoded(photo, "JPEG", quality=came)
        assert tables_of(opened(stored(data, UPRIGHT))) == tables_of(opened(encoded(photo, "JPEG", quality=expected)))


@pytest.mark.parametrize(
    "operation",
    [{"resize": {"width": 150}}, {"sharpen": {}}, {"watermark": {"text": "x"}}, {"crop": {"aspect_ratio": "1:1"}}],
)
def test_other_pixels_are_stored_in_the_quality_asked_for(operation: dict[str, Any]) -> None:
    photo = opened(picture("exif-orientation/Landscape_1.jpg")).resize((300, 200))
    data = encoded(photo, "JPEG", quality=40)
    ours = stored(data, [operation, {"convert": {"format": "jpeg", "quality": 85}}])
    assert tables_of(opened(ours)) == tables_of(opened(encoded(photo, "JPEG", quality=85)))


def test_grey_ones_too_and_max_bytes_holds() -> None:
    grey = opened(picture("exif-orientation/Landscape_1.jpg")).convert("L").resize((600, 400))
    data = encoded(grey, "JPEG", quality=50)
    assert tables_of(opened(stored(data, UPRIGHT))) == tables_of(opened(data))
    small = stored(data, [{"convert": {"format": "jpeg", "max_bytes": len(data) // 2}}])
    assert len(small) <= len(data) // 2


def test_what_has_no_tables_of_use() -> None:
    assert tables_of(Image.new("RGB", (8, 8))) == ()
    assert tables_of(opened(encoded(Image.new("CMYK", (8, 8)), "JPEG"))) == ()
    assert not is_coarser((), 1)

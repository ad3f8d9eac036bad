"""What a format has no room for is told as such, and what it has room for is stored."""

from __future__ import annotations

from typing import Any

import pytest
from PIL import Image

from processor_service.errors import Code, ImageError
from processor_service.pipeline import process
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers.pictures import b64, encoded

SETTINGS = Settings(max_dimension=100_000)


def stored(data: bytes, format: str) -> dict[str, Any]:
    operations = [{"animation": {"frames": "keep"}}, {"convert": {"format": format}}]
    return process(Request.parse({"data": b64(data), "operations": operations}), SETTINGS, Stopwatch())


@pytest.mark.parametrize(
    ("format", "most"), [("jpeg", 65_500), ("webp", 16_383), ("gif", 65_535), ("avif", 65_535), ("png", 100_000)]
)
@pytest.mark.parametrize("frames", [1, 2])
def test_the_longest_side_of_a_format_is_stored_and_no_longer_one(format: str, most: int, frames: int) -> None:
    for side in (most, most + 1):
        pages = [Image.new("RGB", (side, 1), color) for color in ("red", "blue")[:frames]]
        data = encoded(pages[0], "PNG", save_all=True, append_images=pages[1:])
        if side == most:
            assert (stored(data, format)["width"], stored(data, format)["format"]) == (side, format)
            continue
        with pytest.raises(ImageError) as refusal:
            stored(data, format)
        assert refusal.value.code is Code.DIMENSION_TOO_LARGE
        assert format == "png" or f"{format} has room for {most} a side" in refusal.value.reason

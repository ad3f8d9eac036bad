from __future__ import annotations

import gc
import json
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageChops

from processor_service.decoding.fast_jpeg import decode_jpeg
from processor_service.pixels import scaling
from processor_service.pixels.scaling import scale, shrunk, within
from tests.helpers.kinds import SETTINGS
from tests.helpers.pictures import difference, opened, picture

PHOTOGRAPH = "exif-orientation/Landscape_1.jpg"
ENLARGED, REDUCED = (1900, 1300), (333, 222)


def photograph(mode: str) -> Image.Image:
    image = opened(picture(PHOTOGRAPH)).convert("RGB")
    image.putalpha(Image.radial_gradient("L").resize(image.size))
    return image.convert(mode)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize(
    "job",
    [lambda image: scale(image, REDUCED), lambda image: scale(image, ENLARGED), lambda image: shrunk(image, 400)],
    ids=["smaller", "larger", "shrunk"],
)
def test_pillow_scales_alike_where_the_scaler_is_missing(
    mode: str, job: Callable[[Image.Image], Image.Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    image = photograph(mode)
    assert scaling.SCALER == "cykooz.resizer"
    ours = job(image)
    monkeypatch.setattr(scaling, "SCALER", "Pillow")
    pillows = job(image)
    assert (ours.mode, ours.size) == (pillows.mode, pillows.size) == (mode, ours.size)
    # Their weights are rounded otherwise; Pillow's triangle has a box before it.
    assert difference(ours, pillows) < 1


@pytest.mark.parametrize("job", [lambda image: scale(image, (60, 40)), lambda image: shrunk(image, 60)])
@pytest.mark.parametrize(("mode", "color"), [("L", 255), ("LA", (200, 255)), ("RGB", (255, 102, 0))])
def test_one_colour_stays_that_colour(
    job: Callable[[Image.Image], Image.Image], mode: str, color: int | tuple[int, ...]
) -> None:
    assert job(Image.new(mode, (300, 200), color)).getcolors() == [(60 * 40, color)]


def test_the_colour_of_transparent_pixels_does_not_show() -> None:
    image = Image.new("RGBA", (200, 200), (0, 0, 0, 0))
    image.paste((255, 255, 255, 255), (0, 0, 101, 200))
    for scaled in (scale(image, (77, 77)), shrunk(image, 77)):
        seen = np.asarray(scaled)[np.asarray(scaled)[..., 3] > 8]
        assert seen[..., :3].min() > 240


@pytest.mark.parametrize(
    ("size", "expected"), [((600, 400), (256, 171)), ((400, 600), (171, 256)), ((9000, 3), (256, 1)), ((9, 5), (9, 5))]
)
def test_within(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert within(size, 256) == expected


def test_pixels_of_a_jpeg_outlive_the_decoder_and_are_not_shared() -> None:
    data = picture(PHOTOGRAPH)
    images = [decode_jpeg(data, None, SETTINGS) for _ in range(8)]
    gc.collect()
    expected = opened(data).convert("RGB")
    for image in images:
        assert image is not None
        assert image.mode == "RGB"
        assert difference(image, expected) < 1
    first, second, *_ = images
    assert first is not None
    assert second is not None
    first.paste("red", (0, 0, *first.size))
    assert ImageChops.difference(first, second).getbbox() is not None
    assert difference(second, expected) < 1


def test_too_little_memory_is_an_error_not_the_end_of_the_process() -> None:
    script = """
import resource
from PIL import Image
from processor_service.pixels.scaling import scale
image = Image.new("RGBA", (6000, 2000))
ends = []
for megabytes in range(100, 500, 20):
    resource.setrlimit(resource.RLIMIT_DATA, (megabytes << 20, resource.RLIM_INFINITY))
    try:
        ends.append(scale(image, (5500, 1900)).size == (5500, 1900))
    except MemoryError:
        ends.append(False)
print(ends)
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    ends = json.loads(run.stdout.lower())
    assert not ends[0]
    assert ends[-1]

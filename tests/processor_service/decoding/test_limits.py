"""Limits, header first: each with its own code, and a bomb costs no more than a small picture."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest
from PIL import Image

from processor_service.decoding.decode import decode
from processor_service.errors import Code, ImageError
from processor_service.settings import Settings
from tests.helpers.kinds import SETTINGS, decoded, refused
from tests.helpers.paths import ROOT
from tests.helpers.pictures import encoded, picture
from tests.processor_service.decoding.bombs import DEFUSED, REFUSED, jpeg, jpeg_of_many_scans, small_pictures


def seconds(data: bytes) -> float:
    """Best of several, processor time: what it costs, not what else the machine does."""
    best = float("inf")
    for _ in range(7):
        started = time.process_time()
        try:
            decode(data, SETTINGS)
        except ImageError:
            pass
        best = min(best, time.process_time() - started)
    return best


@pytest.fixture(scope="module")
def small() -> float:
    """Seconds for the small picture of 64 x 64 pixels that takes longest."""
    return max(map(seconds, small_pictures()))


@pytest.mark.parametrize("name", REFUSED)
def test_a_bomb_is_refused_with_its_code_at_the_cost_of_a_small_picture(name: str, small: float) -> None:
    data, code = REFUSED[name]
    assert refused(data)[0] is code
    assert seconds(data) < 5 * small


@pytest.mark.parametrize("name", DEFUSED)
def test_a_bomb_in_the_metadata_costs_little_and_harms_nothing(name: str, small: float) -> None:
    result = decoded(DEFUSED[name])
    assert result.image.size == (8, 8)
    assert result.icc_profile is None
    assert seconds(DEFUSED[name]) < 20 * small


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_a_photograph_of_72_megapixels_is_taken_where_the_recipe_makes_it_small(options: dict[str, bool]) -> None:
    data = encoded(Image.radial_gradient("L").resize((9800, 7400)).convert("RGB"), "JPEG", **options)
    small = decode(data, SETTINGS, lambda width, height, _: (width // 8, height // 8))
    assert (small.source.width, small.source.height, small.image.size) == (9800, 7400, (1225, 925))
    # At three quarters it still has 41 megapixels.
    assert decode(data, SETTINGS, lambda w, h, _: (w * 3 // 4, h * 3 // 4)).image.size == (7350, 5550)
    code, reason = refused(data)
    assert code is Code.TOO_MANY_PIXELS
    assert "IMAGE_MAX_JPEG_PIXELS" in reason
    assert refused(data, Settings(max_jpeg_pixels=70_000_000), target=lambda *_: (100, 75))[0] is code


def test_so_is_one_that_the_fast_decoder_does_not_know() -> None:
    data = encoded(Image.new("CMYK", (9800, 7400), (0, 255, 255, 0)), "JPEG")
    assert decode(data, SETTINGS, lambda *_: (980, 740)).image.size == (980, 740)


def test_160_bytes_that_claim_100_megapixels() -> None:
    data, _ = REFUSED["jpeg 2000"]
    assert len(data) == 160
    code, reason = refused(data)
    assert code is Code.TOO_MANY_PIXELS
    assert "100000000 pixels" in reason
    assert seconds(data) < 0.05


def test_bombs_take_no_memory() -> None:
    """In a process of its own, since a peak never goes down."""
    script = """
import json, resource
from processor_service.decoding.decode import decode
from processor_service.errors import ImageError
from tests.processor_service.decoding.bombs import DEFUSED, REFUSED, small_pictures
from tests.helpers.kinds import SETTINGS
def peak(pictures):
    for data in pictures:
        try:
            decode(data, SETTINGS)
        except ImageError:
            pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
before = peak(small_pictures())
print(json.dumps([before, peak([*(data for data, _ in REFUSED.values()), *DEFUSED.values()])]))
"""
    output = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    before, after = json.loads(output)
    assert after - before < 24, f"{before} MB before, {after} MB after"


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP", "AVIF", "JPEG2000", "PPM", "ICO"])
def test_the_last_pixel_that_is_allowed(format: str) -> None:
    data = encoded(Image.new("RGB", (60, 40)), format, **({"sizes": [(60, 40)]} if format == "ICO" else {}))
    assert decode(data, Settings(max_pixels=2400, max_dimension=60)).image.size == (60, 40)
    code, reason = refused(data, Settings(max_pixels=2399))
    assert (code, "IMAGE_MAX_PIXELS" in reason) == (Code.TOO_MANY_PIXELS, True)
    code, reason = refused(data, Settings(max_dimension=59))
    assert (code, "IMAGE_MAX_DIMENSION" in reason) == (Code.DIMENSION_TOO_LARGE, True)


def test_the_default_is_50_megapixels() -> None:
    assert SETTINGS.max_pixels == 50_000_000
    # A camera's 48 megapixels pass, and are read straight to the size that is asked for.
    photograph = encoded(Image.new("L", (8000, 6000)), "JPEG")
    assert decode(photograph, SETTINGS, lambda *_: (500, 375)).image.size == (500, 375)


def test_a_progressive_photograph_of_many_scans_is_no_bomb() -> None:
    assert decoded(encoded(Image.new("RGB", (4000, 3000)), "JPEG", progressive=True)).image.size == (4000, 3000)
    assert decoded(jpeg_of_many_scans(20)).image.size == (1600, 1200)


def test_a_small_jpeg_that_claims_as_much_as_is_allowed() -> None:
    """Within all limits, but 600 bytes cannot hold 49 megapixels: grey would be stored as if it were the picture."""
    data = jpeg(7000, 7000)
    assert refused(data)[0] is Code.TRUNCATED_IMAGE
    assert seconds(data) < 0.05
    # The emptiest picture there is has bytes enough.
    for progressive in (False, True):
        empty = encoded(Image.new("L", (4000, 4000)), "JPEG", quality=1, optimize=True, progressive=progressive)
        assert decoded(empty).image.size == (4000, 4000)


def test_what_is_inside_an_icon_counts() -> None:
    """The directory says 16 x 16, the picture inside is 40 x 40."""
    inner = encoded(Image.new("RGBA", (40, 40)), "PNG")
    whole = encoded(Image.new("RGBA", (40, 40)), "ICO", sizes=[(40, 40)])
    at = whole.index(bytes([40, 40]))
    lying = whole[:at] + bytes([16, 16]) + whole[at + 2 :]
    assert inner[:4] == b"\x89PNG"
    assert refused(lying, Settings(max_pixels=1599))[0] is Code.TOO_MANY_PIXELS
    assert refused(lying, Settings(max_dimension=39))[0] is Code.DIMENSION_TOO_LARGE


def test_pillows_own_bomb() -> None:
    assert refused(picture("pillow/decompression_bomb.gif"))[0] is Code.TOO_MANY_PIXELS

"""What is stored has a profile of its own colour space, or none."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from PIL import Image

from processor_service.color.profiles import is_sound_profile
from processor_service.pipeline import process
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers.kinds import decoded
from tests.helpers.odd_profiles import FORMATS, SPACES, files, grey_profile, ramp
from tests.helpers.pictures import assert_alike, b64, encoded, opened

FILES = dict(files())
KEEP: dict[str, Any] = {"strip_metadata": {"keep": ["icc"]}}


def stored(data: bytes, *operations: Any) -> bytes:
    request = Request.parse({"data": b64(data), "operations": list(operations)})
    return base64.b64decode(process(request, Settings(), Stopwatch())["data"])


def assert_fits(data: bytes, name: str) -> None:
    image = opened(data)
    profile = image.info.get("icc_profile")
    if profile:
        assert profile[16:20] == SPACES[image.mode], (name, image.mode, profile[16:20])


def in_srgb(data: bytes) -> Image.Image:
    return opened(stored(data, {"convert": {"format": "png"}})).convert("RGB")


@pytest.mark.parametrize("name", FILES)
def test_a_kept_profile_fits_and_the_colours_stay(name: str) -> None:
    as_it_is = stored(FILES[name], KEEP)
    assert_fits(as_it_is, name)
    assert_alike(in_srgb(as_it_is), in_srgb(FILES[name]), 3, "profiles-that-fit")


@pytest.mark.parametrize("format", ["jpeg", "png", "webp", "avif"])
@pytest.mark.parametrize("name", [name for name in FILES if name.startswith(("PNG", "JPEG, L"))])
def test_it_fits_in_every_format(name: str, format: str) -> None:
    converted = stored(FILES[name], {"convert": {"format": format, "quality": 95}}, KEEP)
    assert_fits(converted, name)
    assert_alike(in_srgb(converted), in_srgb(FILES[name]), 3, "profiles-that-fit")


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF"])
def test_a_grey_profile_of_a_grey_picture_is_kept(format: str) -> None:
    assert is_sound_profile(grey_profile())
    assert opened(stored(FILES[f"{format}, L, grey"], KEEP)).info["icc_profile"][16:20] == b"GRAY"


@pytest.mark.parametrize("keep", [[], ["icc"]])
def test_a_jpeg_is_not_encoded_again_for_a_profile_that_says_nothing(keep: list[str]) -> None:
    data = stored(FILES["JPEG, RGB, inks"], {"strip_metadata": {"keep": keep}})
    bare = stored(encoded(ramp("RGB"), "JPEG", **FORMATS["JPEG"]), {"strip_metadata": {}})
    assert data == bare
    assert decoded(data).icc_profile is None


@pytest.mark.parametrize(("mode", "profile"), [("L", "grey"), ("RGB", "P3"), ("CMYK", "inks")])
def test_a_jpeg_2000_looks_like_a_tiff_with_its_profile(mode: str, profile: str) -> None:
    expected = in_srgb(FILES[f"TIFF, {mode}, {profile}"])
    assert_alike(in_srgb(FILES[f"JPEG 2000, {mode}, {profile}"]), expected, 0, "jpeg-2000-profile")
    assert expected.tobytes() != ramp(mode).convert("RGB").tobytes()

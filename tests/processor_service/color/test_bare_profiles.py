"""Colour profiles that are kept: the same colours, and nothing that tells of a person, a device or a place."""

from __future__ import annotations

import base64
import io
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from processor_service.color.bare_profile import bare_profile
from processor_service.decoding.adobe_rgb import adobe_rgb_profile
from processor_service.metadata.cut import cut_refused
from processor_service.pipeline import process
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers.named_profiles import named, profile_of, table_profile, tags_of
from tests.helpers.pictures import b64, encoded, opened, picture
from tests.helpers.secrets_in_files import NAME, TRACES

DISPLAY_P3 = opened(picture("libavif/apple_gainmap_old.jpg")).info["icc_profile"]
INTENTS = list(ImageCms.Intent)
PROFILES: dict[str, Callable[[], bytes]] = {
    "Display P3": lambda: bytes(DISPLAY_P3),
    "Adobe RGB": adobe_rgb_profile,
    "sRGB": lambda: ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    "tables of 8 bits": lambda: table_profile(b"mft1"),
    "tables of 16 bits": lambda: table_profile(b"mft2"),
    "stages": lambda: table_profile(b"mAB "),
    "inks": lambda: table_profile(b"mft2", b"CMYK"),
}


def samples(mode: str) -> Image.Image:
    values = np.random.default_rng(3).integers(0, 256, (40, 50, len(mode)), np.uint8)
    return Image.fromarray(values, mode)


def converted(profile: bytes, intent: ImageCms.Intent, *, back: bool = False) -> bytes:
    space = {b"RGB ": "RGB", b"CMYK": "CMYK"}[profile[16:20]]
    own, srgb = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
    compensated = ImageCms.Flags.BLACKPOINTCOMPENSATION
    if back:
        source, transform = "RGB", ImageCms.buildTransform(srgb, own, "RGB", space, intent, compensated)
    else:
        source, transform = space, ImageCms.buildTransform(own, srgb, space, "RGB", intent, compensated)
    shown = ImageCms.applyTransform(samples(source), transform)
    assert shown
    return bytes(shown.tobytes())


@pytest.mark.parametrize("intent", INTENTS)
@pytest.mark.parametrize("name", PROFILES)
def test_a_bare_profile_has_the_same_colours(name: str, intent: ImageCms.Intent) -> None:
    profile = PROFILES[name]()
    bare = bare_profile(profile)
    assert bare
    assert converted(bare, intent) == converted(profile, intent)
    if b"B2A0" in tags_of(profile) or b"rTRC" in tags_of(profile):
        assert converted(bare, intent, back=True) == converted(profile, intent, back=True)


@pytest.mark.parametrize("name", PROFILES)
def test_nothing_of_what_a_profile_says_beside_its_colours_is_left(name: str) -> None:
    profile = named(PROFILES[name]())
    assert profile.count(NAME) >= 8
    bare = bare_profile(profile)
    assert not [trace for trace in TRACES if trace in bare]
    assert bare == bare_profile(PROFILES[name]())
    assert bare_profile(bare) == bare
    # Manufacturer, model, creator and digest of the header.
    assert bare[4:8] + bare[48:56] + bare[80:100] == bytes(32)


@pytest.mark.parametrize("name", PROFILES)
def test_a_bare_profile_has_the_tags_that_each_must_have(name: str) -> None:
    bare = bare_profile(PROFILES[name]())
    tags = tags_of(bare)
    assert {b"desc", b"cprt", b"wtpt"} <= tags.keys()
    assert int.from_bytes(bare[:4]) == len(bare)
    assert all(start % 4 == 0 for start, _ in tags.values())
    assert ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(bare))).strip() == "Colour profile"


@pytest.mark.parametrize("end", [0, 40, 128, 131, 200, 400])
def test_what_is_no_profile_is_left_out(end: int) -> None:
    assert bare_profile(DISPLAY_P3[:end]) == b""


@pytest.mark.parametrize(
    ("tag", "content"),
    [
        (b"D2B0", b"mpet" + bytes(40)),
        (b"rTRC", b"what" + bytes(40)),
        (b"rTRC", b"curv" + bytes(4) + b"\x7f\xff\xff\xff"),
        (b"rTRC", b"para" + bytes(4) + b"\0\x09\0\0"),
        (b"A2B0", b"mft2" + bytes(4) + b"\xff\xff\xff\0" + bytes(48)),
        (b"A2B0", b"mft1" + bytes(4) + b"\x0f\x03\xff\0" + bytes(48)),
        (b"A2B0", b"mAB " + bytes(4) + b"\3\3\0\0" + struct.pack(">5I", 1, 2, 3, 4, 5)),
        (b"A2B0", b"mAB " + bytes(4) + b"\xff\xff\0\0" + struct.pack(">5I", *[2**32 - 1] * 5)),
    ],
)
def test_what_a_profile_needs_and_nobody_knows_is_no_bare_profile(tag: bytes, content: bytes) -> None:
    profile = profile_of(DISPLAY_P3, {tag: content})
    assert bare_profile(profile) == b""


def test_tags_that_all_claim_the_same_large_piece_are_no_profile() -> None:
    names = [b"A2B0", b"A2B1", b"A2B2", b"B2A0", b"B2A1", b"B2A2"]
    count, size = len(names), 2_000_000
    table = b"".join(name + struct.pack(">II", 300 + number, size - 1000) for number, name in enumerate(names))
    profile = struct.pack(">I", size) + DISPLAY_P3[4:128] + struct.pack(">I", count) + table
    assert bare_profile(profile.ljust(size, b"\0")) == b""
    assert bare_profile(DISPLAY_P3.ljust(5_000_000, b"\0")) == b""


def stored(data: bytes, operations: list[Any]) -> Image.Image:
    fields = process(Request.parse({"data": b64(data), "operations": operations}), Settings(), Stopwatch())
    kept = base64.b64decode(fields["data"])
    assert not [trace for trace in TRACES if trace in kept]
    return opened(kept)


KEEPING: dict[str, list[Any]] = {
    "cut": [],
    "encoded again": [{"blur": {"radius": 1}}, {"strip_metadata": {"keep": ["icc"]}}],
}


@pytest.mark.parametrize("way", KEEPING)
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_a_picture_is_stored_with_a_bare_profile(format: str, way: str) -> None:
    data = encoded(samples("RGB"), format, icc_profile=named(DISPLAY_P3))
    kept = stored(data, KEEPING[way]).info["icc_profile"]
    assert bare_profile(kept)[128:] == bare_profile(DISPLAY_P3)[128:]
    assert converted(kept, ImageCms.Intent.PERCEPTUAL) == converted(DISPLAY_P3, ImageCms.Intent.PERCEPTUAL)


@pytest.mark.parametrize("way", KEEPING)
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_a_picture_whose_profile_is_of_an_unknown_kind_is_stored_in_srgb(format: str, way: str) -> None:
    odd = profile_of(DISPLAY_P3, {b"D2B3": b"mpet" + bytes(20) + NAME})
    result = stored(encoded(samples("RGB"), format, icc_profile=odd), KEEPING[way])
    assert "icc_profile" not in result.info


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_refused_picture_has_a_bare_profile(format: str) -> None:
    cut = cut_refused(encoded(samples("RGB"), format, icc_profile=named(DISPLAY_P3)))
    assert cut is not None
    assert NAME not in cut
    assert bare_profile(opened(cut).info["icc_profile"])[128:] == bare_profile(DISPLAY_P3)[128:]

"""Camera JPEGs in Adobe RGB, which say so in their EXIF alone."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import pyvips
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms

from processor_service.color.bare_profile import bare_profile
from processor_service.decoding.adobe_rgb import adobe_rgb_profile, is_adobe_rgb
from processor_service.pipeline import process
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers.kinds import decoded
from tests.helpers.pictures import assert_alike, b64, encoded, opened

# Colours of sRGB, so that nothing is clipped on the way back.
COLORS = [(200, 60, 60), (60, 160, 80), (70, 90, 200), (220, 200, 90), (128, 128, 128), (250, 250, 250), (30, 20, 25)]
INTEROPERABILITY, COLOR_SPACE = 0xA005, 0xA001


def exif(color_space: int | None, index: str | None) -> bytes:
    block = Image.Exif()
    directory = block.get_ifd(ExifTags.IFD.Exif)
    directory[0x9003] = "2019:05:06 07:08:09"
    if color_space is not None:
        directory[COLOR_SPACE] = color_space
    if index is not None:
        directory[INTEROPERABILITY] = {1: index}
    return block.tobytes()


def patches(colors: Any) -> Image.Image:
    image = Image.fromarray(np.asarray(colors, np.uint8)[None])
    return image.resize((16 * len(colors), 16), Image.Resampling.NEAREST)


def srgb_to_adobe(colors: Any) -> NDArray[np.uint8]:
    """By the matrices that are published for D65 (IEC 61966-2-1; Adobe RGB (1998), 4.3.6), without any profile."""
    values = np.asarray(colors) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    to_adobe = np.array([[2.04159, -0.56501, -0.34473], [-0.96924, 1.87597, 0.04156], [0.01344, -0.11836, 1.01517]])
    adobe: NDArray[np.float64] = (linear @ to_xyz.T @ to_adobe.T).clip(0, 1) ** (256 / 563)
    return (adobe * 255).round().astype(np.uint8)


def camera(color_space: int | None = 0xFFFF, index: str | None = "R03", format: str = "JPEG", **options: Any) -> bytes:
    quality = {"quality": 100, "subsampling": 0} if format == "JPEG" else {}
    return encoded(patches(srgb_to_adobe(COLORS)), format, exif=exif(color_space, index), **quality, **options)


def processed(data: bytes, *operations: Any, **body: Any) -> dict[str, Any]:
    request = Request.parse({"data": b64(data), "operations": list(operations), **body})
    return process(request, Settings(), Stopwatch())


@pytest.mark.parametrize(
    ("color_space", "index", "adobe"),
    [
        (0xFFFF, "R03", True),
        (2, None, True),
        (2, "R98", True),
        (None, "R03", True),
        (1, "R03", False),
        (1, "R98", False),
        (0xFFFF, None, False),
        (0xFFFF, "R98", False),
        (None, None, False),
    ],
)
def test_what_exif_says_of_the_colours(color_space: int | None, index: str | None, adobe: bool) -> None:
    assert is_adobe_rgb(exif(color_space, index)) is adobe
    assert (decoded(camera(color_space, index)).icc_profile is not None) is adobe


@pytest.mark.parametrize(
    "operations",
    [
        ["strip_metadata"],
        [{"convert": {"format": "png"}}],
        [{"resize": {"width": 112}}, {"convert": {"format": "png"}}],
    ],
    ids=["as it is", "png", "scaled"],
)
def test_stored_colours_are_those_that_were_seen(operations: list[Any]) -> None:
    stored = opened(processed(camera(), *operations)["data"])
    assert "icc_profile" not in stored.info
    assert_alike(stored.convert("RGB"), patches(COLORS).resize(stored.size), 2.0, "adobe-rgb")
    # Without the profile they would be far off.
    assert np.abs(srgb_to_adobe(COLORS).astype(int) - np.asarray(COLORS)).max() > 20


def test_a_kept_profile_is_written_where_there_was_none() -> None:
    stored = opened(processed(camera(), {"strip_metadata": {"keep": ["icc"]}})["data"])
    assert stored.info["icc_profile"] == bare_profile(adobe_rgb_profile())
    assert_alike(stored.convert("RGB"), patches(srgb_to_adobe(COLORS)), 1.5, "adobe-rgb-kept")


def test_fields_tell_the_colours_that_are_seen() -> None:
    data = encoded(patches(srgb_to_adobe([(60, 160, 80)])), "JPEG", quality=100, exif=exif(0xFFFF, "R03"))
    (color,) = processed(data, properties=["colors"])["colors"]
    assert [*bytes.fromhex(color["hex"][1:])] == pytest.approx([60, 160, 80], abs=2)


def test_an_embedded_profile_counts_more_than_what_exif_says() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert decoded(camera(icc_profile=srgb)).icc_profile is None


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF"])
def test_other_formats_are_no_camera_files(format: str) -> None:
    assert decoded(camera(format=format)).icc_profile is None


def test_libvips_reads_the_profile_as_we_do() -> None:
    pixels = srgb_to_adobe([(r, g, b) for r in range(0, 256, 51) for g in range(0, 256, 51) for b in range(0, 256, 51)])
    tagged = encoded(patches(pixels), "PNG", icc_profile=adobe_rgb_profile())
    theirs = pyvips.Image.new_from_buffer(tagged, "").icc_transform(
        "srgb", intent="relative", black_point_compensation=True
    )
    ours = processed(tagged, {"convert": {"format": "png"}})
    theirs_as_png = Image.open(io.BytesIO(theirs.write_to_buffer(".png", keep="none")))
    assert_alike(opened(ours["data"]).convert("RGB"), theirs_as_png.convert("RGB"), 1.0, "adobe-rgb-libvips")

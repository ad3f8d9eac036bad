"""Large PNGs and photographs: the same pixels and chunks as Pillow's, as small, by an encoder of our own."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from processor_service.encoding import fast_png
from processor_service.encoding.encode import encode_image
from processor_service.encoding.fast_png import encode_png
from processor_service.picture import Output
from tests.helpers.paths import ROOT
from tests.helpers.pictures import encoded, opened, picture
from tests.helpers.png_reference import decode_png, read_chunks

MODES = ("L", "LA", "RGB", "RGBA")


def photograph(mode: str, size: tuple[int, int] = (1000, 700)) -> Image.Image:
    image = opened(picture("exif-orientation/Landscape_1.jpg")).convert("RGB").resize(size)
    if "A" in mode:
        image.putalpha(Image.radial_gradient("L").resize(size))
    return image.convert(mode)


def noise(mode: str, size: tuple[int, int]) -> Image.Image:
    shape = (size[1], size[0], len(mode)) if len(mode) > 1 else size[::-1]
    return Image.fromarray(np.random.default_rng(1).integers(0, 256, shape, np.uint8), mode)


def chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    return [(name, body) for name, body in read_chunks(data) if name != b"IDAT"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [(1, 1), (5, 3), (3, 5), (300, 200), (70_000, 2)])
def test_noise_comes_back(mode: str, size: tuple[int, int]) -> None:
    """Also in strips of one line, which are longer than a strip."""
    image = noise(mode, size)
    data = encode_png(image)
    assert data is not None
    assert np.array_equal(np.asarray(opened(data)), np.asarray(image))
    assert np.array_equal(decode_png(data), np.asarray(image.convert("RGBA")))


@pytest.mark.parametrize("mode", MODES)
def test_photographs_come_back_and_are_as_small_as_pillows(mode: str) -> None:
    image = photograph(mode)
    data, usual = encode_png(image), encoded(image, "PNG", compress_level=1)
    assert data is not None and data != usual
    assert np.array_equal(decode_png(data), np.asarray(image.convert("RGBA")))
    assert len(data) <= 1.01 * len(usual)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_screenshot_is_nearly_as_small_as_pillows(mode: str) -> None:
    with Image.open(ROOT / "docs" / "gallery.png") as file:
        image = file.convert(mode)
    data = encode_png(image)
    assert data is not None
    assert len(data) <= 1.03 * len(encoded(image, "PNG", compress_level=1))


def test_profile_and_exif_are_stored_as_pillow_stores_them() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x0112] = 6
    extra: dict[str, Any] = {"icc_profile": profile, "exif": exif.tobytes()}
    image = photograph("RGB", (40, 30))
    data = encode_png(image, **extra)
    assert data is not None
    assert chunks(data) == chunks(encoded(image, "PNG", compress_level=1, **extra))
    read = Image.open(io.BytesIO(data))
    assert read.info["icc_profile"] == profile and read.getexif()[0x0112] == 6


def drawing(mode: str, size: tuple[int, int]) -> Image.Image:
    return photograph(mode, size).quantize(200).convert(mode)


# Made when a test runs: each worker reads this file, and one of them runs it.
@pytest.mark.parametrize(
    ("make", "mode", "size", "fast"),
    [
        (photograph, "RGB", (1000, 700), True),
        (drawing, "RGB", (1000, 700), True),
        (photograph, "RGB", (500, 400), True),
        (photograph, "RGBA", (500, 400), True),
        (drawing, "RGB", (500, 400), False),
        (photograph, "L", (500, 400), False),
        (photograph, "RGB", (256, 256), False),
    ],
)
def test_large_pictures_and_photographs_take_this_way(
    make: Callable[[str, tuple[int, int]], Image.Image],
    mode: str,
    size: tuple[int, int],
    fast: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    image = make(mode, size)

    def stored() -> bytes:
        return encode_image(image, "png", Output(), transparent="A" in image.mode)[0]

    data = stored()
    # Without ISA-L, Pillow encodes.
    monkeypatch.setattr(fast_png, "HAS_ISAL", False)
    usual = stored()
    assert (data != usual) is fast
    assert np.array_equal(np.asarray(opened(data)), np.asarray(opened(usual)))

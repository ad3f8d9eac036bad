"""More than 8 bits, floats, palettes, odd alpha: every mode that Pillow has becomes what one expects to see."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from processor_service.decoding.modes import WORKING_MODES, to_working_mode
from processor_service.decoding.sample_layout import SampleLayout
from processor_service.errors import Code
from tests.helpers.kinds import decoded, furthest, refused, rgba
from tests.helpers.pictures import assert_alike, encoded, opened, picture

RAMP = np.arange(0, 65536, 257, dtype=np.uint16).reshape(16, 16)
RAMP_8 = np.arange(256, dtype=np.uint8).reshape(16, 16)


def tiff(values: NDArray[Any], **tags: int) -> bytes:
    """A TIFF written by hand, in the byte order of the values, since Pillow does not write every kind."""
    big = values.dtype.byteorder == ">"
    order = ">" if big else "<"
    kind = {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
    height, width = values.shape
    entries = {
        256: width,
        257: height,
        258: values.dtype.itemsize * 8,
        259: 1,
        262: 1,
        273: 8,
        277: 1,
        278: height,
        279: values.nbytes,
        339: kind,
    } | {int(tag[1:]): value for tag, value in tags.items()}
    pixels = values.tobytes()
    directory = struct.pack(order + "H", len(entries))
    for tag, value in sorted(entries.items()):
        # SHORT values stand at the left of their four bytes.
        directory += struct.pack(
            order + ("HHIHH" if value < 65536 else "HHII"),
            tag,
            3 if value < 65536 else 4,
            1,
            *([value, 0] if value < 65536 else [value]),
        )
    return (b"MM\0*" if big else b"II*\0") + struct.pack(order + "I", 8 + len(pixels)) + pixels + directory + bytes(4)


def grey(source: str | bytes) -> NDArray[np.int64]:
    image = decoded(source).image
    assert image.mode == "L"
    return np.asarray(image).astype(np.int64)


@pytest.mark.parametrize("order", ["<", ">"])
def test_16_bits_of_a_tiff_in_both_byte_orders(order: str) -> None:
    assert (grey(tiff(RAMP.astype(order + "u2"))) == RAMP_8).all()


@pytest.mark.parametrize("order", ["<", ">"])
def test_white_is_zero(order: str) -> None:
    assert (grey(tiff(RAMP.astype(order + "u2"), t262=0)) == 255 - RAMP_8).all()


@pytest.mark.parametrize("mode", ["I;16", "I;16L", "I;16B", "I;16N"])
def test_every_byte_order_in_memory(mode: str) -> None:
    values = RAMP.astype(">u2" if mode == "I;16B" else "<u2")
    image = Image.frombytes(mode, (16, 16), values.tobytes())
    pixels, _ = to_working_mode(image, SampleLayout(white=65535))
    assert (np.asarray(pixels) == RAMP_8).all()


@pytest.mark.parametrize("format", ["PNG", "TIFF", "JPEG2000", "PPM"])
def test_16_bit_grey_is_neither_black_nor_clipped(format: str) -> None:
    image = Image.fromarray(RAMP).convert("I") if format == "PPM" else Image.fromarray(RAMP)
    assert np.abs(grey(encoded(image, format)) - RAMP_8).max() <= 1


def test_a_dark_16_bit_picture_of_a_known_range_stays_dark() -> None:
    dark = np.full((16, 16), 200, np.uint16)
    for format in ("PNG", "PPM"):
        image = Image.fromarray(dark).convert("I") if format == "PPM" else Image.fromarray(dark)
        assert grey(encoded(image, format)).max() == 1


@pytest.mark.parametrize(
    ("highest", "white"), [(200, 255), (1000, 1023), (4095, 4095), (4096, 16383), (16383, 16383), (16384, 65535)]
)
def test_a_tiff_whose_upper_bits_are_unused_is_not_black(highest: int, white: int) -> None:
    values = np.linspace(0, highest, 256).astype("<u2").reshape(16, 16)
    assert np.abs(grey(tiff(values)) - values.astype(np.int64) * 255 / white).max() <= 1


def test_16_bit_grey_agrees_with_its_twin_in_colour() -> None:
    assert_alike(
        decoded("golang-image/video-001-gray-16bit.tiff").image,
        opened(picture("golang-image/video-001.png")).convert("L"),
        3,
        "gray-16bit",
    )


def test_16_bit_rgb_agrees_with_its_twin_of_8_bits() -> None:
    assert (
        furthest(decoded("golang-image/video-001-16bit.tiff").image, opened(picture("golang-image/video-001.png"))) <= 1
    )


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.linspace(0, 1, 256, dtype="<f4"), np.linspace(0, 255, 256)),
        (np.linspace(0, 255, 256, dtype="<f4"), np.linspace(0, 255, 256)),
        (np.linspace(0, 65535, 256, dtype="<f4"), np.linspace(0, 255, 256)),
        (np.linspace(-5, 5, 256, dtype="<f4"), np.linspace(0, 255, 256)),
        (np.linspace(0, 1.5, 256, dtype="<f4"), np.linspace(0, 255, 256)),
        (np.full(256, 0.5, dtype="<f4"), np.full(256, 128)),
        (np.full(256, 7.5, dtype="<f4"), np.zeros(256)),
        (
            np.where(np.arange(256) < 9, np.nan, np.linspace(0, 1, 256)).astype("<f4"),
            np.where(np.arange(256) < 9, 0, np.linspace(0, 255, 256)),
        ),
        (
            np.where(np.arange(256) > 249, np.inf, np.linspace(0, 1, 256)).astype("<f4"),
            np.where(np.arange(256) > 249, 255, np.linspace(0, 255, 256) * 255 / 249),
        ),
        (np.full(256, np.nan, dtype="<f4"), np.zeros(256)),
        (np.linspace(0, 255, 256).astype("<i4"), np.linspace(0, 255, 256)),
        (np.linspace(0, 65535, 256).astype("<i4"), np.linspace(0, 255, 256)),
        (np.linspace(-1000, 1000, 256).astype("<i4"), np.linspace(0, 255, 256)),
        (np.linspace(0, 2**30, 256).astype("<i4"), np.linspace(0, 255, 256)),
        (np.linspace(0, 32767, 256).astype("<i2"), np.linspace(0, 255, 256)),
    ],
)
def test_floats_and_wide_integers(values: NDArray[Any], expected: NDArray[np.float64]) -> None:
    # Where the brightest number is not quite the range's end, the ramp may be as much steeper.
    assert (
        np.abs(grey(tiff(values.reshape(16, 16))) - expected.reshape(16, 16)).max()
        <= 1 + 255 * (np.isinf(values).any()) * 0.03
    )


@pytest.mark.parametrize(("depth", "kind"), [(16, ">u2"), (32, ">f4")])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_psd_of_more_than_8_bits_is_not_called_broken(depth: int, kind: str, channels: int) -> None:
    header = struct.pack(">4sH6x HIIHH", b"8BPS", 1, channels, 16, 16, depth, channels)
    code, reason = refused(header + bytes(14) + np.ones((channels, 16, 16), kind).tobytes())
    assert code is Code.UNSUPPORTED_FORMAT
    assert f"a PSD of {depth} bits a channel is not decoded" in reason


def test_16_bit_grey_with_alpha_stays_grey_and_transparent() -> None:
    image = decoded("sharp/16-bit-grey-alpha.png").image
    assert image.mode == "LA"
    assert furthest(image, opened(picture("sharp/16-bit-grey-alpha.png"))) == 0


COLORS = [(255, 0, 0, 255), (0, 128, 0, 255), (0, 0, 255, 128), (255, 255, 255, 0)]


@pytest.mark.parametrize("format", ["PNG", "GIF", "WEBP", "TIFF"])
@pytest.mark.parametrize("transparency", [2, bytes([255, 255, 0, 255])])
def test_palettes_with_transparency(format: str, transparency: int | bytes) -> None:
    image = Image.new("P", (4, 1))
    image.putpalette([255, 0, 0, 0, 128, 0, 0, 0, 255, 255, 255, 255])
    image.putdata([0, 1, 2, 3])
    if format == "TIFF":
        image.info["transparency"] = transparency
        data = encoded(image.convert("RGBA"), format)
    elif format == "WEBP":
        image.info["transparency"] = transparency
        data = encoded(image.convert("RGBA"), format, lossless=True)
    else:
        data = encoded(image, format, transparency=transparency if format == "PNG" else 2)
    expected = [[255, 0, 0, 255], [0, 128, 0, 255], [0, 0, 0, 0], [255, 255, 255, 255]]
    assert rgba(decoded(data).image)[0].tolist() == expected


def test_modes_in_memory() -> None:
    """What no file that Pillow opens has, but a plugin may hand over."""
    straight = Image.new("RGBA", (4, 1))
    straight.putdata(COLORS)
    for mode in ("RGBa", "PA", "La", "LA", "RGBX", "YCbCr", "HSV", "CMYK", "1", "P", "LAB"):
        if mode == "PA":
            image = straight.convert("PA")
        elif mode == "La":
            image = straight.convert("LA").convert("La")
        else:
            image = straight.convert("RGB").convert(mode) if mode in ("YCbCr", "HSV", "LAB") else straight.convert(mode)
        pixels, profile = to_working_mode(image, SampleLayout())
        assert pixels.mode in WORKING_MODES
        assert profile is None
        if mode == "RGBa":
            assert np.abs(rgba(pixels) - rgba(straight)).max() <= 1
        if mode in ("La", "LA"):
            assert np.abs(rgba(pixels) - rgba(straight.convert("LA"))).max() <= 1
        if mode in ("YCbCr", "HSV", "CMYK", "RGBX", "LAB"):
            assert np.abs(rgba(pixels) - rgba(straight.convert("RGB"))).max() <= (24 if mode == "LAB" else 4), mode


def test_premultiplied_alpha_of_a_tiff() -> None:
    """ExtraSamples 1: colours are stored multiplied by alpha; half transparent red must not become dark red."""
    pixels = bytes([128, 0, 0, 128, 0, 0, 0, 0])
    image = Image.frombytes("RGBA", (2, 1), pixels)
    straight = struct.pack("<HHIHH", 338, 3, 1, 2, 0)
    data = encoded(image, "TIFF")
    assert straight in data
    ((first, second),) = rgba(decoded(data.replace(straight, struct.pack("<HHIHH", 338, 3, 1, 1, 0))).image).tolist()
    assert first == [255, 0, 0, 128]
    assert second == [0, 0, 0, 0]


def test_1_bit() -> None:
    for name in ("golang-image/bw-gopher_ccittGroup4.tiff", "golang-image/bmp_1bpp.bmp"):
        twin = {"golang-image/bmp_1bpp.bmp": "golang-image/bmp_1bpp.png"}.get(name, "golang-image/bw-gopher.png")
        image = decoded(name).image
        assert image.mode == "L"
        assert furthest(image, decoded(twin).image) == 0


@pytest.mark.parametrize("interlace", [False, True])
def test_progressive_and_interlaced_look_like_the_plain_ones(interlace: bool) -> None:
    image = opened(picture("golang-image/video-001.png")).convert("RGB")
    plain, other = encoded(image, "JPEG", quality=90), encoded(image, "JPEG", quality=90, progressive=True)
    assert furthest(decoded(plain).image, decoded(other).image) <= 1
    gif = [encoded(image.quantize(), "GIF", interlace=flag) for flag in (0, 1)]
    assert furthest(decoded(gif[0]).image, decoded(gif[1]).image) == 0

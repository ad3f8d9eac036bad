"""TIFFs of every kind of sample: what they look like, in both byte orders, packed, in planes, against libvips."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import pyvips
from numpy.typing import NDArray
from PIL import Image

from processor_service.errors import Code, ImageError
from tests.helpers.built_tiffs import Page, one, packed, tiff
from tests.helpers.kinds import decoded, furthest, refused
from tests.helpers.pictures import encoded, opened, picture

HEIGHT, WIDTH = 12, 20
GREY, RGB, PALETTE, INKS, LAB, ICC_LAB = 1, 2, 3, 5, 8, 9
UNSPECIFIED, PREMULTIPLIED, STRAIGHT = 0, 1, 2


def colors(count: int = 3, low: float = 0, high: float = 1) -> NDArray[np.float64]:
    """Height x width x count, a different ramp for each sample, that reaches both ends."""
    down, across = np.mgrid[0:HEIGHT, 0:WIDTH]
    ramps = [
        across / (WIDTH - 1),
        down / (HEIGHT - 1),
        1 - across / (WIDTH - 1),
        (across + down) / (WIDTH + HEIGHT - 2),
    ]
    return np.stack([ramps[number % 4] * (high - low) + low for number in range(count)], axis=2)


def pixels(source: str | bytes) -> NDArray[np.int64]:
    image = np.asarray(decoded(source).image).astype(np.int64)
    return image if image.ndim == 3 else image[..., None]


def assert_shown(data: bytes, expected: NDArray[Any], tolerance: float = 1) -> None:
    shown = pixels(data)
    assert shown.shape == expected.shape
    assert np.abs(shown - expected).max() <= tolerance


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("highest", [255, 1023, 4095, 16383, 65535])
@pytest.mark.parametrize("count", [3, 4])
@pytest.mark.parametrize("way", ["plain", "planes", "deflated", "differences"])
def test_16_bits_of_colour_of_which_some_are_not_used(way: str, count: int, highest: int, order: str) -> None:
    values = np.round(colors(count) * highest).astype(np.uint16)
    ways: dict[str, dict[str, Any]] = {
        "plain": {},
        "planes": {"planar": True},
        "deflated": {"deflated": True},
        "differences": {"deflated": True, "predictor": 2},
    }
    data = one(values, RGB, order=order, extra=(STRAIGHT,) * (count - 3), **ways[way])
    assert_shown(data, colors(count) * 255)


@pytest.mark.parametrize(
    ("kind", "top"), [("u4", 2**32 - 1), ("f2", 1), ("f4", 1), ("f8", 1), ("f4", 255), ("i2", 32767)]
)
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_wide_numbers_in_grey_and_colour(kind: str, top: float, order: str, count: int) -> None:
    values = (colors(count) * top).astype(kind)
    extra = (STRAIGHT,) if count in (2, 4) else ()
    assert_shown(one(values, RGB if count > 2 else GREY, order=order, extra=extra), colors(count) * 255)


@pytest.mark.parametrize("bits", [10, 12, 14])
@pytest.mark.parametrize("count", [1, 3, 4])
def test_samples_that_do_not_fill_bytes(bits: int, count: int) -> None:
    values = np.round(colors(count) * (2**bits - 1)).astype(np.uint16)
    data = packed(values, bits, RGB if count > 2 else GREY, extra=(STRAIGHT,) * (count == 4))
    assert_shown(data, colors(count) * 255)


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_the_largest_value_that_the_file_tells_is_white(bits: int) -> None:
    white = 2**bits - 1
    values = np.round(colors(3) * white / 2).astype(np.uint16)
    assert_shown(one(values, RGB, tags={281: (white,) * 3}), colors(3) * 127.5)


@pytest.mark.parametrize("factor", [256, 257])
@pytest.mark.parametrize("highest", [3, 14, 60])
@pytest.mark.parametrize("count", [1, 3])
def test_a_dark_picture_of_8_bits_that_were_widened_to_16_stays_dark(count: int, highest: int, factor: int) -> None:
    levels = np.round(colors(count) * highest).astype(np.uint16)
    assert_shown(one(levels * factor, RGB if count == 3 else GREY), levels)


def test_a_dark_picture_of_16_bits_whose_colours_a_profile_describes_stays_dark() -> None:
    profile = opened(picture("libavif/apple_gainmap_old.jpg")).info["icc_profile"]
    values = np.round(colors(3) * 16000).astype(np.uint16)
    image = pyvips.Image.new_from_array(values).copy(interpretation="rgb16")
    assert_shown(bytes(image.tiffsave_buffer()), values * (255 / 16383))
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    assert_shown(bytes(image.tiffsave_buffer()), values * (255 / 65535))
    grey = Image.fromarray(values[..., 0])
    assert_shown(encoded(grey, "TIFF"), values[..., :1] * (255 / 16383))
    assert_shown(encoded(grey, "TIFF", icc_profile=profile), values[..., :1] * (255 / 65535))


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
@pytest.mark.parametrize("planar", [False, True])
def test_grey_with_alpha(depth: type[np.uint8 | np.uint16], planar: bool) -> None:
    top = np.iinfo(depth).max
    values = np.round(colors(2) * top).astype(depth)
    assert_shown(one(values, GREY, extra=(STRAIGHT,), planar=planar), colors(2) * 255)
    inverted = colors(2) * 255
    inverted[..., 0] = 255 - inverted[..., 0]
    assert_shown(one(values, 0, extra=(STRAIGHT,), planar=planar), inverted)


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
@pytest.mark.parametrize("photometric", [GREY, RGB])
def test_premultiplied_alpha_is_divided_out(depth: type, photometric: int) -> None:
    top, count = np.iinfo(depth).max, 2 if photometric == GREY else 4
    straight = colors(count, 0.25, 1)
    values = straight.copy()
    values[..., :-1] *= straight[..., -1:]
    data = one(np.round(values * top).astype(depth), photometric, extra=(PREMULTIPLIED,))
    assert_shown(data, straight * 255, 3)


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
@pytest.mark.parametrize("planar", [False, True])
def test_inks_with_alpha(depth: type[np.uint8 | np.uint16], planar: bool) -> None:
    top = np.iinfo(depth).max
    values = np.round(colors(5) * top).astype(depth)
    plain = one(values[..., :4], INKS, planar=planar)
    shown = pixels(one(values, INKS, extra=(STRAIGHT,), planar=planar))
    assert np.abs(shown[..., :3] - pixels(plain)).max() == 0
    assert np.abs(shown[..., 3] - colors(5)[..., 4] * 255).max() <= 1
    # By the plain formula, as without transparency.
    expected = np.asarray(Image.fromarray(np.round(colors(4) * 255).astype(np.uint8), "CMYK").convert("RGB"))
    assert np.abs(shown[..., :3] - expected).max() <= 2


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_premultiplied_inks_are_divided(depth: type) -> None:
    top = np.iinfo(depth).max
    straight = colors(5, 0.3, 1)
    values = straight.copy()
    values[..., :4] *= straight[..., 4:]
    shown = pixels(one(np.round(values * top).astype(depth), INKS, extra=(PREMULTIPLIED,)))
    expected = pixels(one(np.round(straight * top).astype(depth), INKS, extra=(STRAIGHT,)))
    assert np.abs(shown - expected).max() <= 4


def test_lab_of_16_bits_looks_like_lab_of_8() -> None:
    eight = opened(picture("pillow/lab.tif"))
    values = np.asarray(eight)
    expected = pixels("pillow/lab.tif")
    assert_shown(one(values, LAB), expected)
    assert_shown(one(values.astype(np.uint16) << 8, LAB), expected)
    # ICC's Lab: not signed.
    assert_shown(one(values ^ np.array([0, 128, 128], np.uint8), ICC_LAB), expected)


MAP = np.random.default_rng(3).integers(0, 256, (3, 256))


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("scale", [1, 256, 257])
def test_palettes_of_8_and_of_16_bits(bits: int, scale: int) -> None:
    size = 2**bits
    table = np.resize(MAP, (3, size)) if bits == 16 else MAP[:, :size].copy()
    table[0, 0] = 255
    numbers = np.random.default_rng(4).integers(0, size, (HEIGHT, WIDTH, 1))
    tags = {320: tuple(int(value) * scale for value in table.ravel())}
    if bits < 8:
        data = packed(numbers, bits, PALETTE, tags=tags)
    else:
        data = one(numbers.astype(np.uint8 if bits == 8 else np.uint16), PALETTE, tags=tags)
    assert_shown(data, table.T[numbers[..., 0]], 0)


def test_the_palette_of_the_case() -> None:
    shown = pixels("cases/tiff_pal8.tif")
    assert shown[0, 0].tolist() == [200, 30, 30]
    assert (240, 240, 240) in {tuple(shown[y, x].tolist()) for y in (0, -1) for x in (0, -1)}


def test_12_bits_of_colour_in_16_of_the_case() -> None:
    assert np.abs(pixels("cases/tiff_rgb16_12bit.tif")[2, 2] - (220, 40, 50)).max() <= 1


@pytest.mark.parametrize("compression", ["none", "lzw", "deflate", "packbits"])
@pytest.mark.parametrize("tiles", [False, True])
@pytest.mark.parametrize("kind", ["uchar", "ushort", "float", "uint", "short"])
@pytest.mark.parametrize("bands", [1, 2, 3, 4])
def test_agrees_with_libvips(kind: str, bands: int, tiles: bool, compression: str) -> None:
    """Written by libvips, with what libtiff does to bytes and numbers; read by libvips, scaled to 8 bits by their range."""
    top = {"uchar": 255, "ushort": 65535, "float": 1, "uint": 2**32 - 1, "short": 32767}[kind]
    values = np.tile(colors(bands) * top, (4, 3, 1))
    image = pyvips.Image.new_from_array(values).cast(kind)
    image = image.copy(interpretation="b-w" if bands < 3 else "srgb")
    if kind == "ushort":
        image = image.copy(interpretation="grey16" if bands < 3 else "rgb16")
    predictor = "float" if kind == "float" and compression in ("lzw", "deflate") else "horizontal"
    data = image.tiffsave_buffer(
        compression=compression, tile=tiles, tile_width=32, tile_height=16, predictor=predictor, bigtiff=tiles
    )
    again = pyvips.Image.new_from_buffer(data, "").numpy().astype(np.float64).reshape(values.shape)
    assert_shown(data, again / top * 255)


@pytest.mark.parametrize(
    ("values", "photometric", "tags"),
    [
        (np.zeros((4, 4, 5), np.float32), INKS, {}),
        (np.zeros((4, 4, 3), np.uint16), 6, {}),
        (np.zeros((4, 4, 9), np.uint8), RGB, {}),
        (np.zeros((4, 4, 1), np.uint8), GREY, {259: 34887}),
        (np.zeros((4, 4, 3), np.uint8), RGB, {259: 50001}),
        (np.zeros((4, 4, 3), np.uint8), RGB, {258: (8, 16, 8)}),
    ],
)
def test_other_kinds_are_refused_with_a_sentence(values: NDArray[Any], photometric: int, tags: dict[int, Any]) -> None:
    code, reason = refused(one(values, photometric, tags=tags))
    assert code is Code.UNSUPPORTED_FORMAT
    assert "a TIFF of a kind that is not decoded" in reason
    assert "send it with 8 or 16 bits a sample" in reason


def test_pages_of_different_samples_are_kept() -> None:
    deep = np.round(colors(3) * 65535).astype(np.uint16)
    flat = np.round(colors(3) * 255).astype(np.uint8)
    result = decoded(tiff(Page(deep, RGB), Page(flat, RGB), Page(deep // 2, RGB), Page(deep, RGB)), all_frames=True)
    assert [int(np.asarray(frame).max()) for frame in result.frames] == [255, 255, 127, 255]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_a_turned_tiff_is_as_large_as_in_the_file(orientation: int, depth: type) -> None:
    top = np.iinfo(depth).max
    result = decoded(one(np.round(colors(3) * top).astype(depth), RGB, tags={274: orientation}))
    assert (result.source.width, result.source.height) == (WIDTH, HEIGHT)
    assert result.image.size == ((HEIGHT, WIDTH) if orientation > 4 else (WIDTH, HEIGHT))


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("deflated", [False, True])
def test_a_cut_tiff_of_16_bits_is_refused(share: float, deflated: bool) -> None:
    values = np.random.default_rng(5).integers(0, 65536, (100, 100, 3)).astype(np.uint16)
    data = one(values, RGB, deflated=deflated)
    # The directory lies behind the pixels: it is put before them.
    offset = int.from_bytes(data[4:8], "little")
    length = int(offset * share)
    cut = data[:length] + bytes(0)
    moved = cut + data[offset:]
    assert refused(moved[:4] + length.to_bytes(4, "little") + moved[8:])[0] in (
        Code.TRUNCATED_IMAGE,
        Code.CORRUPT_IMAGE,
    )


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["u1", "u2", "f4", "planes", "grey", "BigTIFF", "BigTIFF of LZW"])
def test_no_cut_of_a_tiff_gives_other_pixels(kind: str, order: str) -> None:
    """Values and pixels that are cut off are not replaced by what the decoding adds to the file."""
    levels = colors(1 if kind == "grey" else 3)[:6, :5]
    if kind.startswith("Big"):
        image = Image.fromarray((levels * 255).astype(np.uint8))
        data = encoded(image, "TIFF", big_tiff=True, **({"compression": "tiff_lzw"} if "LZW" in kind else {}))
    else:
        type_ = kind if kind[0] in "uf" else "u2"
        values = (levels * {"u1": 255, "u2": 65_535, "f4": 1}[type_]).astype(type_)
        data = tiff(Page(values, GREY if kind == "grey" else RGB, planar=kind == "planes"), order=order)
    expected = decoded(data).image
    for end in range(16, len(data)):
        try:
            result = decoded(data[:end]).image
        except ImageError as error:
            assert error.code is Code.TRUNCATED_IMAGE, end
        else:
            assert furthest(result, expected) == 0, end

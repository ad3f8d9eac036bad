"""Copies are told from other pictures by laying one over the other, with OpenCV and without."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations, product

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFont, ImageOps

from ingest_image.overlay import Layer, Overlap, features, laid_over, layer_of_bytes
from tests.helpers.pictures import encoded, opened, picture

PHOTOGRAPHS = (
    "skimage/chelsea.png",
    "skimage/astronaut.png",
    "skimage/coins.png",
    "pillow/flower.jpg",
    "pdq/bridge-mods/aaa-orig.jpg",
    "exif-orientation/Landscape_1.jpg",
)


@pytest.fixture(params=["OpenCV", "NumPy"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "NumPy":
        monkeypatch.setattr(features, "available", lambda: False)
    return str(request.param)


@pytest.fixture
def opencv(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    assert features.available(), "the extra `recognition` brings OpenCV; tests of it do not skip"
    yield


def photograph(name: str = "skimage/chelsea.png") -> Image.Image:
    return opened(picture(name)).convert("RGB")


def layer(image: Image.Image) -> Layer:
    """As it comes out of a document: the thumbnail."""
    small = image.copy()
    small.thumbnail((256, 256))
    found = layer_of_bytes(encoded(small, "JPEG", quality=75))
    assert found is not None
    return found


def laid(sample: Image.Image, hit: Image.Image) -> Overlap:
    found = laid_over(layer(sample), layer(hit))
    assert found is not None, "not recognized as a copy"
    return found


def part(image: Image.Image, left: float, top: float, share: float) -> Image.Image:
    """A part with `share` of both sides, as far from the left and the top as given."""
    width, height = image.size
    return image.crop(
        (
            round(left * width),
            round(top * height),
            round((left + share) * width),
            round((top + share) * height),
        )
    )


def written_over(image: Image.Image) -> Image.Image:
    copy = image.copy()
    font = ImageFont.load_default(image.height // 8)
    ImageDraw.Draw(copy).text(
        (10, image.height * 0.4), "BREAKING NEWS", "white", font, stroke_width=2, stroke_fill="black"
    )
    return copy


def watermarked(image: Image.Image) -> Image.Image:
    """The same strong mark many times."""
    mark = Image.new("L", image.size)
    draw, font = ImageDraw.Draw(mark), ImageFont.load_default(image.height // 10)
    for row in range(6):
        draw.text((10 + 30 * (row % 2), image.height * row / 6), "(c) example (c) example", 160, font)
    return Image.composite(Image.new("RGB", image.size, "white"), image, mark)


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize(
    ("left", "top", "share", "where"),
    [
        (0, 0, 0.7, "upper left"),
        (0.3, 0.3, 0.7, "lower right"),
        (0.1, 0.1, 0.8, "middle"),
        (0.2, 0, 0.8, "upper right"),
    ],
)
def test_a_crop_is_found_and_its_place_told(
    way: str, name: str, left: float, top: float, share: float, where: str
) -> None:
    whole = photograph(name)
    found = laid(part(whole, left, top, share), whole)
    assert found.of_sample > 0.93
    assert found.of_hit == pytest.approx(share**2, abs=0.03)
    assert found.words == f"the sample is a crop: {found.of_hit:.0%} of it, {where}".replace("%", " %")
    back = laid(whole, part(whole, left, top, share))
    assert back.of_sample == pytest.approx(share**2, abs=0.03)
    assert back.words == f"cropped: {back.of_sample:.0%} of the sample, {where}".replace("%", " %")


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize(
    ("change", "turn", "degrees"),
    [
        (ImageOps.mirror, "flip_horizontal", 0),
        (lambda image: image.rotate(-5, Image.Resampling.BICUBIC), "upright", 5),
        (lambda image: image.rotate(5, Image.Resampling.BICUBIC), "upright", -5),
        (lambda image: image.resize((image.width // 4, image.height // 4)), "upright", 0),
        (lambda image: ImageEnhance.Brightness(image).enhance(1.4), "upright", 0),
        (lambda image: image.convert("L").convert("RGB"), "upright", 0),
        (written_over, "upright", 0),
        (watermarked, "upright", 0),
    ],
    ids=["mirrored", "5 degrees right", "5 degrees left", "small", "brighter", "grey", "text", "watermark"],
)
def test_a_changed_copy_is_found(
    way: str, name: str, change: Callable[[Image.Image], Image.Image], turn: str, degrees: float
) -> None:
    found = laid(photograph(name), change(photograph(name)))
    assert found.turn == turn
    assert found.degrees == pytest.approx(degrees, abs=0.7)
    assert found.words == (f"tilted {'right' if degrees > 0 else 'left'} by 5 degrees" if degrees else "")


@pytest.mark.parametrize(
    ("method", "turn"),
    [
        (Image.Transpose.ROTATE_270, "rotate_90"),
        (Image.Transpose.ROTATE_180, "rotate_180"),
        (Image.Transpose.ROTATE_90, "rotate_270"),
        (Image.Transpose.FLIP_TOP_BOTTOM, "flip_vertical"),
        (Image.Transpose.TRANSPOSE, "transpose"),
        (Image.Transpose.TRANSVERSE, "transverse"),
    ],
)
def test_turns_are_named_as_those_of_hashes(opencv: None, method: Image.Transpose, turn: str) -> None:
    """Pillow turns to the left."""
    whole = photograph()
    assert laid(whole, whole.transpose(method)).turn == turn


def test_a_mirrored_crop_says_where_in_each(way: str) -> None:
    whole = photograph()
    found = laid(ImageOps.mirror(part(whole, 0, 0, 0.7)), whole)
    assert found.turn == "flip_horizontal"
    assert found.in_hit == pytest.approx((0.35, 0.35), abs=0.02)


def test_two_parts_of_a_picture_share_what_they_share(opencv: None) -> None:
    whole = photograph()
    found = laid(part(whole, 0, 0, 0.8), part(whole, 0.2, 0.2, 0.8))
    assert found.of_sample == pytest.approx(0.5625, abs=0.03)
    assert found.of_hit == pytest.approx(0.5625, abs=0.03)
    assert "in part: " in found.words


@pytest.mark.parametrize("change", [lambda image: image, watermarked, written_over], ids=["plain", "watermark", "text"])
def test_other_pictures_are_no_copies(way: str, change: Callable[[Image.Image], Image.Image]) -> None:
    """Not even with the same marks and texts over them."""
    layers = [layer(change(photograph(name).resize((600, 450)))) for name in PHOTOGRAPHS]
    assert [pair for pair in permutations(range(len(layers)), 2) if laid_over(layers[pair[0]], layers[pair[1]])] == []


def test_blank_pictures_are_no_copies(way: str) -> None:
    blank, other = (layer(Image.new("RGB", (300, 200), color)) for color in ("white", "#eeeeee"))
    assert laid_over(blank, other) is None
    assert laid_over(blank, blank) is None


def test_odd_pictures_are_laid_over_without_a_fault(way: str) -> None:
    """Anybody may write a thumbnail: noise, stripes, lines of one pixel, steps, all against all."""
    random = np.random.default_rng(5)
    noise = random.integers(0, 256, (200, 256), np.uint8)
    pictures = [
        noise,
        noise // 255 * 255,
        np.tile(np.array([0, 255], np.uint8), (256, 128)),
        np.zeros((8, 256), np.uint8),
        np.full((256, 8), 255, np.uint8),
        random.integers(0, 256, (8, 256), np.uint8),
        np.tile(np.arange(256, dtype=np.uint8), (256, 1)),
        np.kron(random.integers(0, 2, (16, 16)) * 255, np.ones((16, 16))).astype(np.uint8),
    ]
    layers = [Layer(one) for one in pictures]
    for one, other in product(layers, layers):
        found = laid_over(one, other)
        assert found is None or (0 < found.of_sample <= 1 and 0 < found.of_hit <= 1)
    assert laid_over(Layer(noise), Layer(noise)) is not None
    assert laid_over(Layer(noise), Layer(255 - noise[::-1, ::-1])) is None

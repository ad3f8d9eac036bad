from __future__ import annotations

import base64
import io
import json
import re
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageColor, ImageDraw, ImageFilter, ImageStat

from processor_service.color.names import color_name
from processor_service.color.oklab import oklab, to_oklab, to_rgb
from processor_service.color.profiles import to_srgb
from processor_service.features import all_features
from processor_service.features.colors import Colors
from processor_service.features.placeholder import Placeholder
from processor_service.features.statistics import Statistics
from processor_service.features.thumbnail import Thumbnail
from processor_service.fields import KEYWORD
from processor_service.picture import Picture, Source
from processor_service.pixels.reduced import reduced
from processor_service.wire.fields import all_fields, copies, top_level_names
from tests.helpers.paths import PICTURES
from tests.helpers.pictures import difference, opened, picture


def of(image: Image.Image, orientation: int = 1) -> Picture:
    return Picture([image], Source("png", *image.size, 1, 1), orientation)


def photograph(name: str, mode: str = "RGB") -> Image.Image:
    return opened(picture(name)).convert(mode)


@cache
def scaled(mode: str, size: tuple[int, int]) -> Image.Image:
    """Made once for all features, which leave it as it is."""
    return photograph(PHOTOGRAPH, mode).resize(size)


FEATURES = sorted(name for name in all_features() if name != "metadata")
PHOTOGRAPH = "exif-orientation/Landscape_1.jpg"
SIGN = Image.new("RGBA", (300, 200), (0, 0, 0, 0))
ImageDraw.Draw(SIGN).ellipse((50, 50, 150, 150), fill=(255, 102, 0, 255))


def test_copies_are_vectors_of_fields_that_are_there() -> None:
    fields = {field.name: field for field in all_fields()}
    assert copies()
    for name, source in copies().items():
        assert fields[name].mapping["type"] == "dense_vector" and fields[source].mapping == KEYWORD


@pytest.mark.parametrize("name", FEATURES)
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize("size", [(1, 1), (3, 700), (2100, 2), (64, 64), (1200, 900)])
def test_every_feature_takes_every_mode_and_shape(name: str, mode: str, size: tuple[int, int]) -> None:
    source = of(scaled(mode, size))
    before = source.image.tobytes()
    feature = all_features()[name]
    fields = feature().extract(source)
    assert set(fields) <= set(feature.produces()) <= set(top_level_names())
    assert set(feature.produces(position=1)) <= set(feature.produces())
    json.dumps(fields, allow_nan=False)
    assert source.image.tobytes() == before


@pytest.mark.parametrize("name", FEATURES)
def test_a_turn_still_to_be_applied_changes_nothing(name: str) -> None:
    scene = photograph("exif-orientation/Landscape_1.jpg")
    turned = scene.transpose(Image.Transpose.ROTATE_90)
    feature = all_features()[name]()
    one, other = feature.extract(of(turned, orientation=6)), feature.extract(of(scene))
    # The small copy is made before it is turned: one unit of 255 more or less. That can make colours be parted otherwise.
    if name == "colors":
        assert {color["name"] for color in one["colors"][:2]} <= set(other["color_names"])
    elif name == "embedding":
        assert one["embedder"] == other["embedder"]
        assert np.dot(one["embedding"], other["embedding"]) > 0.999
    elif name == "thumbnail":
        assert difference(opened(one["thumbnail"]), opened(other["thumbnail"])) < 1
    elif name == "statistics":
        assert one == pytest.approx(other, abs=0.001)
    else:
        assert one == other


@pytest.mark.parametrize("name", FEATURES)
def test_a_wholly_transparent_picture_is_no_problem(name: str) -> None:
    fields = all_features()[name]().extract(of(Image.new("RGBA", (40, 30), (9, 9, 9, 0))))
    assert name not in ("colors", "statistics") or fields in ({}, {"blank": True})


def test_the_small_copy_is_made_once_and_again_for_another_image() -> None:
    source = of(photograph(PHOTOGRAPH))
    assert reduced(source) is reduced(source)
    assert reduced(source).size == (512, 341)
    source.frames = [Image.new("RGB", (30, 20))]
    assert reduced(source).size == (30, 20)


# --- colors


def test_colours_of_a_flag_with_their_shares() -> None:
    flag = Image.new("RGB", (900, 600), "#ff6600")
    flag.paste((0, 128, 128), (0, 0, 270, 600))
    fields = Colors().extract(of(flag))
    assert [color["name"] for color in fields["colors"]] == ["orange", "teal"]
    for color, expected in zip(fields["colors"], [(255, 102, 0), (0, 128, 128)], strict=True):
        # Where they meet they are mixed, in a small copy.
        assert ImageColor.getrgb(color["hex"]) == pytest.approx(expected, abs=2)
    assert [color["share"] for color in fields["colors"]] == pytest.approx([0.7, 0.3], abs=0.01)
    # The other way of the definition, through XYZ, computed by hand.
    assert [fields["colors"][0][axis] for axis in "lab"] == pytest.approx([69.58, 14.82, 14.06], abs=0.2)
    assert fields["color_names"] == ["orange", "teal"]


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_one_colour_comes_back_exactly(rgb: tuple[int, int, int]) -> None:
    assert tuple(to_rgb(to_oklab(np.array(rgb, np.uint8)))) == rgb
    colors = Colors().extract(of(Image.new("RGB", (20, 20), rgb)))["colors"]
    assert [(color["hex"], color["share"]) for color in colors] == [("#{:02x}{:02x}{:02x}".format(*rgb), 1.0)]


def test_transparent_pixels_do_not_count() -> None:
    assert [color["hex"] for color in Colors().extract(of(SIGN))["colors"]] == ["#ff6600"]


def test_shades_are_one_colour_and_small_accents_are_left_out() -> None:
    sky = Image.linear_gradient("L").resize((400, 300)).point(lambda value: value // 24)
    shades = Image.merge("RGB", [sky.point(lambda value, base=base: value + base) for base in (100, 150, 220)])
    assert len(Colors().extract(of(shades))["colors"]) == 1
    shades.paste((250, 30, 30), (0, 0, 40, 30))
    assert len(Colors().extract(of(shades))["colors"]) == 1
    assert len(Colors(minimum_share=0.005).extract(of(shades))["colors"]) == 2


@pytest.mark.parametrize("name", [PHOTOGRAPH, "skimage/astronaut.png", "pillow/flower.jpg", "skimage/chelsea.png"])
def test_colours_stay_when_a_picture_is_shrunk_and_recompressed(name: str) -> None:
    original = photograph(name)
    buffer = io.BytesIO()
    original.resize((original.width // 2, original.height // 2)).save(buffer, "JPEG", quality=60)
    one, other = (Colors().extract(of(image))["colors"] for image in (original, opened(buffer.getvalue())))
    # What was in one for a tenth or more is in the other, as a shade of the same colour.
    for color in one:
        if color["share"] >= 0.1:
            distance = min(sum((color[axis] - found[axis]) ** 2 for axis in "lab") ** 0.5 for found in other)
            assert distance < 10, (color, other)


@given(st.integers(0, 2**32 - 1), st.integers(1, 16))
@settings(max_examples=25, deadline=None)
def test_any_pixels_give_few_colours_that_add_up(seed: int, count: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (24, 31, 3), np.uint8)
    colors = Colors(count=count, minimum_share=0).extract(of(Image.fromarray(pixels)))["colors"]
    assert 1 <= len(colors) <= count
    assert sum(color["share"] for color in colors) == pytest.approx(1, abs=0.001)
    assert all(re.fullmatch("#[0-9a-f]{6}", color["hex"]) for color in colors)


def test_oklab_is_ottossons() -> None:
    # White, red, green and blue as published with the colour space.
    assert oklab(255, 255, 255) == pytest.approx((1.0, 0.0, 0.0), abs=1e-4)
    assert oklab(255, 0, 0) == pytest.approx((0.628, 0.225, 0.126), abs=1e-3)
    assert oklab(0, 255, 0) == pytest.approx((0.866, -0.234, 0.179), abs=1e-3)
    assert oklab(0, 0, 255) == pytest.approx((0.452, -0.032, -0.312), abs=1e-3)


NAMES = """
red: red crimson firebrick | orange: darkorange coral | brown: sienna saddlebrown #544735 #3d2717 #907060
beige: tan burlywood wheat bisque | yellow: gold yellow | olive: olive #143 | green: lime seagreen forestgreen palegreen
teal: teal darkcyan | cyan: aqua turquoise | skyblue: skyblue lightblue #bbd0eb | blue: royalblue steelblue #5e81c0
navy: navy midnightblue | purple: purple rebeccapurple blueviolet | pink: pink hotpink lightpink | magenta: fuchsia
gray: slategray lightslategray dimgray #607484 #637788 #444f57 | silver: silver #a7a7a7 | white: white snow mintcream
black: black #161320 #222428 | maroon: maroon
"""


@pytest.mark.parametrize(
    ("name", "color"),
    [
        (entry.split(":")[0].strip(), color)
        for entry in NAMES.replace("#143", "olive").replace("\n", "|").split("|")
        if entry.strip()
        for color in entry.split(":")[1].split()
    ],
)
def test_names_are_what_people_say(name: str, color: str) -> None:
    red, green, blue, *_ = ImageColor.getrgb(color)
    assert color_name(*oklab(red, green, blue)) == name


# --- statistics


def statistics(image: Image.Image) -> dict[str, Any]:
    return Statistics().extract(of(image))


def test_statistics_of_a_chessboard_by_hand() -> None:
    board = Image.new("L", (8, 8))
    board.putdata([255 * ((x + y) % 2) for y in range(8) for x in range(8)])
    # Each Laplacian is 4 x 255, up or down.
    variance = (4 * 255) ** 2
    assert statistics(board) == {
        "brightness": 0.5,
        "contrast": 0.5,
        "saturation": 0.0,
        "sharpness": round(variance / (variance + 100), 4),
        "blank": False,
    }


def test_saturation_is_of_the_colours_that_are_seen() -> None:
    half = Image.new("RGB", (100, 100), "black")
    half.paste((200, 0, 0), (0, 0, 50, 100))
    assert statistics(half)["saturation"] == 1
    half.paste((200, 200, 200), (50, 0, 100, 100))
    assert statistics(half)["saturation"] == 0.5


def test_brightness_and_contrast_are_those_of_the_whole_picture() -> None:
    image = photograph(PHOTOGRAPH)
    whole = ImageStat.Stat(image.convert("L"))
    found = statistics(image)
    assert found["brightness"] == pytest.approx(whole.mean[0] / 255, abs=0.002)
    assert found["contrast"] == pytest.approx(whole.stddev[0] / 255, abs=0.02)


def test_the_more_blurred_the_less_sharp() -> None:
    image = photograph(PHOTOGRAPH)
    sharpness = [statistics(image.filter(ImageFilter.GaussianBlur(radius)))["sharpness"] for radius in (0, 3, 8, 20)]
    assert sharpness == sorted(sharpness, reverse=True)
    assert sharpness[0] > 0.8 and sharpness[2] < 0.5


@pytest.mark.parametrize(
    ("image", "blank"),
    [
        (Image.new("RGB", (500, 400), "white"), True),
        (Image.effect_noise((500, 400), 2).convert("RGB"), True),
        (Image.new("RGBA", (40, 30), (0, 0, 0, 0)), True),
        (Image.new("RGBA", (40, 30), (80, 0, 0, 255)), True),
        (SIGN, False),
        (photograph("pillow/flower.jpg"), False),
    ],
)
def test_blank_is_nearly_uniform(image: Image.Image, blank: bool) -> None:
    assert statistics(image)["blank"] is blank


def test_a_page_with_one_line_of_text_is_not_blank() -> None:
    page = Image.new("L", (2000, 2800), 250)
    ImageDraw.Draw(page).text((300, 300), "This page is intentionally left blank", fill=20, font_size=70)
    assert not statistics(page)["blank"]


# --- placeholder and thumbnail


@pytest.mark.parametrize(
    ("name", "hash_"),
    # Computed with thumbhash-py 0.1.2 from the same small copies.
    [
        ("pillow/hopper.jpg", "lhcKLwZQtnleh4ehmIh3t2eI2EBZDpYD"),
        ("pillow/flower.jpg", "3OgFDYJf5kiYh3eMi4NpN5lboAg5"),
        (PHOTOGRAPH, "HdcJFYJNPImvaJiKlYiGVsJAAh0V"),
    ],
)
def test_the_placeholder_is_a_thumb_hash(name: str, hash_: str) -> None:
    assert Placeholder().extract(of(photograph(name))) == {"placeholder": hash_}


def test_a_placeholder_says_whether_there_is_transparency() -> None:
    for image, alpha in ((SIGN, True), (SIGN.convert("RGB"), False)):
        header = int.from_bytes(base64.b64decode(Placeholder().extract(of(image))["placeholder"])[:3], "little")
        assert header >> 23 == alpha


@pytest.mark.parametrize("size", [64, 256, 512, 1024])
def test_a_thumbnail_has_the_size_asked_for(size: int) -> None:
    thumbnail = opened(Thumbnail(size=size).extract(of(photograph(PHOTOGRAPH)))["thumbnail"])
    assert thumbnail.size == (size, round(size * 2 / 3))


def test_pictures_with_a_colour_profile_are_read_through_it() -> None:
    wide = opened((PICTURES / "libavif/paris_icc_exif_xmp.avif").read_bytes())
    source = of(wide.convert("RGB"))
    source.icc_profile = wide.info["icc_profile"]
    converted = of(to_srgb(wide.convert("RGB"), wide.info["icc_profile"]))
    for feature in (Colors(), Statistics(), Thumbnail()):
        assert feature.extract(source).keys() == feature.extract(converted).keys()
    assert difference(reduced(source), reduced(converted)) < 0.5

"""What holds for every operation, and what golden pictures do not show."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from processor_service.errors import Code, ImageError
from processor_service.operations import Operation, all_operations, wants_all_frames
from processor_service.operations.resize import Resize
from processor_service.operations.watermark.stamp import text_stamp
from processor_service.picture import Picture, Source
from processor_service.pipeline import check_size
from processor_service.settings import Settings
from processor_service.wire.recipe import parse_operations
from tests.helpers.operation_cases import CASES
from tests.helpers.paths import ROOT
from tests.helpers.pictures import b64, encoded, pixel

MODES: dict[str, int | tuple[int, ...]] = {
    "L": 200,
    "LA": (200, 128),
    "RGB": (200, 100, 50),
    "RGBA": (200, 100, 50, 128),
}
SIZES = [(1, 1), (1, 500), (500, 1), (7, 3)]


def step(name: str, **parameters: Any) -> Operation:
    (operation,) = parse_operations([{name: parameters}])
    return operation


def picture_of(*frames: Image.Image) -> Picture:
    return Picture(list(frames), Source("png", *frames[0].size, len(frames), 1))


def applied(name: str, *frames: Image.Image, **parameters: Any) -> Image.Image:
    result = picture_of(*frames)
    step(name, **parameters).apply_to(result)
    return result.image


EVERY_CASE = {case.name: (case.operation, case.parameters) for case in CASES}
BOX_IN_PIXELS = {"crop-pixels", "crop-beyond"}


@pytest.mark.parametrize(("operation", "parameters"), EVERY_CASE.values(), ids=EVERY_CASE)
def test_every_mode_and_odd_sizes(operation: str, parameters: dict[str, Any], request: pytest.FixtureRequest) -> None:
    for (mode, color), size in itertools.product(MODES.items(), SIZES):
        changed = picture_of(Image.new(mode, size, color))
        operation_step = step(operation, **parameters)
        most = operation_step.size_after(*size)
        try:
            operation_step.apply_to(changed)
        except ImageError as refusal:
            assert refusal.code is Code.CROP_OUTSIDE and request.node.callspec.id in BOX_IN_PIXELS
            continue
        assert changed.image.mode in MODES
        assert changed.image.width <= most[0] and changed.image.height <= most[1]
        if mode in ("LA", "RGBA") and operation not in ("background", "rotate"):
            assert changed.image.mode in ("LA", "RGBA"), "alpha is lost"


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("resize", {"width": 9}),
        ("resize", {"width": 90, "height": 50, "fit": "cover", "enlarge": True}),
        ("rotate", {"degrees": 33, "background": "transparent"}),
        ("blur", {"radius": 3}),
        ("sharpen", {"amount": 3, "radius": 2}),
        ("pixelate", {"size": 5}),
        ("adjust", {"sharpness": 5}),
        ("round_corners", {"radius": 9}),
        ("auto_contrast", {}),
        ("equalize", {}),
    ],
)
def test_no_dark_fringes(name: str, parameters: dict[str, Any]) -> None:
    """A white square within transparent black: whatever is visible stays white."""
    image = Image.new("RGBA", (31, 31), (0, 0, 0, 0))
    image.paste((255, 255, 255, 255), (8, 8, 23, 23))
    result = applied(name, image, **parameters)
    seen = {
        pixel(result, (x, y))[:3]
        for x in range(result.width)
        for y in range(result.height)
        if pixel(result, (x, y))[3] > 24
    }
    assert seen and min(min(color) for color in seen) >= 240


@pytest.mark.parametrize(
    ("name", "parameters", "size"),
    [
        ("resize", {"width": 16384, "height": 16384, "fit": "fill", "enlarge": True}, (10, 10)),
        ("resize", {"width": 16384, "height": 16384, "fit": "pad"}, (10, 10)),
        ("resize", {"width": 16384, "dpr": 8, "enlarge": True}, (10, 1)),
        ("resize", {"width": 16384, "enlarge": True}, (1, 30000)),
        ("rotate", {"degrees": 45}, (29000, 1500)),
        ("pad", {"aspect_ratio": "1:1"}, (20000, 1)),
        ("pad", {"left": 16384, "bottom": 16384}, (1, 1)),
        ("pad", {"left": 16384, "unit": "fraction"}, (100, 100)),
    ],
)
def test_what_would_be_too_large_is_refused_beforehand(
    name: str, parameters: dict[str, Any], size: tuple[int, int]
) -> None:
    with pytest.raises(ImageError) as refusal:
        check_size(picture_of(Image.new("L", size)), step(name, **parameters), Settings())
    assert refusal.value.code is Code.TOO_MANY_PIXELS
    assert f"operation [{name}]" in refusal.value.reason and "50000000 pixels" in refusal.value.reason


def test_a_side_that_would_be_too_long_has_a_code_of_its_own() -> None:
    with pytest.raises(ImageError) as refusal:
        check_size(picture_of(Image.new("L", (100, 1))), step("pad", left=16384, right=16384), Settings())
    assert refusal.value.code is Code.DIMENSION_TOO_LARGE
    assert "IMAGE_MAX_DIMENSION" in refusal.value.reason


def test_frames_count_into_the_limit() -> None:
    frames = [Image.new("L", (100, 100))] * 60
    with pytest.raises(ImageError, match="1000x1000 in 60 frames"):
        check_size(picture_of(*frames), step("resize", width=1000, enlarge=True), Settings())


def test_trim_and_smart_crop_use_one_box_for_all_frames() -> None:
    one, other = Image.new("RGB", (40, 40), "white"), Image.new("RGB", (40, 40), "white")
    one.paste("red", (10, 12, 20, 20))
    other.paste("blue", (15, 5, 30, 18))
    moving = picture_of(one, other)
    step("trim").apply_to(moving)
    assert [frame.size for frame in moving.frames] == [(20, 15), (20, 15)]
    moving = picture_of(one, other)
    step("crop", width=20, height=20, gravity="smart").apply_to(moving)
    x, y = next((x, y) for y in range(20) for x in range(20) if moving.frames[0].getpixel((x, y)) == (255, 0, 0))
    offset = 10 - x, 12 - y
    assert moving.frames[1].getpixel((16 - offset[0], 10 - offset[1])) == (0, 0, 255)


def test_frames_stay_of_one_mode() -> None:
    moving = picture_of(Image.new("L", (9, 9), 50), Image.new("L", (9, 9), 50))
    step("watermark", text="x", color="#ff0000", scale=1, opacity=1).apply_to(moving)
    assert len({frame.mode for frame in moving.frames}) == 1


@pytest.mark.parametrize("name", [name for name in all_operations() if name not in ("convert", "resize")])
def test_what_is_transparent_does_not_sway_the_rest(name: str) -> None:
    """Hidden colours never change visible ones."""
    cases = [case for case in CASES if case.operation == name]
    assert cases, f"{name} needs a case in tests/helpers/operation_cases.py"
    results = []
    for hidden in ("black", "#ff00ff"):
        image = Image.new("RGBA", (24, 24), hidden)
        image.putalpha(0)
        image.paste((90, 140, 60, 255), (6, 6, 12, 18))
        image.paste((190, 100, 120, 255), (12, 6, 18, 18))
        image = applied(name, image, **cases[-1].parameters).convert("RGBA")
        results.append(image.convert("RGBa").tobytes())
    if name in ("pixelate", "redact", "watermark", "rotate", "pad"):
        assert max(abs(a - b) for a, b in zip(*results, strict=True)) <= 1
    else:
        assert results[0] == results[1]


def test_flags() -> None:
    assert wants_all_frames(parse_operations([{"animation": {"frames": "keep"}}]))
    assert not wants_all_frames(parse_operations(["animation", "grayscale"]))
    assert step("adjust", brightness=2).scale_free
    assert not step("adjust", sharpness=2).scale_free
    assert not step("blur", radius=2).scale_free
    assert {name for name, kind in all_operations().items() if kind.output_only} == {
        "animation",
        "convert",
        "strip_metadata",
    }


BOMB = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (20000).to_bytes(4, "big") * 2 + b"\x08\x02\0\0\0" + b"\0" * 40


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({}, "either text or image"),
        ({"text": "a", "image": b64(encoded(Image.new("RGB", (1, 1))))}, "either text or image"),
        ({"text": "a\nb"}, "cannot be printed"),
        ({"text": "  \u00a0 "}, "printed"),
        ({"text": "   "}, "nothing but spaces"),
        ({"text": "© 中文"}, "[中]"),
        ({"text": "שלום"}, "[ש]"),
        ({"image": "!!!!"}, "[image]"),
        ({"image": "abcde"}, "not base64"),
        ({"image": b64(encoded(Image.new("RGB", (1, 1)), "GIF"))}, "not a PNG"),
        ({"image": b64(BOMB)}, "image:"),
        ({"image": b64(encoded(Image.new("RGB", (1, 1)))[:44])}, "image:"),
        ({"image": "A" * 100_001}, "at most 100000"),
    ],
)
def test_a_wrong_watermark_is_a_wrong_recipe(parameters: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ImageError) as refusal:
        step("watermark", **parameters)
    assert refusal.value.code is Code.INVALID_RECIPE
    assert complaint in refusal.value.reason and len(refusal.value.reason) < 400


@pytest.mark.parametrize(
    ("name", "parameters", "complaint"),
    [
        ("crop", {}, "are needed"),
        ("crop", {"width": 3}, "are needed"),
        ("crop", {"aspect_ratio": "1:1", "width": 3}, "not both"),
        ("crop", {"width": 3, "height": 3, "left": 1, "gravity": "north"}, "not both"),
        ("crop", {"aspect_ratio": "0:1"}, "[aspect_ratio]"),
        ("pad", {"aspect_ratio": "1:1", "left": 3}, "not both"),
        ("convert", {"format": "jpeg", "lossless": True}, "lossless needs"),
        ("convert", {"lossless": True}, "lossless needs"),
        ("pixelate", {"boxes": []}, "[boxes]"),
        ("pixelate", {"boxes": [{"left": 1}]}, "[boxes.0"),
        ("strip_metadata", {"keep": ["gps"]}, "[keep.0]"),
        ("crop", {"left": 10, "top": 10, "width": 80, "height": 80, "unit": "fraction"}, "at most 1"),
        ("crop", {"width": 0.5, "height": 0.5}, "unit fraction"),
        ("crop", {"aspect_ratio": "16/9"}, "should be width:height"),
        ("pixelate", {"boxes": [{"left": 40, "top": 10, "width": 20, "height": 30}], "unit": "fraction"}, "at most 1"),
        ("pixelate", {"boxes": [{"left": 0.4, "top": 0.1, "width": 0.2, "height": 0.3}]}, "unit fraction"),
        ("pixelate", {"boxes": [{"left": 0, "top": 0, "width": 9, "height": 9, "x": 1}]}, "parameter [boxes.0.x]"),
        ("convert", {"quality": 20, "min_quality": 50}, "min_quality must not be above quality"),
        ("tint", {"color": "red"}, "should be #rgb, #rrggbb, black"),
        ("pad", {"background": "#12345"}, "or transparent"),
        ("resize", {"width": 0}, "greater than or equal to 1"),
        ("resize", {"width": 10**18}, "[width]"),
        ("resize", {"width": 10**30}, "beyond 64 bits"),
        ("resize", {"width": 10, "dpr": 0}, "[dpr]"),
        ("rotate", {"degrees": float("nan")}, "[degrees]"),
        ("blur", {"radius": float("inf")}, "[radius]"),
        ("adjust", {"gamma": 0}, "[gamma]"),
        ("sharpen", {"radius": 0}, "[radius]"),
        ("auto_contrast", {"cutoff": 50}, "[cutoff]"),
        ("round_corners", {"radius": -1}, "[radius]"),
    ],
)
def test_contradictions_are_refused(name: str, parameters: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ImageError) as refusal:
        step(name, **parameters)
    assert refusal.value.code is Code.INVALID_RECIPE
    assert complaint in refusal.value.reason
    assert "match pattern" not in refusal.value.reason and len(refusal.value.reason) < 300


def test_parameters_that_are_no_object_are_refused_with_json_to_copy() -> None:
    with pytest.raises(ImageError) as refusal:
        parse_operations([{"resize": 300}])
    assert '{"width":2048,"height":2048}' in refusal.value.reason


@pytest.mark.parametrize("text", ["© Zoë Müller-Łącki", "Ωραία", "Привет", "100 € – “ok” ★", "e\u0301"])
def test_a_watermark_is_drawn_in_letters_not_in_boxes(text: str) -> None:
    step("watermark", text=text)
    drawn = {bytes(text_stamp(char, "#ffffff", (40, 40)).tobytes()) for char in ("é", "Ω", "П", "€", "\uffff")}
    assert len(drawn) == 5, "some of them look the same"
    assert text_stamp("e\u0301", "#ffffff", (40, 40)) == text_stamp("é", "#ffffff", (40, 40))


@pytest.mark.parametrize("name", all_operations())
def test_every_operation_says_what_it_does_with_animations(name: str) -> None:
    """And does it: three frames stay three, all of one size and mode."""
    frames = [Image.new("RGB", (40, 30), color) for color in ("white", "#204060", "#ff0000")]
    for frame in frames:
        frame.paste("#808080", (10, 10, 20, 20))
    moving = picture_of(*frames)
    step(name, **{**all_operations()[name].example, **({"radius": 5} if name == "round_corners" else {})}).apply_to(
        moving
    )
    assert len(moving.frames) == 3
    assert len({(frame.size, frame.mode) for frame in moving.frames}) == 1
    section = (ROOT / "docs" / "operations.md").read_text().split(f"### {name}\n")[1].split("###")[0]
    assert f"Of an animation: {all_operations()[name].on_animations}." in section


@given(st.integers(1, 3000), st.integers(1, 3000), st.integers(1, 3000), st.sampled_from(["width", "height"]))
def test_one_side_given_is_the_side_that_comes_out(width: int, height: int, side: int, name: str) -> None:
    resize = step("resize", **{name: side, "enlarge": True})
    assert isinstance(resize, Resize)
    result = resize.size(width, height)
    assert result[0 if name == "width" else 1] == side
    assert resize.size(*result) == result

"""What a document's one-off operations may do to what the recipe says."""

from __future__ import annotations

from typing import Any

import pytest
from PIL import Image

from processor_service.errors import Code, ImageError
from processor_service.operations import all_operations
from processor_service.pipeline import process
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers.pictures import b64, encoded, opened, picture

BOX = [{"resize": {"width": 80, "height": 40}}]


def made(size: tuple[int, int], operations: list[Any], wanted: list[Any], **more: Any) -> dict[str, Any]:
    body = body_of(b64(encoded(Image.new("RGB", size, "teal"))), operations)
    return run(body | {"document_operations": wanted} | more)


def body_of(data: str, operations: list[Any]) -> dict[str, Any]:
    return {"data": data, "operations": operations, "properties": []}


def run(body: dict[str, Any]) -> dict[str, Any]:
    return process(Request.parse(body), Settings(), Stopwatch())


@pytest.mark.parametrize("normalized", [False, True])
@pytest.mark.parametrize(
    ("wanted", "size"),
    [
        ([{"resize": {"width": 4000, "enlarge": True}}], (80, 40)),
        ([{"resize": {"width": 60, "height": 60, "fit": "fill", "enlarge": True}}], (40, 40)),
        ([{"rotate": {"degrees": 90}}], (40, 80)),
        ([{"rotate": {"degrees": 90}}, {"resize": {"width": 10, "height": 20}}], (10, 20)),
        ([{"pad": {"aspect_ratio": "1:1"}}], (40, 40)),
        ([{"crop": {"left": 0, "top": 0, "width": 20, "height": 20}}], (20, 20)),
        # Cut out and enlarged: no larger than the recipe's box.
        (
            [
                {"crop": {"left": 0, "top": 0, "width": 20, "height": 10}},
                {"resize": {"width": 800, "enlarge": True}},
            ],
            (80, 40),
        ),
    ],
)
def test_the_recipe_s_size_limit_holds_after_a_document_s_operations(
    wanted: list[Any], size: tuple[int, int], normalized: bool
) -> None:
    source = (80, 40) if normalized else (160, 80)
    fields = made(source, BOX, wanted, normalized=normalized)
    assert (fields["width"], fields["height"]) == opened(fields["data"]).size == size


def test_what_the_recipe_itself_makes_larger_than_its_box_may_be_as_large() -> None:
    operations = [*BOX, {"pad": {"aspect_ratio": "1:1"}}]
    fields = made((160, 80), operations, [{"rotate": {"degrees": 45}}])
    assert (fields["width"], fields["height"]) == (80, 80)


CROP, LARGER = {"crop": {"width": 30, "height": 20}}, {"resize": {"width": 5000, "height": 5000, "enlarge": True}}


@pytest.mark.parametrize(
    ("recipe", "most"),
    [
        ([CROP], (30, 20)),
        ([{"crop": {"width": 30, "height": 20, "gravity": "smart"}}], (30, 20)),
        ([{"resize": {"width": 30, "height": 20, "fit": "cover"}}], (30, 20)),
        ([{"resize": {"width": 300, "height": 200, "fit": "pad"}}], (300, 200)),
        ([CROP, {"pad": {"left": 10}}], (40, 30)),
        ([CROP, {"rotate": {"degrees": 90}}], (30, 20)),
        ([CROP, *BOX], (30, 20)),
        ([CROP, {"resize": {"width": 60, "height": 40, "enlarge": True}}], (60, 40)),
        ([*BOX, CROP, "trim"], (30, 20)),
        ([*BOX, {"crop": {"aspect_ratio": "1:1"}}], (80, 40)),
    ],
    ids=str,
)
@pytest.mark.parametrize("wanted", [LARGER, {"pad": {"left": 5000}}, {"pad": {"top": 5000}}], ids=str)
def test_whatever_bounds_the_size_in_a_recipe_bounds_it_for_documents(
    recipe: list[Any], most: tuple[int, int], wanted: dict[str, Any]
) -> None:
    first = made((160, 80), recipe, [wanted])
    again = run({**body_of(first["data"], recipe), "document_operations": [wanted], "normalized": True})
    for fields in (first, again):
        sides = fields["width"], fields["height"]
        assert max(sides) <= most[0] and min(sides) <= most[1]
        # Whole: as large as is allowed.
        assert max(sides) == most[0] or min(sides) == most[1]


@pytest.mark.parametrize("recipe", ["grayscale", {"crop": {"aspect_ratio": "1:1"}}, "trim", {"pad": {"left": 9}}])
def test_without_a_size_limit_there_is_none(recipe: Any) -> None:
    fields = made((20, 10), [recipe], [{"resize": {"width": 300, "enlarge": True}}])
    assert fields["width"] == 300


def test_an_animation_keeps_to_the_limit_with_every_frame() -> None:
    frames = [Image.new("RGB", (80, 40), color) for color in ("red", "green", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)
    recipe = [{"animation": {"frames": "keep"}}, *BOX, {"convert": {"format": "webp"}}]
    wanted = [{"resize": {"width": 400, "enlarge": True}}]
    fields = run({"data": b64(data), "operations": recipe, "properties": [], "document_operations": wanted})
    stored = opened(fields["data"])
    assert (stored.size, getattr(stored, "n_frames", 1)) == ((80, 40), 3)


@pytest.mark.parametrize(
    ("recipe", "keep", "allowed"),
    [
        ([], ["icc"], True),
        ([], ["copyright"], False),
        ([], ["all"], False),
        (["grayscale"], [], True),
        (["grayscale"], ["icc"], False),
        (["strip_metadata"], ["all"], False),
        ([{"strip_metadata": {"keep": ["copyright"]}}], ["copyright"], True),
        ([{"strip_metadata": {"keep": ["copyright"]}}], ["copyright", "icc"], False),
        ([{"strip_metadata": {"keep": ["icc", "copyright"]}}], ["icc"], True),
        ([{"strip_metadata": {"keep": ["all"]}}], ["all"], True),
        ([{"strip_metadata": {"keep": ["all"]}}], [], True),
    ],
)
def test_a_document_can_only_ask_for_less_metadata(recipe: list[Any], keep: list[str], allowed: bool) -> None:
    body = {
        "data": b64(picture("pillow/hopper.jpg")),
        "operations": recipe,
        "properties": [],
        "document_operations": [{"strip_metadata": {"keep": keep}}],
    }
    for normalized in (False, True):
        if allowed:
            assert run({**body, "normalized": normalized})["format"] == "jpeg"
            continue
        with pytest.raises(ImageError, match="it can only ask for less") as refusal:
            run({**body, "normalized": normalized})
        assert refusal.value.code is Code.INVALID_RECIPE


def test_a_normalized_picture_keeps_every_byte_when_its_fields_are_made_anew() -> None:
    data = picture("exif-orientation/Landscape_6.jpg")
    recipe = {"operations": [{"strip_metadata": {"keep": ["copyright", "icc"]}}], "properties": ["thumbnail", "colors"]}
    first = run({"data": b64(data), **recipe})
    again = run({"data": first["data"], **recipe, "normalized": True})
    kept = ("data", "sha256", "mark", "thumbnail", "thumbnail_mark", "colors", "width", "format")
    assert {name: again[name] for name in kept} == {name: first[name] for name in kept}


def test_what_only_says_how_a_picture_is_written_is_not_for_documents() -> None:
    """It would undo the recipe's limits or its privacy."""
    operations = all_operations()
    assert {name for name, kind in operations.items() if not kind.for_documents} == {
        "animation",
        "convert",
        "redact",
        "strip_metadata",
    }
    assert {name for name, kind in operations.items() if kind.protects} == {"blur", "pixelate", "redact", "watermark"}

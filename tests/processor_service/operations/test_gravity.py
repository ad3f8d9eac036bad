"""Where things lie: each gravity is the place that its name says, for every operation that has one."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from PIL import Image

from processor_service.pixels.gravity import Direction, Gravity
from tests.helpers.pictures import b64, encoded
from tests.processor_service.operations.test_operations import applied

PLACES = get_args(Direction)
NORTH, SOUTH = ("north", "northeast", "northwest"), ("south", "southeast", "southwest")
WEST, EAST = ("west", "northwest", "southwest"), ("east", "northeast", "southeast")


def cell(place: str) -> tuple[int, int]:
    """Column and row, 0 to 2 each."""
    return 0 if place in WEST else 2 if place in EAST else 1, 0 if place in NORTH else 2 if place in SOUTH else 1


def board() -> Image.Image:
    """Nine fields of 10 x 10 pixels; red tells the column, green the row."""
    image = Image.new("RGB", (30, 30))
    for column in range(3):
        for row in range(3):
            image.paste((100 * column, 100 * row, 0), (10 * column, 10 * row, 10 * column + 10, 10 * row + 10))
    return image


def field_at(image: Image.Image, at: tuple[int, int]) -> tuple[int, int]:
    red, green, _ = np.asarray(image)[at[1], at[0]]
    return round(float(red) / 100), round(float(green) / 100)


def test_smart_is_a_gravity_of_its_own() -> None:
    assert set(get_args(Gravity)) - set(PLACES) == {"smart"}


@pytest.mark.parametrize("place", PLACES)
def test_crop(place: str) -> None:
    cut = applied("crop", board(), width=10, height=10, gravity=place)
    assert cut.size == (10, 10)
    assert {field_at(cut, at) for at in ((0, 0), (9, 9))} == {cell(place)}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("width", "height"), [(30, 10), (10, 30)])
def test_crop_to_a_ratio_and_cover(place: str, width: int, height: int) -> None:
    shape = {"width": width, "height": height, "fit": "cover"}
    for image in (
        applied("crop", board(), aspect_ratio=f"{width}:{height}", gravity=place),
        applied("resize", board(), **shape, gravity=place),
    ):
        assert image.size == (width, height)
        column, row = field_at(image, (width // 2, height // 2))
        # Only along the side that is cut does the place matter.
        assert (column, row) == (1, cell(place)[1]) if width > height else (column, row) == (cell(place)[0], 1)


@pytest.mark.parametrize("place", PLACES)
def test_pad(place: str) -> None:
    white = Image.new("RGB", (30, 10), "white")
    for padded in (
        applied("pad", white, aspect_ratio="1:1", gravity=place, background="black"),
        applied("resize", white, width=30, height=30, fit="pad", gravity=place, background="black"),
    ):
        assert padded.size == (30, 30)
        assert padded.getbbox() == (0, 10 * cell(place)[1], 30, 10 * cell(place)[1] + 10)


@pytest.mark.parametrize("place", PLACES)
def test_watermark(place: str) -> None:
    stamp = b64(encoded(Image.new("RGBA", (10, 10), "white")))
    black = Image.new("RGB", (90, 90))
    column, row = cell(place)
    for margin, inset in ((0, 0), (0.1, 9)):
        marked = applied("watermark", black, image=stamp, scale=1 / 3, margin=margin, opacity=1, gravity=place)
        left, top = (inset + (30 - inset) * index for index in (column, row))
        assert marked.getbbox() == (left, top, left + 30, top + 30)

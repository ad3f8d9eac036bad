"""Columns of a page are read one after the other, tables row by row; what runs across the rows comes after them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from processor_service.recognition.column_gaps import cut_in_gaps
from processor_service.recognition.ocr import Reading
from processor_service.recognition.reading_order import in_order
from tests.helpers.drawn import page

LEFT = [
    "the harbour was quiet then",
    "and nobody spoke of storms",
    "when the first boats came",
    "in late from a cold night",
]
RIGHT = [
    "two children ran down here",
    "with a letter in the hands",
    "of the captain who left on",
    "the last boat of the year.",
]
THIRD = [
    "fish was cheap that week,",
    "bread was dear, and there",
    "was no more salt to be had",
    "for any money in the town.",
]


def piece(text: str, left: float, top: float, width: float = 260, height: float = 20) -> Reading:
    corners = [(left, top), (left + width, top), (left + width, top + height), (left, top + height)]
    return Reading(text, 1.0, corners, False, np.zeros((1, 1, 3), np.uint8))


def column(texts: list[str], left: float, top: float = 0.0, width: float = 260) -> list[Reading]:
    return [piece(text, left, top + 30 * row, width) for row, text in enumerate(texts)]


def texts(pieces: list[Reading]) -> list[str]:
    return [reading.text for reading in in_order(pieces)]


@pytest.mark.parametrize("shift", [0.0, 7.0, 14.0])
def test_columns_of_a_page_are_read_one_after_the_other(shift: float) -> None:
    pieces = column(LEFT, 0) + column(RIGHT, 290, shift) + column(THIRD, 580, 2 * shift)
    assert texts(pieces) == LEFT + RIGHT + THIRD


def test_what_is_above_and_below_columns_is_read_before_and_after_them() -> None:
    pieces = column(LEFT, 0, 50) + column(RIGHT, 290, 50)
    around = [piece("a headline over both columns", 100, 0, 350, 40), piece("and a line below", 200, 200, 200)]
    assert texts(around + pieces) == [around[0].text, *LEFT, *RIGHT, around[1].text]


def test_the_cells_of_a_table_are_read_row_by_row() -> None:
    names, towns, ages = (
        ["Anna Weber", "Luis Ortega", "Marie Dupont"],
        ["Hamburg", "Sevilla", "Lyon"],
        ["34", "51", "28"],
    )
    pieces = column(names, 0, width=130) + column(towns, 200, width=90) + column(ages, 400, width=30)
    assert texts(pieces) == [cell for row in zip(names, towns, ages, strict=True) for cell in row]


def test_prices_stay_with_what_they_are_the_prices_of() -> None:
    prices = ["1.29", "3.45", "2.99", "8.50"]
    pieces = column(LEFT, 0) + column(prices, 400, width=50)
    assert texts(pieces) == [cell for row in zip(LEFT, prices, strict=True) for cell in row]


def test_what_a_form_asks_stays_with_its_answer() -> None:
    asked = ["Name of the applicant:", "Address of residence:", "Date and place of birth:", "Telephone at daytime:"]
    # Those answers that are as long as lines of a page are, and those that are not.
    for answers in (
        LEFT,
        ["Johanna Katharina Mayer", "Lindenstrasse 14, 10969 Berlin", "1987, Regensburg", "+49 30 1234567"],
    ):
        pieces = column(asked, 0) + [piece(text, 290, 30 * row, 9 * len(text)) for row, text in enumerate(answers)]
        assert texts(pieces) == [cell for row in zip(asked, answers, strict=True) for cell in row]
    asked = [text.rstrip(":") for text in asked]
    pieces = column(asked, 0) + [piece(text, 290, 30 * row, 9 * len(text)) for row, text in enumerate(answers)]
    assert texts(pieces) == [cell for row in zip(asked, answers, strict=True) for cell in row]


def test_rows_beside_a_large_word_stay_together() -> None:
    rows = [piece("shoes and coats", 240, 10), piece("at half the price", 240, 60)]
    assert texts([*rows, piece("SALE", 0, 0, 200, 90)]) == ["SALE", *(row.text for row in rows)]
    assert texts([*rows, piece("SALE", 520, 0, 200, 90)]) == [*(row.text for row in rows), "SALE"]


def test_what_runs_across_the_rows_comes_after_them_and_a_title_before_columns_of_vertical_text() -> None:
    credit = piece("Photograph: J. Miller", -40, 0, 20, 110)
    assert texts([credit, *column(LEFT, 0)]) == [*LEFT, credit.text]
    vertical = [piece(text, left, 60, 20, 300) for text, left in (("second column", 50), ("first column", 100))]
    assert texts([*vertical, piece("a title", 10, 0, 100, 20)]) == ["a title", "first column", "second column"]


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_line_that_is_boxed_over_the_gap_between_columns_is_cut_there(turns: int) -> None:
    """Whichever way up: the row is on the picture, so that its parts are read."""
    pixels = np.full((180, 800, 3), 255, np.uint8)
    for left, text in ((0, LEFT[0]), (400, RIGHT[0])):
        row = np.asarray(page([text], size=24).crop((40, 20, 400, 64)))
        pixels[:44, left : left + 360] = row
    boxes = [(0, 0, 760, 44)] + [(left, 50 * row, left + 350, 50 * row + 40) for left in (0, 400) for row in (1, 2, 3)]
    names = ["both", *LEFT[1:], *RIGHT[1:]]
    pieces = [boxed(pixels, box, name, turns) for box, name in zip(boxes, names, strict=True)]
    assert texts(cut_in_gaps(pieces)) == LEFT + RIGHT


def boxed(pixels: NDArray[np.uint8], box: tuple[int, int, int, int], text: str, turns: int) -> Reading:
    """A piece of the picture turned to the left so many times, with the crop that a reader gets."""
    left, top, right, bottom = box
    height, width = pixels.shape[:2]
    for _ in range(turns):
        pixels = np.rot90(pixels)
        left, top, right, bottom, width, height = top, width - right, bottom, width - left, height, width
    crop = pixels[top:bottom, left:right]
    corners = [(float(x), float(y)) for x, y in ((left, top), (right, top), (right, bottom), (left, bottom))]
    # Downwards (three turns to the left) is what a reader turns once; upwards is upside down then.
    return Reading(text, 1.0, corners, turns in (1, 2), np.rot90(crop) if turns % 2 else crop)

"""Text is read line by line, in reading order, whichever way up."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from processor_service.extras import installing
from processor_service.recognition import RecognitionMissing, missing, ocr
from processor_service.recognition.ocr import Reading
from processor_service.recognition.reading_order import in_order
from processor_service.recognition.text import Page, lines, look, places, plain, same_way_up
from tests.helpers.drawn import page
from tests.helpers.pictures import opened, picture

ROWS = ["Elasticsearch keeps pictures", "and does nothing with them.", "The pipeline reads 2026 words"]

# In columns: from right to left.
DRAWN = {
    "chinese": ["山上的湖水很清", "我们看见一只白猫", "图片可以搜索"],
    "japanese": ["写真を検索する", "これは猫の写真です", "カメラとレンズ"],
    "columns": ["春眠不觉晓", "处处闻啼鸟", "夜来风雨声", "花落知多少"],
}


def letters(text: str) -> str:
    return "".join(text.split())


def read(image: Image.Image) -> str:
    return letters(plain(lines(look(image))))


def piece(text: str, left: float, top: float, width: float, height: float, upside_down: bool = False) -> Reading:
    corners = [(left, top), (left + width, top), (left + width, top + height), (left, top + height)]
    return Reading(text, 1.0, corners, upside_down, np.zeros((1, 1, 3), np.uint8))


@pytest.mark.parametrize("degrees", [0, 90, 180, 270, 8])
def test_a_picture_reads_the_same_whichever_way_up(degrees: int) -> None:
    assert read(page(ROWS).rotate(degrees, expand=True, fillcolor="white")) == letters("".join(ROWS))


def test_a_line_has_its_place_and_score() -> None:
    first, *_, last = lines(look(page(ROWS)))
    assert first.score > 0.9
    assert first.box.bottom < 0.4 < last.box.y < last.box.bottom <= 1
    assert 0 < first.box.x < 0.15


@pytest.mark.parametrize(
    "row",
    ["Größe, Übung, Straße", "déjà vu, garçon, œuvre", "El niño comió piña", "São Paulo, coração", "Zażółć gęślą jaźń"],
)
def test_languages_with_latin_letters_are_read(row: str) -> None:
    found = read(page([row], size=40))
    assert len(set(letters(row)) - set(found)) <= 1, found


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize("name", DRAWN)
def test_chinese_and_japanese_are_read_in_rows_and_columns_whichever_way_up(name: str, degrees: int) -> None:
    drawn = opened(picture(f"drawn/{name}.png")).convert("RGB")
    found = lines(look(drawn.rotate(degrees, expand=True, fillcolor="white")))
    assert [line.text for line in found] == DRAWN[name]


@pytest.mark.parametrize("name", DRAWN)
def test_they_are_read_in_white_on_a_transparent_ground(name: str) -> None:
    ink = ImageOps.invert(opened(picture(f"drawn/{name}.png")).convert("L"))
    white = Image.new("RGBA", ink.size, (255, 255, 255, 0))
    white.putalpha(ink)
    assert [line.text for line in lines(look(white))] == DRAWN[name]


@pytest.mark.parametrize(("ink", "other"), [("white", "black"), ("black", "white"), ("yellow", "navy")])
def test_text_on_a_transparent_ground_is_read_whatever_its_colour(ink: str, other: str) -> None:
    for color in (ink, other):
        assert read(page(["Transparent"], ink=color, ground=None)) == "Transparent"


def test_black_and_white_text_on_the_same_transparent_ground_is_read() -> None:
    rows = [page([f"{ink} words"], ink=ink, ground=None) for ink in ("black", "white")]
    both = Image.new("RGBA", (rows[0].width + 20, 2 * rows[0].height), (0, 0, 0, 0))
    for number, row in enumerate(rows):
        both.paste(row, (0, number * row.height))
    assert read(both) == "blackwordswhitewords"


def test_a_word_that_is_hardly_read_is_read_upside_down_too() -> None:
    crop = np.asarray(page(["EXIT"], size=40).crop((70, 30, 210, 90)).rotate(180))
    reading = replace(piece("EIXI3T", 0, 0, 140, 60), crop=crop, score=0.8)
    assert [(found.text, found.upside_down) for found in same_way_up([reading])] == [("EXIT", True)]
    sure = replace(reading, score=0.9)
    assert same_way_up([sure]) == [sure]


@pytest.mark.parametrize("image", [Image.new("RGB", (300, 200)), Image.new("RGBA", (9, 9)), Image.new("L", (1, 700))])
def test_a_picture_without_text_has_no_lines(image: Image.Image) -> None:
    assert lines(look(image)) == []


def test_text_of_a_script_that_cannot_be_read_has_a_place_all_the_same() -> None:
    readable, russian = look(page(["pictures", "and words"])), look(page(["съешь же ещё", "этих булок"]))
    assert letters(plain(lines(russian))) != "съешьжеещёэтихбулок"
    assert len(places(russian)) == len(places(readable)) == 2


def test_small_print_of_a_large_page_is_read() -> None:
    rows = [f"Line {number} of a page in small print" for number in range(1, 30)]
    assert read(page(rows, size=26).resize((1100, 1760))) == letters("".join(rows))


def test_vertical_columns_are_read_from_right_to_left() -> None:
    pieces = [
        piece("left column", 10, 0, 20, 300),
        piece("right column", 90, 0, 20, 300),
        piece("middle", 50, 5, 20, 280),
    ]
    assert [reading.text for reading in in_order(pieces)] == ["right column", "middle", "left column"]


def test_pieces_of_a_row_are_read_from_left_to_right() -> None:
    pieces = [piece("price", 200, 12, 80, 20), piece("below it", 0, 50, 90, 20), piece("name", 0, 10, 80, 20)]
    assert [reading.text for reading in in_order(pieces)] == ["name", "price", "below it"]


@pytest.mark.parametrize(
    ("texts", "kept"),
    [
        (["V"], []),
        (["V", "7", "-"], []),
        (["福"], ["福"]),
        # A digit in a table is a text.
        (["No", "7"], ["No", "7"]),
    ],
)
def test_a_letter_alone_is_no_text(texts: list[str], kept: list[str]) -> None:
    """As a fold of a jacket is read as a V."""
    pieces = [piece(text, 10, 40 * row, 20, 20) for row, text in enumerate(texts)]
    assert [line.text for line in lines(Page(Image.new("RGB", (100, 200)), pieces))] == kept


def test_a_short_line_has_to_be_sure() -> None:
    scores = {"000": 0.87, "005": 0.95, "one way": 0.6, "出": 0.6}
    pieces = [
        replace(piece(text, 10, 40 * row, 80, 20), score=score) for row, (text, score) in enumerate(scores.items())
    ]
    found = lines(Page(Image.new("RGB", (100, 200)), pieces))
    assert [line.text for line in found] == ["005", "one way", "出"]


def test_rows_that_are_upside_down_are_read_from_the_bottom() -> None:
    pieces = [
        piece("last", 0, 10, 80, 20, True),
        piece("second", 0, 50, 80, 20, True),
        piece("first", 100, 50, 80, 20, True),
    ]
    assert [reading.text for reading in in_order(pieces)] == ["first", "second", "last"]


def test_reading_needs_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> None:
        raise AssertionError("something asked for the network")

    monkeypatch.setattr(socket, "getaddrinfo", refused)
    monkeypatch.setattr(socket.socket, "connect", refused)
    ocr._engine.cache_clear()
    assert read(page(["offline"])) == "offline"


def test_a_missing_package_is_named_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = __import__("importlib.util").util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "rapidocr" else real(name))
    assert missing() == f"the package rapidocr is missing: {installing('recognition')}"
    ocr._engine.cache_clear()
    with pytest.raises(RecognitionMissing, match="rapidocr is missing"):
        look(page(["absent"]))


def test_a_missing_model_is_an_error_and_no_download(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ocr._MODELS, "Rec", "another.onnx")
    ocr._engine.cache_clear()
    with pytest.raises(RecognitionMissing, match=r"without another\.onnx"):
        look(page(["absent"]))

"""Number plates are told from other texts, and read."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from processor_service.recognition.ocr import Reading
from processor_service.recognition.plate_text import folded, is_chinese, is_plate, normal, stacked
from processor_service.recognition.plates import Plate, _elected, _groups, _guesses, plates
from processor_service.recognition.text import look
from tests.helpers.drawn import groups, page, plate
from tests.helpers.pictures import opened, picture


def found(image: Image.Image, vehicle: float | None = 1.0) -> list[str]:
    return [folded(plate.text) for plate in plates(look(image), vehicle)]


@pytest.mark.parametrize("text", ["RK 755 AJ", "M-AB 1234", "OUZ-2198", "BRA2E19", "5EZP631"])
@pytest.mark.parametrize("turned", [0, -10])
def test_a_plate_is_read(text: str, turned: float) -> None:
    assert found(plate([text], turned)) == [folded(text)]


@pytest.mark.parametrize("rows", [["ABC", "1D23"], ["AB12", "CDE"]])
def test_the_two_lines_of_a_plate_are_joined(rows: list[str]) -> None:
    assert found(plate(rows)) == [folded("".join(rows))]


@pytest.mark.parametrize("color", ["#eb8c3c", "#78aaf0"])
def test_a_coloured_ring_between_the_groups_is_no_letter(color: str) -> None:
    def ring(draw: ImageDraw.ImageDraw, x: float, y: float) -> None:
        draw.ellipse((x - 13, y - 13, x + 13, y + 13), outline=color, width=5)

    assert found(groups("002", "HHM", ring)) == [folded("002HHM")]


def test_groups_that_are_seen_as_two_texts_are_one_plate() -> None:
    def fruit(draw: ImageDraw.ImageDraw, x: float, y: float) -> None:
        draw.ellipse((x - 13, y - 9, x + 8, y + 12), fill="#eb8c3c")
        draw.ellipse((x - 3, y - 14, x + 13, y + 3), fill="#3c8c46")

    image = groups("AB2", "7KF", fruit)
    assert {"AB2", "7KF"} <= {reading.text for reading in look(image).readings}
    assert found(image) == [folded("AB27KF")]


@pytest.mark.parametrize(
    ("texts", "places"),
    [
        ([("KLM", 0, 0), ("482", 130, 0)], ["KLM482"]),
        ([("482", 130, 0), ("KLM", 0, 0)], ["KLM482"]),
        # Too far, lower, both words, a plate by itself.
        ([("KLM", 0, 0), ("482", 300, 0)], []),
        ([("KLM", 0, 0), ("482", 130, 40)], []),
        ([("KLM", 0, 0), ("ABC", 130, 0)], []),
        ([("KLM", 0, 0), ("4821A", 130, 0)], []),
    ],
)
def test_groups_of_a_plate_stand_beside_each_other(texts: list[tuple[str, float, float]], places: list[str]) -> None:
    pieces = [
        Reading(
            text, 0.99, [(x, y), (x + 100, y), (x + 100, y + 50), (x, y + 50)], False, np.zeros((1, 1, 3), np.uint8)
        )
        for text, x, y in texts
    ]
    assert [place.text for place in _groups(pieces, (640, 480))] == places


@pytest.mark.parametrize(("share", "radius"), [(1, 4), (0.7, 3), (0.5, 2)])
def test_a_plate_out_of_focus_is_read_where_a_vehicle_is_seen(share: float, radius: float) -> None:
    car = opened(picture("drawn/car.jpg")).convert("RGB")
    size = (round(car.width * share), round(car.height * share))
    blurred = car.resize(size).filter(ImageFilter.GaussianBlur(radius))
    assert found(blurred, None) == []
    assert found(blurred) == [folded("BXY1234")]


def test_a_plate_has_its_place() -> None:
    (one,) = plates(look(plate(["RK 755 AJ"])), 1.0)
    assert 200 / 640 < one.box.x < one.box.right < 440 / 640
    assert 225 / 480 < one.box.y < one.box.bottom < 310 / 480


def test_where_no_vehicle_is_seen_there_are_no_plates() -> None:
    assert found(plate(["RK 755 AJ"]), vehicle=0.05) == []
    assert found(plate(["RK 755 AJ"]), vehicle=None) == [folded("RK755AJ")]


def test_other_texts_are_no_plates() -> None:
    assert found(page(["TOYOTA", "12 345 678", "speed limit 500 kg", "www.example.com/a1"])) == []


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("rk-755 aj", "RK755AJ"),
        ("川A·8H458", "川A8H458"),
        ("鄂·F8888警", "鄂F8888警"),
        ("RK²576AH", "RK576AH"),
        ("lö-ab 123", "LÖAB123"),
        ("TU\u0308 Ä 1", "TÜÄ1"),
        ("李谈车A1", ""),
    ],
)
def test_the_normal_form_is_upper_case_without_separators(text: str, plain: str) -> None:
    assert normal(text) == plain


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("RKO99AN", "RK099AN"),
        ("BA268IM", "BA2681M"),
        ("8B1B", "B818"),
        ("ab-12 Q", "AB120"),
        ("LÖ AB 12", "LOAB12"),
        ("TÜ-Ä 1", "TUA1"),
    ],
)
def test_what_is_easily_confused_is_the_same_in_a_search(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@pytest.mark.parametrize(
    "text",
    ["RK755AJ", "FWE50", "002HHM", "CEMENT0", "1B80338", "京A12345", "粤B6R678", "鄂F8888警", "粤Z1234港", "LÖAB123"],
)
def test_texts_that_can_be_plates(text: str) -> None:
    assert is_plate(text)


@pytest.mark.parametrize(
    "text", ["TOYOTA", "20140508", "A1", "1080P", "500KG", "24DEC2026", "ABCDEFGH12", "川A", "2WD"]
)
def test_texts_that_cannot(text: str) -> None:
    assert not is_plate(text)


def test_a_green_plate_of_china_has_one_more_character() -> None:
    assert is_chinese("粤BD12345")
    assert not is_chinese("粤BD123456")


@pytest.mark.parametrize(
    ("upper", "lower", "joined"),
    [
        ("京E", "A5331", "京EA5331"),
        ("沪A", "N9241", "沪AN9241"),
        ("ABC", "1D23", "ABC1D23"),
        ("AB12", "CDE", "AB12CDE"),
        ("TEXAS", "CLT0108", None),
        ("FORD", "2011", None),
    ],
)
def test_two_lines_that_are_a_plate(upper: str, lower: str, joined: str | None) -> None:
    assert stacked(upper, lower) == joined


def test_lines_far_from_each_other_are_not_joined() -> None:
    def at(text: str, top: float) -> Reading:
        corners = [(0.0, top), (100.0, top), (100.0, top + 30), (0.0, top + 30)]
        return Reading(text, 0.99, corners, False, np.zeros((1, 1, 3), np.uint8))

    assert [guess.text for guess in _guesses([at("京E", 0), at("A5331", 35)], (640, 480))] == ["京EA5331"]
    assert [guess.text for guess in _guesses([at("京E", 0), at("A5331", 90)], (640, 480))] == ["A5331"]


@pytest.mark.parametrize(
    ("votes", "elected"),
    [
        ([("UJ5HE1A", 0.92), ("UJ5E1A", 0.9)], "UJ5E1A"),
        ([("A5331", 1.0), ("A5331", 1.0), ("京EA5331", 0.8)], "京EA5331"),
        ([("RON464", 0.9), ("RDN464", 0.9), ("RDN464", 0.9)], "RDN464"),
        ([], None),
    ],
)
def test_several_looks_elect_one_text(votes: list[tuple[str, float]], elected: str | None) -> None:
    best = _elected([Plate(text, score, [(0, 0), (1, 0), (1, 1), (0, 1)]) for text, score in votes])
    assert (best.text if best else None) == elected


def test_a_plate_with_an_umlaut_is_found_as_it_is_read() -> None:
    (one,) = plates(look(plate(["LÖ AB 123"])), 0.9)
    assert (one.text, one.folded) == ("LÖAB123", folded("LOAB123"))

"""What is hidden cannot be made out again, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from processor_service.recognition import Box
from processor_service.recognition.faces import faces
from processor_service.recognition.hide import How, hide
from processor_service.recognition.text import lines, look
from tests.helpers.drawn import page, plate
from tests.helpers.paths import PICTURES

WAYS: list[How] = ["pixelate", "blur", "fill"]
BOX = Box(0.25, 0.25, 0.5, 0.5)


def noise(size: tuple[int, int], mode: str = "RGB", seed: int = 0) -> Image.Image:
    random = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 4), np.uint8)
    return Image.fromarray(random).convert(mode)


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_outside_of_the_boxes_every_pixel_is_the_same(how: How, mode: str) -> None:
    image = noise((200, 120), mode)
    before, after = np.array(image), np.array(hide(image, [BOX], how, margin=0))
    inside = np.zeros((120, 200), bool)
    inside[30:90, 50:150] = True
    assert (before[~inside] == after[~inside]).all()
    assert (before[inside] != after[inside]).mean() > 0.9
    assert np.array_equal(before, np.array(image))


@pytest.mark.parametrize("size", [(40, 30), (200, 120), (3000, 2000)])
def test_the_squares_are_as_coarse_whatever_the_size(size: tuple[int, int]) -> None:
    after = hide(noise(size), [Box(0, 0, 1, 1)], "pixelate", margin=0)
    rows = np.array(after)[:, 0]
    assert 1 + (np.diff(rows.astype(int), axis=0) != 0).any(axis=1).sum() <= 6


@pytest.mark.parametrize("size", [(400, 60), (60, 400), (4000, 300)])
def test_the_squares_of_a_long_box_are_fewer(size: tuple[int, int]) -> None:
    after = np.array(hide(noise(size), [Box(0, 0, 1, 1)], "pixelate", margin=0))
    short = after[:, 0] if size[0] > size[1] else after[0]
    assert 1 + (np.diff(short.astype(int), axis=0) != 0).any(axis=1).sum() <= 2


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("box", [Box(0.1, 0.4, 0.8, 0.1), Box(0.3, 0.3, 0.4, 0.3), Box(0.2, 0.2, 0.6, 0.6)])
@pytest.mark.parametrize("rows", [["RK 755 AJ"], ["HNX", "4719"]])
def test_letters_cannot_be_tried_one_by_one(how: How, box: Box, rows: list[str]) -> None:
    """All that is left of a plate, of one line or two, upright or turned, is one colour."""
    for turned in (0, 30):
        hidden = np.array(hide(plate(rows, turned), [box], how, margin=0, letters=True))
        left, top, right, bottom = box.pixels((640, 480))
        assert len(np.unique(hidden[top:bottom, left:right].reshape(-1, 3), axis=0)) == 1


@pytest.mark.parametrize("how", WAYS)
def test_two_pictures_of_the_same_means_cannot_be_told_apart(how: How) -> None:
    image = noise((120, 120))
    turned = np.array(image).reshape(6, 20, 6, 20, 3)[:, ::-1, :, ::-1].reshape(120, 120, 3)
    one, other = (hide(each, [Box(0, 0, 1, 1)], how, margin=0) for each in (image, Image.fromarray(turned)))
    assert np.array_equal(np.array(one), np.array(other))


@pytest.mark.parametrize("how", WAYS)
def test_a_hidden_face_is_not_found_at_half_the_threshold(how: How) -> None:
    image = Image.open(PICTURES / "skimage" / "astronaut.png").convert("RGB")
    hidden = hide(image, [face.box for face in faces(image)], how)
    assert faces(hidden, min_score=0.25) == []


@pytest.mark.parametrize("how", WAYS)
def test_hidden_text_is_not_read(how: How) -> None:
    image = page(["RK 755 AJ secret"]).rotate(8, expand=True, fillcolor="white")
    hidden = hide(image, [line.box for line in lines(look(image))], how)
    assert lines(look(hidden), min_score=0.25) == []


def test_a_margin_grows_the_box_and_stops_at_the_edge() -> None:
    after = np.array(hide(Image.linear_gradient("L").resize((100, 100)), [Box(0, 0.4, 0.2, 0.2)], "fill", margin=0.5))
    assert len(np.unique(after[30:70, 0:30])) == 1
    assert len(np.unique(after[:, 50])) > 50


def test_boxes_that_overlap_are_hidden_as_one() -> None:
    boxes = [Box(0.1, 0.1, 0.4, 0.4), Box(0.3, 0.3, 0.4, 0.4), Box(0.6, 0.6, 0.2, 0.2)]
    after = np.array(hide(noise((200, 200)), boxes, "fill", margin=0))
    assert len(np.unique(after[20:160, 20:160].reshape(-1, 3), axis=0)) == 1


def test_no_boxes_change_nothing() -> None:
    image = noise((50, 50))
    assert np.array_equal(np.array(hide(image, [])), np.array(image))
    assert np.array_equal(np.array(hide(image, [Box(0.5, 0.5, 0, 0)], margin=0)), np.array(image))


def test_an_unknown_way_is_refused_with_the_valid_ones() -> None:
    with pytest.raises(ValueError, match="valid are pixelate, blur, fill"):
        hide(noise((9, 9)), [BOX], "smear")  # type: ignore[arg-type]


def test_the_box_of_a_turned_one_is_its_hull() -> None:
    hull = Box.around([(0.2, 0.1), (0.6, 0.2), (0.5, 0.6), (-0.1, 0.5)])
    assert hull.fields() == {"x": 0, "y": 0.1, "width": 0.6, "height": 0.5}
    assert Box(0.1, 0.2, 0.3, 0.4).pixels((10, 10)) == (1, 2, 4, 6)
    assert Box(0.11, 0.21, 0.3, 0.4).pixels((10, 10)) == (1, 2, 5, 7)

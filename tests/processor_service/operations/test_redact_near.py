"""Of a face that is near, `redact` leaves nothing: pixels are compared, as a detector does not miss a mouth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from processor_service.pipeline import process
from processor_service.recognition.box import Box
from processor_service.recognition.hide import MARGIN
from processor_service.recognition.unseen import unseen
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers.people import PEOPLE, in_front, near
from tests.helpers.pictures import b64, encoded, opened


def changed(image: Image.Image) -> NDArray[np.bool_]:
    """Which pixels `redact` changes."""
    operations: list[dict[str, Any]] = [{"redact": {"what": ["faces"]}}, {"convert": {"format": "png"}}]
    request = Request.parse({"data": b64(encoded(image)), "operations": operations, "properties": []})
    stored = opened(process(request, Settings(), Stopwatch())["data"]).convert("RGB")
    return np.asarray(np.any(np.asarray(stored) != np.asarray(image), axis=2))


@pytest.mark.parametrize(
    ("name", "cut", "height"),
    [
        ("obama", -0.2, 1000),
        ("obama", -0.1, 800),
        ("collins", -0.2, 700),
        ("collins", 0, 1000),
        ("hopper", -0.1, 1000),
        ("hopper", 0, 1000),
    ],
)
def test_all_pixels_of_a_face_that_fills_the_picture_are_changed(name: str, cut: float, height: int) -> None:
    image, place = near(name, cut, height)
    left, top, right, bottom = place.pixels(image.size)
    face = changed(image)[top:bottom, left:right]
    assert face.mean() > 0.97
    # Mouth and chin.
    assert face[len(face) * 2 // 3 :].mean() > 0.97


@pytest.mark.parametrize("height", [700, 1100])
@pytest.mark.parametrize("cut", [-0.2, -0.1, 0, 0.2])
@pytest.mark.parametrize("name", PEOPLE)
def test_the_box_of_a_face_that_fills_the_picture_is_around_all_of_it(name: str, cut: float, height: int) -> None:
    image, place = near(name, cut, height)
    (box,) = unseen(image, ["faces"])["faces"]
    assert box.grown(MARGIN).common(place) > 0.99 * place.area


@pytest.mark.parametrize("quarters", [1, 2])
@pytest.mark.parametrize("name", PEOPLE)
def test_a_near_face_on_its_side_or_its_head_is_hidden_to_the_chin(name: str, quarters: int) -> None:
    image, place = near(name, 0, 1200)
    turn = {1: Image.Transpose.ROTATE_90, 2: Image.Transpose.ROTATE_180}[quarters]
    (box,) = unseen(image.transpose(turn), ["faces"])["faces"]
    for _ in range(quarters):
        box = Box(1 - box.bottom, box.x, box.height, box.width)
    assert box.grown(MARGIN).common(place) > 0.97 * place.area


@pytest.mark.parametrize(("size", "place"), [(180, (80, 450)), (260, (330, 460)), (320, (200, 470))])
def test_a_large_face_and_somebody_in_front_of_it_are_both_hidden(size: int, place: tuple[int, int]) -> None:
    image, places = in_front(size, place)
    pixels = changed(image)
    for face in places:
        left, top, right, bottom = face.pixels(image.size)
        assert pixels[top:bottom, left:right].mean() > 0.97

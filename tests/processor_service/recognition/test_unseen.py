"""What must not be seen is found whichever way up a picture lies."""

from __future__ import annotations

import pytest
from PIL import Image

from processor_service.recognition import unseen as module
from processor_service.recognition.box import Box
from processor_service.recognition.faces import faces
from processor_service.recognition.unseen import unseen
from tests.helpers.drawn import plate
from tests.helpers.pictures import opened, picture

TURNS = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}
FACE = opened(picture("skimage/astronaut.png")).convert("RGB").crop((64, 0, 384, 256))
# So small, it is found upright only, or with a lower score.
SMALL = Image.new("RGB", (480, 360), (90, 95, 100))
SMALL.paste(FACE.resize((60, 48)), (300, 60))


@pytest.mark.parametrize("degrees", TURNS)
def test_a_face_that_lies_on_its_side_or_its_head_is_found_where_it_is(degrees: int) -> None:
    (upright,) = faces(SMALL)
    turned = SMALL.transpose(TURNS[degrees])
    (box,) = unseen(turned, ["faces"], 0.5)["faces"]
    # The place, laid upright: the centre of the turned box as that of the upright one.
    x, y = box.x + box.width / 2, box.y + box.height / 2
    for _ in range(degrees // 90):
        x, y = 1 - y, x
    assert upright.box.x < x < upright.box.right and upright.box.y < y < upright.box.bottom


def test_the_model_by_itself_misses_one_that_lies() -> None:
    assert len(faces(SMALL)) == 1
    assert faces(SMALL.transpose(Image.Transpose.ROTATE_180)) == []


def test_a_face_that_is_found_in_several_turns_is_one() -> None:
    assert len(unseen(FACE, ["faces"])["faces"]) == 1


class Seen:
    """What the model of labels says of a picture: a car, or none."""

    def __init__(self, vehicle: float) -> None:
        self.vehicle = vehicle


@pytest.mark.parametrize("text", ["BIGBOSS", "KISSME", "4815162", "LÖ AB 123"])
def test_where_a_vehicle_is_seen_every_text_of_a_plate_s_shape_is_hidden(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(module, "see", lambda _: Seen(0.9))
    (box,) = unseen(plate([text]), ["plates"])["plates"]
    # Where the sign is.
    assert Box(215 / 640, 240 / 480, 210 / 640, 54 / 480).common(box) > 0.7 * box.area


def test_where_no_vehicle_is_seen_words_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "see", lambda _: Seen(0.0))
    assert unseen(plate(["BIGBOSS"]), ["plates"]) == {"plates": []}

"""What must not be seen is found whichever way up a picture lies."""

from __future__ import annotations

import pytest
from PIL import Image

from processor_service.recognition import plates, text
from processor_service.recognition import unseen as module
from processor_service.recognition.box import Box
from processor_service.recognition.faces import Face, faces
from processor_service.recognition.ocr import Reading
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


@pytest.mark.parametrize("written", ["BIGBOSS", "KISSME", "4815162", "LÖ AB 123"])
def test_where_a_vehicle_is_seen_every_text_of_a_plate_s_shape_is_hidden(
    monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    monkeypatch.setattr(module, "see", lambda _: Seen(0.9))
    (box,) = unseen(plate([written]), ["plates"])["plates"]
    # Where the sign is.
    assert Box(215 / 640, 240 / 480, 210 / 640, 54 / 480).common(box) > 0.7 * box.area


def test_where_no_vehicle_is_seen_words_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "see", lambda _: Seen(0.0))
    assert unseen(plate(["BIGBOSS"]), ["plates"]) == {"plates": []}


def test_a_part_of_one_colour_is_not_looked_through_and_others_are(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[Image.Image] = []

    def noted(image: Image.Image, _: float, large: bool) -> list[Face]:
        looked_at.append(image)
        return []

    monkeypatch.setattr(module, "faces", noted)
    monkeypatch.setattr(module, "lying", lambda *_: iter(()))
    whole, flat, faint = (Image.new("RGB", (64, 64), (200, 200, 200)) for _ in range(3))
    flat.putpixel((5, 5), (200, 203, 200))
    faint.putpixel((5, 5), (200, 204, 200))
    unseen(whole, ["faces"], parts=[(Box(0, 0, 1, 1), part) for part in (flat, faint)])
    assert looked_at == [whole, faint]


@pytest.mark.parametrize(("parts", "looks"), [(0, [960, 1280, 960]), (1, [960, 960, 960])])
def test_a_picture_with_parts_is_not_looked_through_once_more_a_little_larger(
    monkeypatch: pytest.MonkeyPatch, parts: int, looks: list[int]
) -> None:
    sides: list[int] = []

    def noted(_: Image.Image, side: int) -> list[Reading]:
        sides.append(side)
        return []

    monkeypatch.setattr(module, "see", lambda _: Seen(0.0))
    monkeypatch.setattr(text, "read_closely", lambda image, side: (noted(image, side), []))
    monkeypatch.setattr(plates, "read", noted)
    picture = Image.linear_gradient("L").resize((1000, 800)).convert("RGB")
    assert unseen(picture, ["plates"], parts=[(Box(0, 0, 1, 1), picture)] * parts) == {"plates": []}
    assert sides == looks


@pytest.mark.parametrize(("what", "vehicle"), [("plates", 0.9), ("text", 0.0)])
def test_what_is_too_small_to_be_boxed_as_text_is_hidden_all_the_same(
    monkeypatch: pytest.MonkeyPatch, what: module.What, vehicle: float
) -> None:
    monkeypatch.setattr(module, "see", lambda _: Seen(vehicle))
    image = Image.new("RGB", (960, 960), (90, 95, 100))
    image.paste(plate(["CLT 0108"]).crop((210, 235, 430, 300)).resize((54, 16), Image.Resampling.LANCZOS), (400, 300))
    assert text.look(image).readings == []
    (box,) = unseen(image, [what])[what]
    assert box.x < 400 / 960 and box.right > 454 / 960 and box.y < 300 / 960 and box.bottom > 316 / 960

"""What is recognized becomes fields, and each thing is looked for once."""

from __future__ import annotations

from typing import Any

import pytest
from PIL import Image

from processor_service.embedders.lite0 import Lite0
from processor_service.features.faces import Faces
from processor_service.features.labels import Labels
from processor_service.features.plates import Plates
from processor_service.features.text import Text
from processor_service.picture import Picture, Source
from processor_service.pipeline import process
from processor_service.pixels.orientation import upright
from processor_service.recognition import labels as model
from processor_service.recognition import text as reading
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.answer_schema import answer_schemas
from processor_service.wire.request import Request
from tests.helpers.drawn import page, plate
from tests.helpers.misfits import misfits
from tests.helpers.pictures import b64, encoded, opened, picture

ROWS = ["Harbour lights", "open until nine"]
CAT, FACE = "skimage/chelsea.png", "skimage/astronaut.png"


def of(image: Image.Image, orientation: int = 1) -> Picture:
    return Picture([image], Source("png", *image.size, 1, 1), orientation)


def fields(data: bytes, *properties: Any) -> dict[str, Any]:
    return process(Request.parse({"data": b64(data), "properties": list(properties)}), Settings(), Stopwatch())


def test_text_is_read_in_order_with_the_place_of_each_line() -> None:
    found = Text().extract(of(page(ROWS)))
    assert found["text"] == "\n".join(ROWS)
    first, second = found["text_lines"]
    assert (first["text"], second["text"]) == tuple(ROWS)
    assert first["box"]["y"] + first["box"]["height"] < second["box"]["y"] + 0.02
    assert first["score"] > 0.8


def test_a_picture_without_text_has_no_field_of_text() -> None:
    assert Text().extract(of(Image.new("RGB", (300, 200), "gray"))).keys() == {"text_model"}


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_a_picture_that_is_still_to_be_turned_is_read_as_it_is_looked_at(orientation: int) -> None:
    back = {3: 3, 6: 8, 8: 6}[orientation]
    assert Text().extract(of(upright(page(ROWS), back), orientation))["text"] == "\n".join(ROWS)


def test_a_plate_is_stored_as_it_is_and_as_it_is_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model.Seen, "vehicle", 1.0)
    found = Plates().extract(of(plate(["BO 755 AJ"])))
    assert (found["plates"], found["plates_folded"]) == (["BO755AJ"], ["80755AJ"])
    assert found["plate_boxes"][0]["text"] == "BO755AJ"
    assert 0.3 < found["plate_boxes"][0]["box"]["x"] < 0.5


def test_a_picture_without_a_vehicle_has_no_plates() -> None:
    assert Plates().extract(of(opened(picture(CAT)).convert("RGB"))).keys() == {"plates_model"}


def test_faces_are_counted_and_have_a_place() -> None:
    found = Faces().extract(of(opened(picture(FACE)).convert("RGB")))
    assert found["face_count"] == len(found["faces"]) == 1
    assert found["faces"][0]["box"]["y"] < 0.3
    none = Faces().extract(of(opened(picture(CAT)).convert("RGB")))
    assert none.keys() == {"face_count", "faces_model"} and none["face_count"] == 0


def test_a_cat_is_called_a_cat_and_an_animal() -> None:
    words = Labels().extract(of(opened(picture(CAT)).convert("RGB")))["labels"]
    assert words.index("cat") < words.index("animal")


@pytest.mark.parametrize("order", [("faces", "labels"), ("labels", "faces")])
def test_where_faces_are_looked_for_a_person_is_named_in_whatever_order(order: tuple[str, str]) -> None:
    assert "person" in fields(picture(FACE), *order)["labels"]


def test_words_that_are_less_probable_are_left_out() -> None:
    cat = opened(picture(CAT)).convert("RGB")
    some, more = (Labels(min_probability=p).extract(of(cat))["labels"] for p in (0.8, 0.1))
    assert set(some) < set(more)


def test_text_is_read_once_and_the_model_of_labels_sees_each_view_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    look, run = reading.look, model._run

    def looked(image: Image.Image) -> Any:
        calls.append("look")
        return look(image)

    def viewed(views: list[Image.Image]) -> Any:
        calls.extend("view" for _ in views)
        return run(views)

    embedder = Lite0.load(Settings())
    monkeypatch.setattr(reading, "look", looked)
    monkeypatch.setattr(model, "_run", viewed)
    image = of(plate(["RK 755 AJ"]))
    assert len(embedder.of_picture(image)) == Lite0.dims
    # A vector alone, as pipelines have it at once whose words come later, takes a third of what words take.
    assert calls == ["view"]
    for feature in (Text(), Plates(), Labels()):
        feature.extract(image)
    assert sorted(calls) == ["look", *["view"] * 3]
    calls.clear()
    vector = embedder.of_picture(image)
    assert calls == [] and vector is embedder.of_picture(image)


def test_what_is_recognized_fits_what_the_node_believes() -> None:
    found = fields(encoded(page(ROWS)), "text", "plates", "faces", "labels")
    schemas = answer_schemas()
    assert found["text"]
    assert [p for key, value in found.items() for p in misfits(schemas[key], value, key)] == []


def test_no_property_of_recognition_is_made_unless_it_is_asked_for() -> None:
    found = process(Request.parse({"data": b64(picture(FACE))}), Settings(), Stopwatch())
    assert not {"text", "plates", "faces", "face_count", "labels"} & {
        name for name, value in found.items() if value is not None
    }

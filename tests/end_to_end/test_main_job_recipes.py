"""What pipelines and one-off operations make of a document, and which of them are refused."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from elasticsearch import BadRequestError, Elasticsearch
from PIL import ExifTags, Image

from tests.helpers.nodes import source
from tests.helpers.pictures import assert_alike, b64, encoded, opened, picture
from tests.helpers.service import Service, calls

PHOTO = picture("exif-orientation/Landscape_6.jpg")
SMALL = picture("pillow/hopper.jpg")


def test_one_off_operations_turn_the_stored_picture(es: Elasticsearch, index: str) -> None:
    es.index(index=index, id="1", document={"title": "A lake", "image": {"data": b64(PHOTO)}})
    before = source(es, index)["image"]
    es.update(index=index, id="1", doc={"image": {"operations": [{"rotate": {"degrees": 90}}]}})
    after = source(es, index)["image"]
    assert (after["width"], after["height"], after["orientation"]) == (1200, 1800, "portrait")
    assert "operations" not in after
    assert after["original"] == before["original"]
    assert after["sha256"] != before["sha256"]
    assert_alike(opened(after["data"]), opened(before["data"]).transpose(Image.Transpose.ROTATE_270), 3)
    # And so it stays.
    es.update(index=index, id="1", doc={"title": "A turned lake"})
    assert source(es, index)["image"] == after


def test_one_off_operations_of_a_new_document(es: Elasticsearch, index: str) -> None:
    es.index(
        index=index,
        id="1",
        document={"image": {"data": b64(PHOTO), "operations": ["grayscale", {"resize": {"width": 90}}]}},
    )
    image = source(es, index)["image"]
    assert (image["width"], image["height"]) == (90, 60)
    assert opened(image["data"]).mode == "L"
    assert "operations" not in image


def test_a_wrong_one_off_operation_is_refused_with_the_valid_ones(
    es: Elasticsearch, index: str, service: Service
) -> None:
    before = calls(service)
    with pytest.raises(BadRequestError) as refusal:
        es.index(index=index, id="1", document={"image": {"data": b64(SMALL), "operations": [{"rotat": {}}]}})
    assert "rotat" in str(refusal.value.body) and "rotate" in str(refusal.value.body)
    assert calls(service) == before


def test_the_pipeline_s_owner_may_forbid_one_off_operations(es: Elasticsearch, index: str) -> None:
    es.ingest.put_pipeline(id=f"closed-{index}", processors=[{"image": {"document_operations": False}}])
    with pytest.raises(BadRequestError) as refusal:
        es.index(
            index=index,
            pipeline=f"closed-{index}",
            document={"image": {"data": b64(SMALL), "operations": ["grayscale"]}},
        )
    assert "document_operations_disabled" in str(refusal.value.body)
    es.ingest.delete_pipeline(id=f"closed-{index}")


def test_the_plainest_pipeline_keeps_the_pixels_and_not_the_place(es: Elasticsearch, index: str) -> None:
    image = Image.open(io.BytesIO(PHOTO))
    exif = image.getexif()
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (60.0, 23.0, 0.0), 3: "E", 4: (5.0, 20.0, 0.0)})
    data = encoded(image, "JPEG", exif=exif)
    es.ingest.put_pipeline(id=f"plain-{index}", processors=[{"image": {}}])
    es.index(index=index, id="1", document={"image": {"data": b64(data)}}, pipeline=f"plain-{index}")
    stored = opened(source(es, index)["image"]["data"])
    assert dict(stored.getexif()) == {ExifTags.Base.Orientation: 6}
    assert stored.convert("RGB").tobytes() == opened(data).convert("RGB").tobytes()


@pytest.mark.parametrize(
    ("processor", "complaint"),
    [
        ({"operations": [{"rotat": {"degrees": 90}}]}, ["unknown operation [rotat]", "rotate"]),
        ({"operations": [{"rotate": {"degrees": 999}}]}, ["degrees", "360"]),
        ({"operations": [{"resize": {"widht": 9}}]}, ["widht", "width"]),
        ({"properties": ["colours"]}, ["unknown property [colours]", "colors"]),
        ({"on_invalid": "ignore"}, ["on_invalid", "record"]),
        ({"opertions": []}, ["opertions"]),
        ({"timeout": "soon"}, ["timeout"]),
        (
            {"operations": [{"background": {"color": "red"}}]},
            ["[color]: a colour should be #rgb, #rrggbb, black", "got [red]"],
        ),
        (
            {"operations": [{"crop": {"left": 10, "top": 10, "width": 80, "height": 80, "unit": "fraction"}}]},
            ["operation [crop]", "must be [pixels], got [fraction]; or", "must be at most 1, got [10]"],
        ),
    ],
)
def test_a_wrong_recipe_is_refused_at_put_pipeline(
    es: Elasticsearch, processor: dict[str, Any], complaint: list[str]
) -> None:
    with pytest.raises(BadRequestError) as refusal:
        es.ingest.put_pipeline(id="wrong", processors=[{"image": processor}])
    reason = json.dumps(refusal.value.body)
    assert all(part in reason for part in complaint), reason


def test_a_target_field_keeps_the_original(es: Elasticsearch, index: str, service: Service) -> None:
    es.ingest.put_pipeline(
        id=f"target-{index}",
        processors=[
            {"image": {"field": "photo", "target_field": "image", "operations": ["grayscale"], "properties": []}}
        ],
    )
    try:
        es.indices.create(
            index=index,
            settings={"default_pipeline": f"target-{index}"},
            mappings={"properties": {"photo": {"type": "binary"}}},
        )
        es.index(index=index, id="1", document={"photo": b64(SMALL)})
        stored = source(es, index)
        assert stored["photo"] == b64(SMALL)
        assert opened(stored["image"]["data"]).mode == "L"
        before = calls(service)
        es.update(index=index, id="1", doc={"title": "new"})
        assert calls(service) == before
        assert source(es, index) == {**stored, "title": "new"}
        es.update(index=index, id="1", doc={"photo": b64(PHOTO)})
        assert calls(service) == before + 1
        assert source(es, index)["image"]["width"] == 1200
    finally:
        es.indices.delete(index=index)
        es.ingest.delete_pipeline(id=f"target-{index}")


def test_remove_binary_keeps_the_fields_only(es: Elasticsearch, index: str, service: Service) -> None:
    es.ingest.put_pipeline(id=f"fields-{index}", processors=[{"image": {"remove_binary": True}}])
    try:
        es.indices.create(index=index, settings={"default_pipeline": f"fields-{index}"})
        es.index(index=index, id="1", document={"image": {"data": b64(SMALL)}})
        stored = source(es, index)
        assert "data" not in stored["image"] and stored["image"]["width"] == 128
        before = calls(service)
        es.update(index=index, id="1", doc={"title": "new"})
        assert calls(service) == before
        assert source(es, index) == {**stored, "title": "new"}
    finally:
        es.indices.delete(index=index)
        es.ingest.delete_pipeline(id=f"fields-{index}")

"""What is in a picture is found, and what must not be seen is stored nowhere, without the plugin, too."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipelines.inference.endpoints import Service as Kind
from processor_service.recognition.faces import faces
from tests.helpers.pictures import b64, opened, picture
from tests.helpers.service import Service

from .stock import PipelineFailed, StockProcessors
from .way import Way

FACE = picture("skimage/astronaut.png")
PRIVATE: dict[str, Any] = {
    "operations": ["auto_orient", {"redact": {"what": ["faces"]}}, {"convert": {"format": "png"}}],
    "properties": ["labels", "thumbnail"],
}


def traces(data: str) -> list[str]:
    return [data[at : at + 60] for at in range(0, len(data) - 60, len(data) // 20)]


@pytest.mark.parametrize("kind", ["custom", "openai"])
def test_a_picture_is_stored_redacted_and_stays_so(stock: StockProcessors, recognizing: Service, kind: Kind) -> None:
    way = Way(stock, recognizing.url, kind=kind, **PRIVATE)
    document = way({"image": {"data": b64(FACE)}})
    image = document["image"]
    assert image["redacted"] == {"faces": 1}
    (face,) = faces(opened(FACE).convert("RGB"))
    for shown in (image["data"], image["thumbnail"]):
        assert not [one for one in faces(opened(shown).convert("RGB"), 0.25) if one.box.common(face.box)]
    assert not [trace for trace in traces(b64(FACE)) if trace in json.dumps(document)]
    assert way({**document, "title": "again"}) == {**document, "title": "again"}


def test_a_refused_picture_that_was_to_be_redacted_is_not_stored(stock: StockProcessors, recognizing: Service) -> None:
    cut = b64(picture("pillow/hopper.jpg")[:2000])
    assert Way(stock, recognizing.url, on_invalid="record")({"image": {"data": cut}})["image"]["data"]
    image = Way(stock, recognizing.url, on_invalid="record", **PRIVATE)({"image": {"data": cut}})["image"]
    assert image["error"]["code"] and "data" not in image


def test_without_recognition_the_document_is_refused(stock: StockProcessors, service: Service) -> None:
    # The tests' common service has no recognizers.
    with pytest.raises(PipelineFailed, match=r"recognition_off"):
        Way(stock, service.url, on_invalid="record", **PRIVATE)({"image": {"data": b64(FACE)}})


def test_what_is_recognized_is_stored(stock: StockProcessors, recognizing: Service) -> None:
    way = Way(stock, recognizing.url, operations=["auto_orient"], properties=["faces", "labels", "text"])
    image = way({"image": {"data": b64(FACE)}})["image"]
    assert image["face_count"] == 1 and "person" in image["labels"]
    way = Way(stock, recognizing.url, operations=["auto_orient"], properties=["plates", "text"])
    image = way({"image": {"data": b64(picture("drawn/car.jpg"))}})["image"]
    assert (image["plates"], image["plates_folded"]) == (["BXY1234"], ["8XY1234"])
    assert image["text_lines"][0]["box"]["x"] > 0.3

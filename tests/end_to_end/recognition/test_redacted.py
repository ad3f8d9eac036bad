"""What must not be seen is stored nowhere, through real nodes."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from elasticsearch import ApiError, BadRequestError, Elasticsearch
from PIL import Image

from embedded_node import EmbeddedNode
from pipelines.resources import bundled
from processor_service.recognition.faces import Face, faces
from processor_service.recognition.plate_text import folded, normal
from processor_service.recognition.text import look
from tests.helpers.drawn import page, plate
from tests.helpers.nodes import set_hosts
from tests.helpers.pictures import b64, encoded, opened, picture
from tests.helpers.processes import with_pid
from tests.helpers.service import RECOGNIZER, TOKEN, Service, running_service

from .recognized import FACE, NOBODY, put, stored

PLATE = "RK 755 AJ"
REDACT: dict[str, Any] = {"redact": {"what": ["faces", "plates"]}}
PNG = {"convert": {"format": "png"}}


@pytest.fixture
def private(es: Elasticsearch) -> Iterator[str]:
    """The bundled pipeline, which bootstrap leaves out where the service has no recognition."""
    body = next(one.body for one in bundled() if one.name == "images-private")
    set_hosts(es, NOBODY)
    es.ingest.put_pipeline(id="images-private", body=body)
    yield "images-private"
    es.ingest.delete_pipeline(id="images-private")


def with_a_plate() -> Image.Image:
    """A face, and a number plate beside it."""
    image = Image.new("RGB", (1152, 512))
    image.paste(opened(FACE).convert("RGB"), (0, 0))
    image.paste(plate([PLATE]).crop((0, 0, 640, 480)), (512, 0))
    return image


def seen_again(shown: str | bytes) -> list[Face]:
    """What is taken for a face, at half the threshold, where the face of the portrait was."""
    (face,) = faces(opened(FACE).convert("RGB"))
    return [one for one in faces(opened(shown).convert("RGB"), 0.25) if one.box.common(face.box)]


def legible(shown: Image.Image, number: str = PLATE) -> set[str]:
    """Parts of four characters of a plate that can be read in a picture; what is easily confused counts as the same."""
    read = [folded(normal(reading.text)) for reading in look(shown.convert("RGB")).readings]
    whole = folded(normal(number))
    return {
        part for at in range(len(whole) - 3) for part in (whole[at : at + 4],) if any(part in text for text in read)
    }


def traces(of: bytes) -> list[str]:
    """Pieces of the picture's base64, of which none may be anywhere."""
    text = b64(of)
    return [text[at : at + 60] for at in range(0, len(text) - 60, len(text) // 20)]


def test_the_bundled_pipeline_stores_neither_faces_nor_plates(
    es: Elasticsearch, index: str, private: str, seeing: Service
) -> None:
    original = encoded(with_a_plate())
    es.index(index=index, id="1", document={"image": {"data": b64(original)}}, pipeline=private)
    image = stored(es, index)["image"]
    assert image["redacted"] == {"faces": 1, "plates": 1}
    assert not {"metadata", "text", "faces", "plates"} & image.keys()
    assert image["pending"] == ["labels"] and "labels" not in image
    (face,) = faces(with_a_plate())
    for shown in (opened(image["data"]), opened(image["thumbnail"])):
        assert not [one for one in faces(shown.convert("RGB"), 0.25) if one.box.common(face.box)]
        assert legible(shown) == set()
        # In the same size, the picture itself shows it.
        assert legible(with_a_plate().resize(shown.size)) == {"RK75", "K755", "755A", "55AJ"}
    text = json.dumps(stored(es, index))
    assert not [trace for trace in traces(original) if trace in text]


@pytest.mark.parametrize("alpha", [0, 1, 40])
def test_no_face_lies_under_transparent_pixels(
    es: Elasticsearch, index: str, private: str, seeing: Service, alpha: int
) -> None:
    portrait = opened(FACE).convert("RGB")
    (face,) = faces(portrait)
    channel = Image.new("L", portrait.size, 255)
    channel.paste(alpha, face.box.grown(1).pixels(portrait.size))
    portrait.putalpha(channel)
    es.index(index=index, id="1", document={"image": {"data": b64(encoded(portrait))}}, pipeline=private)
    image = stored(es, index)["image"]
    assert image["format"] == "png"
    for shown in (image["data"], image["thumbnail"]):
        colours = Image.merge("RGB", opened(shown).convert("RGBA").split()[:3])
        assert not [one for one in faces(colours, 0.25) if one.box.common(face.box)]
    assert seen_again(encoded(Image.merge("RGB", portrait.split()[:3])))


def test_outside_of_the_boxes_the_picture_is_the_same(
    es: Elasticsearch, index: str, pipeline: str, seeing: Service
) -> None:
    put(es, pipeline, operations=[REDACT, PNG], properties=[])
    original = with_a_plate()
    es.index(index=index, id="1", document={"image": {"data": b64(encoded(original))}}, pipeline=pipeline)
    changed = np.any(np.asarray(opened(stored(es, index)["image"]["data"])) != np.asarray(original), axis=2)
    (face,) = faces(original)
    for left, top, right, bottom in (face.box.grown(0.5).pixels(original.size), (640, 190, 1010, 340)):
        assert changed[top:bottom, left:right].any()
        changed[top:bottom, left:right] = False
    # The model of a space shuttle is taken for a face once the face beside it is hidden.
    changed[0:125, 350:460] = False
    assert not changed.any()


def test_text_is_hidden_where_that_is_asked_for(es: Elasticsearch, index: str, pipeline: str, seeing: Service) -> None:
    put(es, pipeline, operations=[{"redact": {"what": ["text"], "how": "fill"}}, PNG], properties=["labels"])
    data = b64(encoded(page(["Harbour lights", "open until nine"])))
    es.index(index=index, id="1", document={"image": {"data": data}}, pipeline=pipeline)
    image = stored(es, index)["image"]
    assert image["redacted"] == {"text": 2}
    assert not [reading.text for reading in look(opened(image["data"])).readings if len(reading.text) > 3]


def test_a_redacted_picture_that_is_written_again_keeps_its_counts(
    es: Elasticsearch, index: str, pipeline: str, seeing: Service
) -> None:
    put(es, pipeline, operations=[REDACT, PNG], properties=["thumbnail"])
    es.index(index=index, id="1", document={"image": {"data": b64(FACE)}}, pipeline=pipeline)
    first = stored(es, index)
    es.index(index=index, id="1", document={**first, "title": "an astronaut"}, pipeline=pipeline)
    assert stored(es, index) == {**first, "title": "an astronaut"}
    # A thumbnail that is not ours is made again, of what is stored.
    first["image"]["thumbnail"] = b64(picture("pillow/hopper.jpg"))
    es.index(index=index, id="1", document=first, pipeline=pipeline)
    image = stored(es, index)["image"]
    assert image["redacted"]["faces"] == 1
    assert seen_again(image["thumbnail"]) == []


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"keep_invalid": True}, "keep_invalid"),
        ({"target_field": "small"}, "remove_binary"),
        ({"properties": ["plates"]}, "finds nothing where operation"),
    ],
    ids=["keep_invalid", "target_field", "plates"],
)
def test_a_pipeline_that_would_keep_the_original_or_find_nothing_is_refused(
    es: Elasticsearch, pipeline: str, seeing: Service, options: dict[str, Any], reason: str
) -> None:
    with pytest.raises(BadRequestError, match=reason):
        put(es, pipeline, operations=[REDACT], **options)


@pytest.mark.parametrize("options", [{"keep_invalid": True}, {"originals": "external"}, {"target_field": "small"}])
def test_a_pipeline_that_would_keep_the_original_of_what_a_document_hides_is_refused(
    es: Elasticsearch, pipeline: str, seeing: Service, options: dict[str, Any]
) -> None:
    with pytest.raises(BadRequestError, match=r"without \[redact\]"):
        put(es, pipeline, document_operations=["redact"], **options)


def test_a_document_cannot_undo_or_precede_what_is_hidden(
    es: Elasticsearch, index: str, pipeline: str, seeing: Service
) -> None:
    put(es, pipeline, operations=[REDACT])
    with pytest.raises(BadRequestError, match="document_operations_disabled"):
        document = {"image": {"data": b64(FACE), "operations": [{"blur": {"radius": 90}}]}}
        es.index(index=index, document=document, pipeline=pipeline)


@pytest.fixture(params=["killed", "hanging", "off"])
def broken(request: pytest.FixtureRequest, es: Elasticsearch, service: Service) -> Iterator[Any]:
    """A recognizer that dies or hangs with each picture, or that is not there; runs what is asked of it meanwhile."""
    if request.param == "off":
        # The tests' common service has no recognizers.
        set_hosts(es, NOBODY)

        def asked_there(ask: Any) -> Any:
            set_hosts(es, service.url)
            return ask(), service

        yield asked_there
        set_hosts(es, service.url)
        return
    seeing: Service = request.getfixturevalue("seeing")

    def asked(ask: Any) -> Any:
        # One that is seen to stand still, or is gone, is replaced, and the picture tried again.
        each = signal.SIGSTOP if request.param == "hanging" else signal.SIGKILL
        with ThreadPoolExecutor() as others:
            answer = others.submit(ask)
            while not answer.done():
                for pid in seeing.recognizers():
                    with_pid(pid, each)
                # To recognize something takes longer.
                time.sleep(0.03)
        for pid in seeing.recognizers():
            with_pid(pid, signal.SIGKILL)
        return answer.result(), seeing

    yield asked


@pytest.mark.parametrize("how", ["refuse", "record", "ignore_failure", "on_failure"])
def test_nothing_is_stored_in_the_clear_where_recognition_fails(
    es: Elasticsearch, node: EmbeddedNode, index: str, pipeline: str, broken: Any, how: str
) -> None:
    options: dict[str, Any] = {"operations": [REDACT], "timeout": "6s"}
    if how == "record":
        options["on_invalid"] = "record"
    if how == "ignore_failure":
        options["ignore_failure"] = True
    if how == "on_failure":
        options["on_failure"] = [{"image": {"field": "another", "ignore_missing": True}}]
    put(es, pipeline, **options)
    logged = node.log_file.stat().st_size
    # Sent again, the picture would be redacted by the next recognizer.
    patient = es.options(request_timeout=120, max_retries=0)

    def ask() -> str:
        try:
            document = {"title": "a", "image": {"data": b64(FACE)}}
            return str(patient.index(index=index, id="1", document=document, pipeline=pipeline))
        except ApiError as error:
            return str(error.body)

    answer, service = broken(ask)
    there = es.indices.exists(index=index) and es.exists(index=index, id="1")
    text = answer + service.log.read_text() + (json.dumps(stored(es, index)) if there else "")
    with node.log_file.open(encoding="utf-8") as log:
        log.seek(logged)
        text += log.read()
    assert not [trace for trace in traces(FACE) if trace in text]
    assert there == (how not in ("refuse", "record"))
    if there:
        assert stored(es, index)["title"] == "a" and "image" not in stored(es, index)


def test_a_picture_that_is_refused_is_recorded_without_it(
    es: Elasticsearch, index: str, pipeline: str, seeing: Service
) -> None:
    put(es, pipeline, operations=[REDACT], on_invalid="record")
    # Another recipe stores such a file without its metadata.
    cut = FACE[: len(FACE) // 2]
    es.index(index=index, id="1", document={"image": {"data": b64(cut)}}, pipeline=pipeline)
    image = stored(es, index)["image"]
    assert image["error"]["code"] and "data" not in image


def test_what_is_rendered_of_a_redacted_picture_is_redacted(
    es: Elasticsearch, es_url: str, private: str, pipeline: str, service: Service, tmp_path: Path
) -> None:
    """Of one that could not be redacted, nothing is rendered."""

    def rendered(rendering: Service, id_: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return requests.get(f"{rendering.url}/v1/images/{index}/{id_}?w=500", headers=headers, timeout=60)

    cache = tmp_path / "cache"
    index = "images-rendered-private"
    settings = {"render_indices": index, "elasticsearch_url": es_url, "cache_dir": str(cache)}
    with running_service(tmp_path / "log", **RECOGNIZER | {"picture_timeout": "20"}, **settings) as rendering:
        set_hosts(es, rendering.url)
        try:
            document = {"image": {"data": b64(FACE)}}
            es.index(index=index, id="1", document=document, pipeline=private, refresh=True)
            answer = rendered(rendering, "1")
            assert answer.status_code == 200
            assert seen_again(answer.content) == []
            kept = [file.read_bytes().partition(b"\n")[2] for file in cache.rglob("*") if file.is_file()]
            assert [seen_again(data) for data in kept if data] == [[]]
            put(es, pipeline, operations=[REDACT], timeout="2s", ignore_failure=True)
            (pid,) = rendering.recognizers()
            with_pid(pid, signal.SIGSTOP)
            es.index(index=index, id="2", document=document, pipeline=pipeline, refresh=True)
            assert "image" not in stored(es, index, "2")
            assert rendered(rendering, "2").status_code == 404
            assert kept == [file.read_bytes().partition(b"\n")[2] for file in cache.rglob("*") if file.is_file()]
        finally:
            set_hosts(es, service.url)
            es.indices.delete(index=index, ignore_unavailable=True)

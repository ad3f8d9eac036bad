"""Vectors of faces are fields only when a recipe asks for them; a question has one, too."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from PIL import Image

from processor_service.errors import ImageError
from processor_service.extras import installing
from processor_service.features.faces import Faces
from processor_service.pipeline import process
from processor_service.query_vector import asks_for_face, embed
from processor_service.recognition import identity
from processor_service.recognition.faces import Face, faces
from processor_service.recognition.identity import NAME
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.answer_schema import answer_schemas
from processor_service.wire.fields import mapping, remade, vector_lists
from processor_service.wire.request import Request
from processor_service.wire.schema import catalogue
from processor_service.workers.jobs import handle
from processor_service.workers.protocol import HAND_ON, Job
from tests.helpers.misfits import misfits
from tests.helpers.people import PEOPLE, person, together
from tests.helpers.pictures import b64, encoded, picture

IDENTITY: dict[str, Any] = {"faces": {"identity": True}}
COLLINS, CAT = picture(PEOPLE["collins"]), picture("skimage/chelsea.png")


def fields(data: bytes, *properties: Any, **more: Any) -> dict[str, Any]:
    body = {"data": b64(data), "properties": list(properties), **more}
    return process(Request.parse(body), Settings(), Stopwatch())


def asked(body: dict[str, Any], job: Job, recognizes: bool = False) -> tuple[dict[str, Any], bytes]:
    settings = Settings(recognizers=1)
    if recognizes:
        settings.use_recognition()
    return handle(orjson.dumps(body), settings, job)


def test_each_face_has_a_vector_and_its_place_and_the_largest_comes_first() -> None:
    two = encoded(together(person("hopper").resize((256, 256)), person("collins")))
    found = fields(two, IDENTITY)
    assert found["face_count"] == 2 and len(found["faces"]) == len(found["face_vectors"]) == 2
    for face, known in zip(found["faces"], found["face_vectors"], strict=True):
        assert known.keys() == {"vector", "embedder", "box"}
        assert (known["box"], known["embedder"], len(known["vector"])) == (face["box"], NAME, 128)
    for name, value in found.items():
        assert list(misfits(answer_schemas()[name], value, name)) == []


@pytest.mark.parametrize("wanted", ["faces", {"faces": {}}, {"faces": {"identity": False}}])
def test_without_identity_nothing_says_whose_the_faces_are(wanted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "_models", lambda: pytest.fail("models were loaded"))
    found = fields(COLLINS, wanted)
    assert found["face_count"] == 1 and found["face_vectors"] is None


def test_a_picture_without_a_face_has_no_vectors() -> None:
    found = fields(CAT, IDENTITY)
    assert found["face_count"] == 0 and found["face_vectors"] is None


def test_pictures_of_a_list_have_vectors_wherever_they_stand() -> None:
    assert fields(COLLINS, IDENTITY, position=3)["face_vectors"]
    assert "face_vectors" in Faces.produces(3)


def test_faces_are_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def count(image: Image.Image) -> list[Face]:
        calls.append(1)
        return faces(image)

    monkeypatch.setattr("processor_service.recognition.of_picture.face.faces", count)
    assert fields(COLLINS, IDENTITY, "labels")["face_vectors"]
    assert calls == [1]


def test_the_question_of_a_picture_is_its_largest_face() -> None:
    two = encoded(together(person("hopper").resize((256, 256)), person("collins")))
    question = {"data": b64(two), "vector": "face"}
    assert asks_for_face(question) and not asks_for_face({"data": "x"})
    answer = embed(question, Settings(), Stopwatch())
    assert answer == {"vector": fields(two, IDENTITY)["face_vectors"][0]["vector"], "embedder": NAME}


@pytest.mark.parametrize(
    ("image", "sentence"),
    [
        (CAT, "no face is found in the picture"),
        (
            encoded(person("collins").resize((140, 140))),
            "a face is found in the picture, too small to tell whose: it takes 14 pixels from eye to eye",
        ),
    ],
    ids=["none", "too small"],
)
def test_a_question_without_a_face_is_refused_with_a_sentence(image: bytes, sentence: str) -> None:
    with pytest.raises(ImageError) as refused:
        embed({"data": b64(image), "vector": "face"}, Settings(), Stopwatch())
    assert (refused.value.code.code, refused.value.code.status, refused.value.reason) == ("no_face", 422, sentence)


@pytest.mark.parametrize("vector", ["colors", "", 5, None, ["face"], {}])
def test_an_unknown_vector_is_refused_with_the_valid_ones(vector: Any) -> None:
    summary, body = asked({"data": b64(COLLINS), "vector": vector}, Job.EMBED)
    assert (summary["status"], summary["code"]) == (400, "invalid_request")
    assert b"vector must be one of `embedding`, `perceptual_hash`, `face`" in body


def test_a_worker_hands_on_what_asks_for_a_face_and_a_recognizer_does_it() -> None:
    for body, job in (
        ({"data": b64(COLLINS), "vector": "face"}, Job.EMBED),
        ({"data": b64(COLLINS), "properties": [IDENTITY]}, Job.PROCESS),
    ):
        assert asked(body, job)[0]["code"] == HAND_ON
        summary, _ = asked(body, job, recognizes=True)
        assert (summary["status"], summary["code"]) == (200, "ok")
        assert "0." not in str({name: value for name, value in summary.items() if name != "seconds"})


def test_without_the_packages_it_is_refused_by_name_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "_PACKAGES", ("no_such_package",))
    how = f"the package no_such_package is missing: {installing('identity')}"
    for body, job, what in (
        ({"data": b64(COLLINS), "vector": "face"}, Job.EMBED, "vector [face]"),
        ({"data": b64(COLLINS), "properties": ["labels", IDENTITY]}, Job.PROCESS, "property [faces] with [identity]"),
    ):
        summary, answer = asked(body, job)
        assert (summary["status"], summary["code"]) == (400, "identity_off")
        reason = f"{what} needs vectors of faces, which this service cannot make: {how}"
        assert orjson.loads(answer)["error"]["reason"] == reason
    # Faces alone need no more than recognition.
    assert asked({"data": b64(COLLINS), "properties": ["faces"]}, Job.PROCESS)[0]["code"] == HAND_ON
    with_the_lack = {each["name"]: each for each in catalogue(None, identity.missing())["properties"]}
    assert with_the_lack["faces"]["available"] and with_the_lack["faces"]["unavailable"] == {"identity": how}
    assert [name for name, each in with_the_lack.items() if "unavailable" in each] == ["faces"]


def test_redacted_faces_and_whose_they_are_exclude_each_other() -> None:
    with pytest.raises(ImageError, match=r"property \[faces\] finds nothing where operation \[redact\] hides faces"):
        fields(COLLINS, IDENTITY, operations=[{"redact": {"what": ["faces"]}}])


def test_the_mapping_is_declared_with_the_feature() -> None:
    declared = mapping()["properties"]["face_vectors"]
    assert declared["type"] == "nested"
    vector = declared["properties"]["vector"]
    assert (vector["type"], vector["dims"], vector["similarity"], vector["index"]) == (
        "dense_vector",
        128,
        "l2_norm",
        True,
    )
    assert declared["properties"]["box"] == {"type": "object", "enabled": False}
    assert vector_lists() == {"faces": {"face_vectors": "vector"}}
    assert remade() == {"embedding": {"embedding", "embedder"}, "faces": {"face_vectors"}}

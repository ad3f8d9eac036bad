"""A person is found in other pictures by their face, through real nodes: stored, asked for, kept and deleted."""

from __future__ import annotations

import json
import math
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from elasticsearch import ApiError, BadRequestError, Elasticsearch

from ingest_image.reprocess.command import reprocess
from ingest_image.search import Engine, Question
from ingest_image.search.person import find_person
from ingest_image.search.questions.person_query import SAME_PERSON
from processor_service.recognition.identity import NAME
from tests.helpers.dev_tools import parse
from tests.helpers.documented import the_block
from tests.helpers.nodes import set_hosts
from tests.helpers.paths import ROOT
from tests.helpers.people import PEOPLE
from tests.helpers.pictures import b64, encoded, picture
from tests.helpers.service import Service, calls

from .conftest import Ask
from .people_index import COLLINS, IDENTITY, PIPELINE, VECTOR, changed, knn, vectors

CAT = picture("skimage/chelsea.png")


def found(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    return {hit["_id"]: hit for hit in json.loads(result.stdout)["hits"]}


def test_what_is_stored(es: Elasticsearch, people: str) -> None:
    image = es.get(index=people, id="both")["_source"]["image"]
    assert image["face_count"] == 2 and [face["embedder"] for face in image["face_vectors"]] == [NAME] * 2
    assert [face["box"] for face in image["face_vectors"]] == [face["box"] for face in image["faces"]]
    assert len(vectors(es, people, "both")) == 2
    assert "face_vectors" not in es.get(index=people, id="nobody")["_source"]["image"]
    first, second = es.get(index=people, id="album")["_source"]["image"]
    assert "face_vectors" not in first and len(second["face_vectors"]) == 1
    mapped = es.indices.get_mapping(index=people)[people]["mappings"]["properties"]["image"]["properties"]
    assert mapped["face_vectors"]["type"] == "nested"
    declared = mapped["face_vectors"]["properties"]["vector"]
    assert (declared["dims"], declared["similarity"]) == (128, "l2_norm")


def test_the_largest_face_of_a_picture_is_a_question(es: Elasticsearch, people: str) -> None:
    portrait = b64(encoded(changed("collins", "by 25 degrees"), "JPEG"))
    assert set(knn(es, {"data": portrait, "vector": "face", "embedder": NAME})) == COLLINS
    assert set(knn(es, {"data": b64(picture(PEOPLE["obama"])), "vector": "face"})) == {"obama", "both"}


def test_the_largest_face_of_a_stored_document_is_a_question(es: Elasticsearch, people: str) -> None:
    stored = {"index": people, "field": VECTOR, "embedder": NAME}
    assert set(knn(es, {**stored, "id": "collins"})) == COLLINS
    assert set(knn(es, {**stored, "id": "album"})) == COLLINS, "the first picture of the list shows nobody"
    with pytest.raises(BadRequestError, match=r"finds no vector in \[image.face_vectors.vector\] of document"):
        knn(es, {**stored, "id": "nobody"})


def test_filters_are_of_the_document(es: Elasticsearch, people: str) -> None:
    portrait = {"data": b64(picture(PEOPLE["collins"])), "vector": "face"}
    assert knn(es, portrait, filter={"term": {"image.face_count": 2}}) == ["both"]


@pytest.mark.parametrize("embedder", [None, "other-v1"])
def test_a_picture_without_a_face_or_of_another_embedder_is_a_bad_question(
    es: Elasticsearch, people: str, embedder: str | None
) -> None:
    question = {"data": b64(picture(PEOPLE["collins"])) if embedder else b64(CAT), "vector": "face"}
    with pytest.raises(BadRequestError) as error:
        knn(es, {**question, "embedder": embedder} if embedder else question)
    text = str(error.value.body)
    assert "wants a vector of the embedder [other-v1]" in text if embedder else "[no_face] no face is found" in text
    assert question["data"][:80] not in text


def test_the_command_finds_the_other_pictures_of_a_person_in_a_file(ask: Ask, tmp_path: Path) -> None:
    file = tmp_path / "me.jpg"
    changed("collins", "by 25 degrees").save(file)
    hits = found(ask("--same-person", str(file), "--json"))
    assert hits.keys() == COLLINS
    distances = [hit["face_distance"] for hit in hits.values()]
    assert distances == sorted(distances) and distances[-1] <= SAME_PERSON
    for hit in hits.values():
        assert hit["reason"] == "same person" and hit["face"].keys() == {"x", "y", "width", "height"}
        assert "vector" not in json.dumps(hit["_source"]).replace("face_vectors", "")
    # Of two people the one who was asked for: she is on the right.
    assert hits["both"]["face"]["x"] > 0.5
    text = ask("--same-person", str(file)).output
    assert re.search(r"collins in a corner +0\.\d\d +same person", text), text


def test_the_distance_is_exact(es: Elasticsearch, ask: Ask, people: str) -> None:
    """Though candidates are found by bytes: a threshold on a rounded distance would mean little."""
    (own,) = vectors(es, people, "collins")
    for id, hit in found(ask("--same-person", "collins", "--json")).items():
        nearest = min(math.dist(own, vector) for vector in vectors(es, people, id))
        assert hit["face_distance"] == pytest.approx(nearest, abs=0.002)


def test_the_command_finds_the_other_pictures_of_a_stored_one(ask: Ask) -> None:
    assert found(ask("--same-person", "collins", "--json")).keys() == COLLINS - {"collins"}
    assert found(ask("--same-person", "obama", "--json")).keys() == {"both"}
    assert found(ask("--same-person", "hopper", "--json")) == {}
    assert "nothing found" in ask("--same-person", "hopper").output


def test_words_filters_pages_and_another_distance_hold_as_well(ask: Ask) -> None:
    assert found(ask("--same-person", "collins", "--json", "mirrored")).keys() == {"collins-mirrored"}
    assert found(ask("--same-person", "collins", "--json", "--filter", "face_count:2")).keys() == {"both"}
    assert found(ask("--same-person", "collins", "--json", "--face-distance", "0.01")) == {}
    first = json.loads(ask("--same-person", "collins", "--json", "--size", "2").stdout)
    second = json.loads(ask("--same-person", "collins", "--json", "--size", "9", "--after", first["after"]).stdout)
    ids = [hit["_id"] for page in (first, second) for hit in page["hits"]]
    assert len(ids) == len(set(ids)) == first["total"] and set(ids) == COLLINS - {"collins"}
    assert "cannot be searched for" in ask("--same-person", "collins", "title:(").output


def test_of_several_faces_the_largest_is_taken_and_that_is_said(ask: Ask) -> None:
    result = ask("--same-person", "both", "--json")
    assert found(result).keys() == COLLINS - {"both"}
    assert "both shows 2 faces: the largest is looked for" in result.stderr


def test_what_cannot_be_asked_is_said_in_a_sentence(
    es: Elasticsearch, ask: Ask, people: str, index: str, tmp_path: Path
) -> None:
    cat, portrait = tmp_path / "cat.png", tmp_path / "me.png"
    cat.write_bytes(CAT)
    portrait.write_bytes(picture(PEOPLE["collins"]))
    es.index(index=index, document={"title": "nothing"}, refresh=True)
    for result, sentence in (
        (ask("--same-person", str(cat)), "no face is found in cat.png"),
        (ask("--same-person", "nobody"), "the document nobody has no vector of a face"),
        (ask("--same-person", "404"), f"there is no document 404 in {people}, and no such file"),
        (ask("--same-person", str(tmp_path)), "is a folder"),
        (ask("--same-person", str(portrait), index=index), f"no picture in {index} has vectors of faces"),
        (ask("--same-person", str(portrait), index="missing*"), "there is no index missing*"),
        (ask("--same-person", str(portrait), "--pipeline", "images"), "the pipeline images looks for no faces"),
        (ask("--same-person", str(portrait), "--pipeline", "no-such"), "there is no pipeline no-such"),
    ):
        assert result.exit_code == 1 and sentence in result.output, result.output
        assert "Traceback" not in result.output


def test_faces_that_nobody_identifies_are_no_question(es: Elasticsearch, people: str, tmp_path: Path) -> None:
    name = "people-counted"
    es.ingest.put_pipeline(id=name, processors=[{"image": {"properties": ["faces", "perceptual_hash"]}}])
    file = tmp_path / "me.png"
    file.write_bytes(picture(PEOPLE["collins"]))
    try:
        with pytest.raises(Exception, match=r"1 face found in me\.png, but the pipeline people-counted does not say"):
            find_person(Engine(es, people), str(file), name)
    finally:
        es.ingest.delete_pipeline(id=name)


def test_a_document_that_comes_back_keeps_its_vectors(
    es: Elasticsearch, people: str, index: str, recognizing: Service
) -> None:
    """From 9.2 on vectors are left out of what one gets: whoever puts it back does not lose them."""
    es.indices.create(index=index, settings={"index.default_pipeline": PIPELINE})
    for id in ("both", "album"):
        document = es.get(index=people, id=id)["_source"]
        left_out = "vector" not in json.dumps(document["image"]).replace("face_vectors", "")
        es.index(index=index, id=id, document=document, refresh=True)
        before = vectors(es, index, id)
        assert len(before) == len(vectors(es, people, id))
        counted = calls(recognizing)
        es.index(index=index, id=id, document={**document, "title": "new"}, refresh=True)
        assert len(vectors(es, index, id)) == len(before)
        assert (calls(recognizing) > counted) == left_out
        again = es.get(index=index, id=id)["_source"]["image"]
        assert [one["sha256"] for one in _list(again)] == [one["sha256"] for one in _list(document["image"])]
        # A partial update keeps them without a call.
        counted = calls(recognizing)
        es.update(index=index, id=id, doc={"title": "updated"}, refresh=True)
        assert len(vectors(es, index, id)) == len(before) and calls(recognizing) == counted


def _list(image: Any) -> list[dict[str, Any]]:
    return image if isinstance(image, list) else [image]


def test_a_pipeline_that_no_longer_asks_for_them_deletes_them(
    es: Elasticsearch, es_url: str, people: str, index: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    name = f"{index}-pipeline"
    es.ingest.put_pipeline(id=name, processors=[{"image": {"properties": [IDENTITY]}}])
    es.indices.create(index=index, settings={"index.default_pipeline": name})
    try:
        data = {"data": b64(picture(PEOPLE["collins"]))}
        es.index(index=index, id="1", document={"image": data}, refresh=True)
        assert vectors(es, index, "1")
        es.ingest.put_pipeline(id=name, processors=[{"image": {"properties": ["faces"]}}])
        result = CliRunner().invoke(reprocess, [index, "--url", es_url])
        assert result.exit_code == 0, result.output
        es.indices.refresh(index=index)
        image = es.get(index=index, id="1")["_source"]["image"]
        assert image["face_count"] == 1 and "face_vectors" not in image and not vectors(es, index, "1")
    finally:
        es.indices.put_settings(index=index, settings={"index.default_pipeline": None})
        es.ingest.delete_pipeline(id=name)


def test_redacted_faces_and_whose_they_are_are_refused_together(es: Elasticsearch) -> None:
    image = {"operations": [{"redact": {"what": ["faces"]}}], "properties": [IDENTITY]}
    with pytest.raises(
        BadRequestError, match=r"property \[faces\] finds nothing where operation \[redact\] hides faces"
    ):
        es.ingest.put_pipeline(id="never", processors=[{"image": image}])


def test_a_service_without_recognition_refuses_the_question_and_the_document(
    es: Elasticsearch, people: str, service: Service, recognizing: Service
) -> None:
    set_hosts(es, service.url)
    try:
        for ask in (
            lambda: knn(es, {"data": b64(picture(PEOPLE["collins"])), "vector": "face"}),
            lambda: es.index(index=people, document={"image": {"data": b64(CAT)}}),
        ):
            with pytest.raises(ApiError) as error:
                ask()
            assert error.value.meta.status == 400 and "[recognition_off]" in str(error.value.body)
    finally:
        set_hosts(es, recognizing.url)


QUERIES = re.findall(
    # Those by faces; the others of these pages find other pictures.
    r"<!-- finds: ([^>]*?) -->\n```\n(GET|POST) images/_search\n([^`]*?face_vectors[^`]*?)```",
    (ROOT / "docs/recognition.md").read_text() + (ROOT / "docs/privacy.md").read_text(),
    re.DOTALL,
)


@pytest.mark.parametrize(("expected", "method", "query"), QUERIES, ids=range(len(QUERIES)))
def test_queries_of_the_docs(es: Elasticsearch, people: str, expected: str, method: str, query: str) -> None:
    body = query.replace("<base64>", b64(picture(PEOPLE["collins"]))).replace('"images"', f'"{people}"')
    answer = es.search(index=people, **json.loads(body), size=20)
    assert {hit["_id"] for hit in answer["hits"]["hits"]} == set(expected.split())


@pytest.mark.parametrize("page", ["recognition.md", "privacy.md"])
def test_commands_of_the_docs(
    ask: Ask, people: str, page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As printed; the file shows somebody of the index, and for the document's number stands one of it."""
    monkeypatch.chdir(tmp_path)
    changed("collins", "by 25 degrees").save("photo.jpg")
    lines = the_block(f"docs/{page}", "ingest-image search").text.splitlines()
    for line in lines:
        words = ["collins" if word == "17" else word for word in shlex.split(line)]
        result = ask(*words[2:])
        assert result.exit_code == 0, result.output
        # None of them says when it was taken.
        assert ("collins" in result.output) != ("taken:2020" in line), result.output


def test_the_pipeline_of_the_docs_is_the_one_of_the_index(es: Elasticsearch, es_url: str, people: str) -> None:
    before = es.ingest.get_pipeline(id=PIPELINE).body[PIPELINE]["processors"]
    (put,) = parse(the_block("docs/recognition.md", f"PUT _ingest/pipeline/{PIPELINE}").text)
    try:
        put.check(put.send(es_url))
        document = {"image": {"data": b64(picture(PEOPLE["obama"]))}}
        es.index(index=people, id="of-the-docs", document=document)
        image = es.get(index=people, id="of-the-docs")["_source"]["image"]
        assert image["face_count"] == 1 and image["face_vectors"] and image["thumbnail"]
    finally:
        es.delete(index=people, id="of-the-docs", refresh=True)
        es.ingest.put_pipeline(id=PIPELINE, processors=before)


def test_the_docs_have_queries() -> None:
    assert len(QUERIES) == 3


def test_a_question_of_the_library_has_facets_and_pages(es: Elasticsearch, people: str) -> None:
    engine = Engine(es, people)
    who, note = find_person(engine, "collins")
    answer = engine.search(Question(person=who), 3, with_facets=True)
    assert (len(answer.hits), answer.total, note) == (3, len(COLLINS) - 1, "")
    assert sum(count for _, count in answer.facets.counts["format"]) >= answer.total

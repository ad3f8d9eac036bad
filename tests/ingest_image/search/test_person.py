"""A person as the question: the request, what comes of the answer, and sentences for people."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from ingest_image.search import Question
from ingest_image.search.found.hits import Hit, of_person
from ingest_image.search.found.reasons import Reason
from ingest_image.search.found.table import answer_table
from ingest_image.search.questions.filters import Filters
from ingest_image.search.questions.person_query import SAME_PERSON, Person, distance_of_score
from ingest_image.search.requests.queries import LIGHT, person_body
from ingest_image.search_command import search

PERSON = Person("photo.jpg", (0.25,) * 128, "dlib-resnet-v1", ("images", "7"))
BOX = {"x": 0.1, "y": 0.2, "width": 0.3, "height": 0.4}


def raw(score: Any, inner: Any = None, of: Any = None) -> dict[str, Any]:
    hits = {"hits": {"hits": [] if inner is None else [{"_source": inner, "_score": score if of is None else of}]}}
    return {"_index": "images", "_id": "1", "_score": score, "_source": {}, "inner_hits": {"any": hits}}


def test_the_request_has_the_threshold_the_restrictions_and_not_the_picture_itself() -> None:
    body = person_body(Question("lake", filters=Filters(others=({"term": {"x": 1}},)), person=PERSON))
    knn = body["knn"]
    assert (knn["field"], knn["similarity"], len(knn["query_vector"])) == (
        "image.face_vectors.vector",
        SAME_PERSON,
        128,
    )
    assert knn["k"] == body["size"] and body["source"] == LIGHT
    clauses = str(knn["filter"])
    for part in ("'x': 1", "lake", "must_not", "'values': ['7']"):
        assert part in clauses
    assert body["post_filter"]["nested"]["query"] == {"term": {"image.face_vectors.embedder": "dlib-resnet-v1"}}
    assert person_body(Question(person=PERSON, face_distance=0.3))["knn"]["similarity"] == 0.3


def test_vectors_of_faces_are_left_out_of_what_is_shown() -> None:
    assert "image.face_vectors.vector" in LIGHT["excludes"]


@pytest.mark.parametrize("distance", [0.0, 0.25, 0.5, 1.4])
def test_the_distance_is_that_of_the_vectors(distance: float) -> None:
    assert distance_of_score(1 / (1 + distance**2)) == pytest.approx(distance, abs=1e-6)
    assert distance_of_score(1.0000001) == 0
    assert distance_of_score(0) == math.inf


def test_a_hit_says_how_near_and_which_face() -> None:
    hit = of_person(raw(1 / (1 + 0.41**2), {"box": BOX}))
    assert (hit.reason, hit.face_distance, hit.face) == (Reason.SAME_PERSON, 0.41, BOX)
    found = hit.as_json()
    assert (found["reason"], found["face_distance"], found["face"]) == ("same person", 0.41, BOX)
    console = Console(width=120, record=True)
    console.print(answer_table([hit], with_reason=True))
    text = console.export_text()
    assert "0.41" in text and "same person" in text


@pytest.mark.parametrize("inner", [None, {}, {"box": None}, {"box": {"x": "?"}}, {"box": [1]}, "no object"])
def test_a_box_that_is_none_is_left_out(inner: Any) -> None:
    hit = of_person(raw(0.9, inner))
    assert hit.face is None and "face" not in hit.as_json()


def test_another_face_of_the_document_is_not_shown_as_the_one_that_was_found() -> None:
    assert of_person(raw(0.9, {"box": BOX}, of=0.8)).face is None
    assert of_person(raw(0.9, {"box": BOX}, of="?")).face is None


def test_another_hit_has_neither() -> None:
    assert not {"face_distance", "face"} & Hit("images", "1", {}).as_json().keys()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--same-person", "a", "--like", "b"], "--same-person cannot be combined with --like"),
        (["--same-person", "a", "--open"], "--same-person cannot be combined with --open"),
        (["--face-distance", "0.3"], "--face-distance needs --same-person"),
        (["--same-person", "a", "--face-distance", "7"], "7.0 is not in the range 0<=x<=2"),
        (["--same-person", "a", "--near-duplicate"], "need --like"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: list[str], sentence: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(search, ["--url", "http://127.0.0.1:9", *options])
    assert result.exit_code == 2 and sentence in result.output

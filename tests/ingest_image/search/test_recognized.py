"""What was recognized: filters, facets, and how it is said."""

from __future__ import annotations

from io import StringIO
from typing import Any, Literal

import pytest
from rich.console import Console

from ingest_image.search import Hit
from ingest_image.search.found.table import answer_table, facets_table
from ingest_image.search.questions.facets import Facets
from ingest_image.search.questions.filters import parse_filter
from ingest_image.search.requests.counting import aggregations, facets_of
from ingest_image.search.requests.found_words import FoundWords
from ingest_image.search.requests.queries import LIGHT, words_query
from ingest_image.search.stored.picture import pictures_of
from ingest_image.search.stored.recognized import Recognized, recognized
from ingest_image.search.stored.schema import Schema, merged
from processor_service.wire.fields import mapping
from tests.helpers.fake_elasticsearch import FakeElasticsearch

SCHEMA = merged([{"properties": {"title": {"type": "text"}, "image": mapping()}}])
STREET: dict[str, Any] = {
    "labels": ["car", "vehicle"],
    "face_count": 2,
    "faces": [{"score": 0.9, "box": {"x": 0.25, "y": 0.5, "width": 0.125, "height": 0.25}}],
    "text": "ONE WAY\nRK-755 AJ",
    "text_lines": [{"text": "ONE WAY", "score": 0.9, "box": {"x": 0, "y": 0, "width": 1, "height": 0.1}}],
    "plates": ["RK755AJ"],
    "plate_boxes": [{"text": "RK755AJ", "score": 0.9, "box": {"x": 0.4, "y": 0.8, "width": 0.2, "height": 0.05}}],
}


def of(image: Any) -> Recognized:
    (picture,) = pictures_of(image)
    return recognized(picture)


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("label:cat", {"term": {"image.labels.keyword": "cat"}}),
        ('label:"golden retriever"', {"term": {"image.labels.keyword": "golden retriever"}}),
        ("faces:none", {"term": {"image.face_count": "0"}}),
        ("faces:one", {"term": {"image.face_count": "1"}}),
        ("faces:several", {"range": {"image.face_count": {"gte": "2"}}}),
        ("faces:2..5", {"range": {"image.face_count": {"gte": "2", "lte": "5"}}}),
        ("text:some", {"exists": {"field": "image.text"}}),
        ("text:one way", {"match_phrase": {"image.text": "one way"}}),
        ("plate:rk-755 aj", {"term": {"image.plates_folded": "RK755AJ"}}),
        ("plate:QBI12", {"term": {"image.plates_folded": "08112"}}),
        ("plate:川A·8H458", {"term": {"image.plates_folded": "川A8H458"}}),
        ("plate:RK*", {"prefix": {"image.plates_folded": "RK"}}),
        ("plate:*", {"exists": {"field": "image.plates_folded"}}),
        ("plates:RK755AJ", {"term": {"image.plates": "RK755AJ"}}),
        ("redacted.faces:>0", {"range": {"image.redacted.faces": {"gt": "0"}}}),
    ],
)
def test_filters(text: str, clause: dict[str, Any]) -> None:
    assert parse_filter(text, SCHEMA) == clause


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("plate:---", "neither letters nor digits of a number plate; valid is for example RK-755 AJ"),
        ("faces:many", "is a number"),
    ],
)
def test_what_is_wrong_is_said(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_filter(text, SCHEMA)


def test_words_are_searched_in_labels_and_text() -> None:
    assert {"image.labels", "image.text"} <= set(words_query("cat")["query_string"]["fields"])


def test_facets_count_what_a_click_finds() -> None:
    asked = aggregations(SCHEMA)
    assert asked["faces"]["filters"]["filters"]["several"] == parse_filter("faces:several", SCHEMA)
    assert asked["label"] == {"terms": {"field": "image.labels.keyword", "size": 20}}
    found = facets_of(
        {
            "faces": {"buckets": {"several": {"doc_count": 4}, "one": {"doc_count": 0}, "none": {"doc_count": 7}}},
            "text": {"buckets": {"some": {"doc_count": 0}}},
            "plate": {"buckets": [{"key": "RK755AJ", "doc_count": 1}]},
        }
    )
    assert found.counts == {"faces": [("none", 7), ("several", 4)], "plate": [("RK755AJ", 1)]}


def test_indices_without_such_fields_have_no_such_facets() -> None:
    old = merged([{"properties": {"image": {"properties": {"format": {"type": "keyword"}}}}}])
    assert list(aggregations(old)) == ["format"] and aggregations(Schema()) == {}


def test_it_is_said_in_a_few_words() -> None:
    assert str(of(STREET)) == "car, vehicle · 2 faces · 'ONE WAY RK-755 AJ' · plate RK755AJ"
    assert str(of({"face_count": 1, "text": "x" * 100})) == f"1 face · '{'x' * 23}…'"
    assert str(of({"face_count": 0})) == "" and of({"face_count": 0}).is_any
    assert str(of({"redacted": {"faces": 2, "plates": 0}})) == "2 faces hidden"
    assert not of({"width": 5}).is_any


def test_places_are_those_of_the_fields() -> None:
    seen = of(STREET)
    assert [str(kind) for kind in seen.kinds] == ["face", "plate", "text"]
    assert [(mark.x, mark.y, mark.width, mark.height, mark.text) for mark in seen.marks[:1]] == [
        (0.25, 0.5, 0.125, 0.25, "")
    ]
    assert [mark.text for mark in seen.marks] == ["", "RK755AJ", "ONE WAY"]


@pytest.mark.parametrize(
    "box",
    [
        None,
        [],
        {"x": 0.1},
        {"x": "a", "y": 0, "width": 1, "height": 1},
        {"x": 2, "y": 0, "width": 1, "height": 1},
        {"x": 0, "y": 0, "width": -1, "height": 1},
        {"x": float("inf"), "y": 0, "width": 1, "height": 1},
    ],
)
def test_boxes_that_are_none_are_left_out(box: Any) -> None:
    assert of({"faces": [{"box": box}, "x", None]}).marks == ()


def test_boxes_end_at_the_edge_of_the_picture_and_are_not_too_many() -> None:
    (mark,) = of({"faces": {"box": {"x": -0.5, "y": "0.5", "width": 9, "height": 1e300}}}).marks
    assert (mark.x, mark.y, mark.width, mark.height) == (0, 0.5, 1, 0.5)
    box = {"x": 0.5, "y": 0.5, "width": 0.1, "height": 0.1}
    assert len(of({"faces": [{"box": box}] * 5000}).marks) == 300


def test_lists_of_hits_do_not_carry_places() -> None:
    assert {"image.faces", "image.text_lines", "image.plate_boxes", "image.data"} <= set(LIGHT["excludes"])


def table(*images: dict[str, Any]) -> str:
    console = Console(width=200, record=True)
    hits = [Hit("images", str(number), {"image": image}) for number, image in enumerate(images)]
    console.print(answer_table(hits, with_reason=False))
    return console.export_text()


def test_the_table_has_a_column_when_something_was_recognized() -> None:
    assert "recognized" in table(STREET) and "car, vehicle · 2 faces" in table({"width": 5}, STREET)
    assert "recognized" not in table({"width": 5})


def test_a_narrow_table_has_fewer_columns_and_without_colours_there_are_no_gaps_for_them() -> None:
    teal = {"width": 640, "height": 480, "format": "jpeg", "color_names": ["teal"], "colors": [{"hex": "#008080"}]}
    hit = Hit("images", "1", {"title": "Mountain lake", "image": teal})

    def printed(width: int, colors: Literal["truecolor"] | None) -> str:
        console = Console(width=width, record=True, color_system=colors, force_terminal=True, file=StringIO())
        console.print(answer_table([hit], with_reason=False, width=width))
        return console.export_text(styles=False)

    assert "480 jpeg     teal" in printed(100, "truecolor") and "480 jpeg  teal" in printed(100, None)
    assert "640x480" in printed(80, None) and "teal" not in printed(80, None)
    assert "Mountain lake" in printed(40, None) and "640x480" not in printed(40, None)


class Highlighting(FakeElasticsearch):
    """Marks a word as Elasticsearch does."""

    def answer(self, method: str, path: str, body: Any) -> Any:
        if "highlight" not in (body or {}):
            return super().answer(method, path, body)
        ((field, how),) = body["highlight"]["fields"].items()
        start, end = how["pre_tags"][0], how["post_tags"][0]
        texts = [
            text.replace("WAY", f"{start}WAY{end}")
            for source in self.documents.values()
            if "WAY" in (text := source["image"].get(field.removeprefix("image."), ""))
        ]
        return {"hits": {"hits": [{"highlight": {field: texts}}]}}


def found_words(text: str, words: str) -> list[tuple[str, bool]]:
    es = Highlighting()
    es.documents = {"1": {"image": {"text": text}}}
    return FoundWords(es.client, Hit("images", "1", es.documents["1"]), words).parts(text)


def test_found_words_are_told_from_the_others() -> None:
    assert found_words("ONE WAY\nONLY", "way") == [("ONE ", False), ("WAY", True), ("\nONLY", False)]
    assert found_words("WAY", "way") == [("WAY", True)]
    assert found_words("STOP", "way") == [("STOP", False)]
    assert found_words("ONE WAY", "") == [("ONE WAY", False)]
    # Refused by the search, so not asked for here either.
    assert found_words("ONE WAY", "*a* *b* *c*") == [("ONE WAY", False)]


@pytest.mark.parametrize("text", ["\ue000WAY", "a\ue001\ue001WAY\ue000", "\ue001"])
def test_a_text_with_our_own_marks_loses_no_other_character(text: str) -> None:
    parts = found_words(text, "way")
    assert "".join(part for part, _ in parts).strip("\ue000\ue001").replace("\ue001", "") in text.replace("\ue001", "")


def test_facets_are_a_line_each() -> None:
    console = Console(width=200, record=True)
    console.print(facets_table(Facets({"label": [("cat", 2), ("a\x1b[31m", 1)], "faces": [("none", 3)]})))
    said = [line.split() for line in console.export_text().splitlines()]
    assert said == [["label", "cat", "2,", "a\ufffd[31m", "1"], ["faces", "none", "3"]]

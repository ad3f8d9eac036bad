"""What shows, compares and counts documents takes every one, whatever its fields hold."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from ingest_image.cli import main
from ingest_image.doctor import check_documents
from ingest_image.doctor.installation import Installation
from ingest_image.duplicates.command import short
from ingest_image.duplicates.members import with_reasons
from ingest_image.duplicates.near_pairs import as_hashes
from ingest_image.reprocess import outcome
from ingest_image.search import Question
from ingest_image.search.engine import Results
from ingest_image.search.found.hits import compared, hit_of
from ingest_image.search.found.reasons import Reason
from ingest_image.search.found.table import answer_table, clean
from ingest_image.search.questions.colors import alike_query
from ingest_image.search.questions.sample import sample_of
from ingest_image.search.requests.queries import likeness_bodies
from ingest_image.search.sampling import file_of
from ingest_image.search.stored.picture import number, pictures_of, text
from ingest_image.search.stored.schema import Schema
from ingest_image.search_command import _print
from pipelines.cluster.sources import expanded, holds_picture, value_at
from pipelines.wording import shown, well_formed
from processor_service.wire.fields import mapping
from tests.helpers.any_document import ids, images, sources, texts

HASH = "0f" * 32
SCHEMA = Schema({"image.embedder": "keyword"}, "image.perceptual_hash", "image.embedding", 2)


def raw(source: Any, id: str = "1") -> dict[str, Any]:
    return {"_index": "images", "_id": id, "_score": 1.0, "_source": source}


def printed(table: Any) -> str:
    console = Console(file=io.StringIO(), width=200)
    console.print(table)
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(ids, sources), min_size=1, max_size=3))
def test_tables_json_and_duplicates(documents: list[tuple[str, dict[str, Any]]]) -> None:
    hits = with_reasons([hit_of(raw(source, id)) for id, source in documents], 31, turned=True)
    table = printed(answer_table(hits, with_reason=True))
    assert "\x1b" not in table and "\u202e" not in table
    table.encode()
    for hit in hits:
        json.dumps([hit.as_json(), short(hit)], ensure_ascii=False).encode()


@settings(max_examples=200, deadline=None)
@given(images, images)
def test_samples_and_their_questions(one: Any, other: Any) -> None:
    sample = sample_of("it", one, identity=("images", "1"), embedding_field="image.embedding")
    as_hashes(list(sample.hashes))
    bodies = likeness_bodies(Question(sample=sample, turned=True), SCHEMA)
    # Elasticsearch takes no numbers that JSON does not have.
    json.dumps([bodies, alike_query(sample.colors)], allow_nan=False)
    compared(hit_of(raw({"image": other}), Reason.SIMILAR), sample, 31, turned=True)


@settings(deadline=None)
@given(sources)
def test_dotted_names_are_read_as_objects_and_nothing_is_lost(source: dict[str, Any]) -> None:
    def leaves(value: Any) -> int:
        parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
        return 1 if not parts else sum(map(leaves, parts))

    found = expanded(source)
    # Said twice, in both spellings, counts once.
    assert leaves(found) <= leaves(source)
    # As texts: NaN does not equal itself.
    before, after = (json.dumps(value_at(each, "image"), sort_keys=True) for each in (source, found))
    assert after == before


@pytest.mark.parametrize(
    "source",
    [
        {"image": {"data": "x", "original": {"bytes": 5}}},
        {"image.data": "x", "image.original.bytes": 5},
        {"image": {"data": "x", "original.bytes": 5}},
        {"image.original": {"bytes": 5}, "image": {"data": "x"}},
        {"image": {"data": "x"}, "image.original.bytes": 5, "image.data": "another"},
    ],
)
def test_every_spelling_of_a_dotted_name(source: dict[str, Any]) -> None:
    assert value_at(source, "image") == {"data": "x", "original": {"bytes": 5}}


def test_a_dotted_name_beside_something_that_is_no_object() -> None:
    assert expanded({"image": "x", "image.data": "y", ".a": 1, "b.": 2, "image_size.x": 3}) == {
        **{"image": "x", "image.data": "y", ".a": 1, "b.": 2},
        "image_size": {"x": 3},
    }


@pytest.mark.parametrize(
    "source",
    [
        {"image": None, "image.data": "x"},
        {"image": {"data": None}, "image.data": "x"},
        {"image": {"data": None, "data.x": "x"}},
        {"image": [{"width": 5}], "image.data": "x"},
        {"image": "", "image.data": "x"},
        {"image": [], "image.url": "https://images.example.org/a.jpg"},
    ],
)
def test_a_picture_with_a_dotted_name_is_seen_beside_whatever_is_there(source: dict[str, Any]) -> None:
    assert holds_picture(source, ["image"])
    assert holds_picture({"a": source}, ["a.image"])
    assert outcome.is_unprocessed(source, "image")


def test_numbers_and_texts_as_elasticsearch_takes_them() -> None:
    assert [number(value) for value in (5, "640", ["1.5", 2], [[3]])] == [5, 640, 1.5, 3]
    none: list[Any] = [None, True, "much", "1e999", 10**400, float("nan"), {}, []]
    assert [number(value) for value in none] == [None] * 8
    assert [text(value) for value in ("a", ["b", "c"], 5, None, {"x": 1}, True)] == ["a", "b", "5", "", "", ""]
    (picture,) = pictures_of({"error": ["why", "else"], "colors": {"hex": "#ABCDEF", "share": 7}, "width": -1})
    assert picture.error and (picture.error.code, picture.error.reason) == ("error", "why")
    assert (picture.colors[0].hex, picture.colors[0].share, picture.width) == ("#abcdef", 1.0, None)


def test_hashes_of_a_list_are_all_compared_and_what_is_none_is_not() -> None:
    hashes = [{"hex": HASH}, {"hex": "xyz"}, {"hex": None}, "0f", {"hex": [HASH.replace("0f", "f0").upper()]}]
    assert sample_of("it", {"perceptual_hashes": hashes}).hashes == (HASH, HASH.replace("0f", "f0"))


@given(texts)
def test_what_a_terminal_must_not_obey_is_replaced(value: str) -> None:
    line = clean(value).plain
    assert not set(line) & set("\n\r\x1b\x07\0\x85\u2028\u202e\u2066\ud83d\udce9")
    assert shown(well_formed(value)) == shown(value)


def test_joined_emoji_and_scripts_stay_whole() -> None:
    for value in ("👩\u200d🚀 Käse", "می\u200cخواهم", "שלום", "नमस्ते", "a\tb\nc"):
        assert shown(value) == value


def test_a_json_answer_is_utf8(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    hit = hit_of(raw({"title": "caf\udce9", "bad\ud83d": [{"x": "\udce9"}], "image": "<base64>"}))
    _print(Results([hit], 1), as_json=True, with_reason=False)
    found = json.loads(capsysbinary.readouterr().out.decode())["hits"][0]
    assert found["title"] == "caf\ufffd"
    # Without pictures, also without those that are bare strings.
    assert found["_source"] == {"title": "caf\ufffd", "bad\ufffd": [{"x": "\ufffd"}]}


def test_a_terminal_of_another_encoding_shows_what_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    narrow = io.TextIOWrapper(written, encoding="latin-1")
    monkeypatch.setattr(sys, "stdout", narrow)
    assert main.callback is not None
    main.callback(until_end_of=None)
    narrow.write("Käse 👩 \udce9")
    narrow.flush()
    assert written.getvalue() == b"K\xe4se ? ?"


def test_help_still_works() -> None:
    assert CliRunner().invoke(main, ["--help"]).exit_code == 0


@settings(max_examples=200, deadline=None)
@given(sources)
def test_what_reprocess_tells_of_a_document(source: dict[str, Any]) -> None:
    light = well_formed(source)
    assert outcome.fingerprint(source, ["image"]) == outcome.fingerprint(expanded(source), ["image"])
    assert isinstance(outcome.is_unprocessed(light, "image"), bool) and isinstance(
        outcome.is_list(light, "image"), bool
    )
    assert all(isinstance(code, str) for code in outcome.error_codes(source, ["image", "a.b"]))
    assert holds_picture(source, ["image"]) in (True, False)


@pytest.mark.parametrize(
    ("image", "holds"),
    [
        ("<base64>", True),
        ([None, {"url": "https://example.org/a.jpg"}], True),
        ({"data": {"type": "Buffer", "data": [1]}}, True),
        ([["<base64>"]], True),
        (None, False),
        ("", False),
        ([], False),
        ({"data": None, "url": "", "caption": "x"}, False),
        ([{"error": {"code": "x"}}], False),
    ],
)
def test_what_holds_a_picture(image: Any, holds: bool) -> None:
    assert holds_picture({"image": image}, ["image"]) is holds
    assert holds_picture({"a.b": {"c": image}}, ["x", "a.b.c"]) is holds


def test_fingerprints_leave_out_what_is_heavy() -> None:
    one = {"image": {"data": "x", "width": 5, "original": {"bytes": 1}}}
    assert outcome.fingerprint(one, ["image"]) == outcome.fingerprint(
        {"image.width": 5, "image": {"thumbnail": "y", "original.bytes": 1}}, ["image"]
    )
    assert outcome.fingerprint(one, ["image"]) != outcome.fingerprint({"image": {"width": 6}}, ["image"])
    # As a source filter leaves them.
    assert outcome.fingerprint({"image": [{"data": "x"}, {"data": "y"}]}, ["image"]) == outcome.fingerprint(
        {}, ["image"]
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(sources, max_size=3), texts)
def test_what_the_doctor_says_of_documents(documents: list[dict[str, Any]], code: str) -> None:
    hits = {"total": {"value": 7}, "hits": [raw(source) for source in documents]}
    answer = {"hits": hits, "aggregations": {"codes": {"buckets": [{"key": code, "doc_count": 7}]}}}
    client = Mock()
    client.search.return_value.body = answer
    client.indices.get_mapping.return_value.body = {"images": {"mappings": {"properties": {"image": mapping()}}}}
    installation = Installation(client)
    vars(installation).update(indices={"images": {}}, patterns=["images"], others=[])
    for check in (check_documents.errors, check_documents.unprocessed):
        (finding,) = check(installation)
        finding.what.encode()
        assert "\x1b" not in finding.what


def test_an_id_that_no_file_can_have_is_an_id() -> None:
    for id in ("x" * 400, "nul\0", "a/b"):
        assert file_of(id) is None
    assert file_of(__file__) == Path(__file__)

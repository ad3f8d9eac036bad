"""`ingest-image reprocess --unprocessed` on real nodes: what was stored past the pipeline, in whatever form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from click.testing import CliRunner
from elasticsearch import Elasticsearch

from ingest_image.reprocess.command import reprocess
from tests.helpers.nodes import source

from .documents import LARGE, PHOTO, Run, put, versions


def test_what_was_stored_unprocessed_in_whatever_form(es: Elasticsearch, index: str, run: Run) -> None:
    """By a bulk update, under a dotted name, in a list beside a processed one, without a mark."""
    put(es, index, "done", data=LARGE)
    done = source(es, index, "done")["image"]
    # Of all pictures of a document, one may have a vector.
    plain = {name: value for name, value in done.items() if name not in ("perceptual_hash", "embedding")}
    documents: dict[str, Any] = {
        "bulk update": {"image": {"data": PHOTO}},
        "one of a list": {"image": [done, {"data": PHOTO}]},
        "all of a list": {"image": [done, plain]},
        "no mark": {"image": {name: value for name, value in done.items() if name != "mark"}},
        "fields that are no fields": {"image": {"data": PHOTO, "sha256": ["x"], "mark": None}},
        "an error as text": {"image": {"data": PHOTO, "error": {"code": "mine"}}},
        "no picture": {"title": "no picture"},
        "null": {"image": None},
        "a removed picture": {"image": {"data": None, "caption": "gone"}},
        "surrogates \ufffd": {"title": "caf\udce9 \ud83d", "image": {"data": PHOTO}},
    }
    for id, document in documents.items():
        es.index(index=index, id=id, document=document, pipeline="_none")
    es.indices.refresh(index=index)
    dry = run("--unprocessed", "--dry-run").output
    assert dry == f"{index}: 8 documents would go through images, if they hold a picture\n"
    result = run("--unprocessed")
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "5 of 8 written",
        "3 hold no picture to process again, and were left alone",
    ]
    mended = {id for id, version in versions(es, index).items() if version == 2}
    assert mended == {"bulk update", "one of a list", "no mark", "fields that are no fields", "surrogates \ufffd"}
    for id in mended:
        image = source(es, index, id)["image"]
        assert all(picture["mark"] and picture["sha256"] for picture in (image if isinstance(image, list) else [image]))
    assert source(es, index, "surrogates \ufffd")["title"] == "caf\ufffd \ufffd"
    assert run("--unprocessed").output.splitlines() == [
        "0 of 3 written",
        "3 hold no picture to process again, and were left alone",
    ]


def test_dotted_names_are_found_and_said_truthfully(es: Elasticsearch, index: str, run: Run) -> None:
    documents: dict[str, Any] = {
        "dotted": {"image.data": PHOTO},
        "also": {"image.data": PHOTO, "image.caption": "a"},
        "beside an object": {"image": {"caption": "a"}, "image.data": PHOTO},
        "beside a null": {"image": None, "image.data": PHOTO},
    }
    for id, document in documents.items():
        es.index(index=index, id=id, document=document, pipeline="_none", refresh=True)
    assert run("--unprocessed").output == "4 of 4 written\n"
    for id in documents:
        stored = source(es, index, id)
        assert set(stored) == {"image"} and stored["image"]["width"] == 128
        assert ("caption" in stored["image"]) is (id in ("also", "beside an object"))
    assert run("--unprocessed").output == "0 of 0 written\n"


def test_a_picture_that_was_written_twice_is_named(es: Elasticsearch, index: str, run: Run) -> None:
    """Nobody but its writer can tell which of them is meant."""
    put(es, index, "list")
    done = source(es, index, "list")["image"]
    documents: dict[str, Any] = {
        "object": {"image": {"data": LARGE}, "image.data": PHOTO},
        "removed": {"image": {"data": None}, "image.data": PHOTO},
        "list": {"image": [done], "image.data": PHOTO},
    }
    for id, document in documents.items():
        es.index(index=index, id=id, document=document, pipeline="_none", refresh=True)
    result = run("--unprocessed")
    assert result.exit_code == 1 and "0 of 3 written\n3 failed\n" in result.output
    assert all(f"  {id}: 400 [ambiguous_field] the key [image.data]" in result.output for id in documents)


def test_an_index_without_our_mapping(es: Elasticsearch, es_url: str, tmp_path: Path) -> None:
    """Pictures as bare strings, sizes as texts."""
    es.indices.create(index="guessed", settings={"index.default_pipeline": "images"})
    documents: dict[str, dict[str, Any]] = {
        "size": {"image": {"data": PHOTO[:1000], "bytes": "30 kB", "error": {"code": "x"}}},
        "whole": {"image": {"data": PHOTO}},
    }
    es.indices.create(index="bare", settings={"index.default_pipeline": "images"}, mappings={"dynamic": False})
    try:
        for id, document in documents.items():
            es.index(index="guessed", id=id, document=document, pipeline="_none", refresh=True)
        es.index(index="bare", id="1", document={"image": PHOTO}, pipeline="_none")
        es.index(index="bare", id="2", document={"image": [PHOTO, "no picture"]}, pipeline="_none", refresh=True)
        for name, said in (("guessed", "1 of 1 written\n"), ("bare", "2 of 2 written\n1 have an error")):
            result = CliRunner().invoke(reprocess, [name, "--url", es_url, "--unprocessed"])
            assert said in result.output, result.output
            assert PHOTO[:100] not in result.output
        assert source(es, "bare", "1")["image"]["width"] == 128
        assert [image.get("width") for image in source(es, "bare", "2")["image"]] == [128, None]
    finally:
        es.indices.delete(index="guessed,bare")

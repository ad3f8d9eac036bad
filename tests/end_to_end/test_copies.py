"""Copies that only pixels can tell: through a real node, with both embedders."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from elasticsearch import Elasticsearch
from PIL import Image, ImageOps

from ingest_image.duplicates.command import duplicates
from ingest_image.search import Engine, Hit, Question
from ingest_image.search.comparing import likeness
from ingest_image.search.questions.filters import parse_filters
from ingest_image.search.sampling import find_sample, sample_of_open_file
from ingest_image.search_command import search
from tests.helpers.nodes import set_hosts
from tests.helpers.pictures import b64, encoded, opened, picture
from tests.helpers.service import Service, running_service

OTHERS = ("skimage/astronaut.png", "skimage/coins.png", "pillow/flower.jpg", "exif-orientation/Landscape_1.jpg")


def cat() -> Image.Image:
    return opened(picture("skimage/chelsea.png")).convert("RGB")


def corner(image: Image.Image) -> Image.Image:
    """The lower right, 70 % of each side."""
    return image.crop((round(image.width * 0.3), round(image.height * 0.3), *image.size))


def jpeg(image: Image.Image) -> bytes:
    return encoded(image, "JPEG", quality=90)


def stored(es: Elasticsearch, index: str, id: str, image: Any, **options: Any) -> None:
    es.index(index=index, id=id, document={"title": id, "image": image}, refresh=True, **options)


@pytest.fixture(scope="module", params=["builtin", "lite0"])
def filled(
    es: Elasticsearch, service: Service, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A photograph, a corner of it mirrored, and other photographs, with vectors of this embedder."""
    index = f"images-copies-{request.param}"
    es.indices.delete(index=index, ignore_unavailable=True)
    log = tmp_path_factory.mktemp("service") / "service.log"
    with running_service(log, embedder=str(request.param)) as own:
        set_hosts(es, own.url)
        stored(es, index, "cat", {"data": b64(picture("skimage/chelsea.png"))})
        stored(es, index, "corner", {"data": b64(jpeg(ImageOps.mirror(corner(cat()))))})
        for name in OTHERS:
            stored(es, index, name, {"data": b64(picture(name))})
        yield index
        set_hosts(es, service.url)
    es.indices.delete(index=index)


@pytest.fixture
def engine(es: Elasticsearch, filled: str) -> Engine:
    return Engine(es, filled)


def copies(engine: Engine, what: str | bytes, **parts: Any) -> dict[str, Hit]:
    sample = (
        find_sample(engine, what)
        if isinstance(what, str)
        else sample_of_open_file(engine, io.BytesIO(what), "question")
    )
    hits = engine.search(Question(sample=sample, near_duplicates=True, **parts), 50).hits
    return {hit.id: hit for hit in hits}


def vector_of_the_cat(es: Elasticsearch, index: str) -> dict[str, Any]:
    """As fields of a document; Elasticsearch 9 leaves it out of `_source`."""
    fields = [{"field": "image.embedding"}]
    hit = es.search(index=index, query={"ids": {"values": ["cat"]}}, fields=fields)["hits"]["hits"][0]
    return {"embedder": hit["_source"]["image"]["embedder"], "embedding": hit["fields"]["image.embedding"]}


def test_a_file_that_is_a_corner(engine: Engine) -> None:
    found = copies(engine, jpeg(corner(cat())))
    assert list(found) == ["corner", "cat"] or list(found) == ["cat", "corner"]
    overlap = found["cat"].overlap
    assert overlap is not None and overlap.words == "the sample is a crop: 49 % of it, lower right"
    assert (found["cat"].reason, found["corner"].turn) == ("same picture", "flip_horizontal")


def test_a_corner_whose_whole_vector_is_far_is_found_by_its_colours(
    engine: Engine, filled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        likeness, "_KNOWN", {name: replace(limits, candidates=0) for name, limits in likeness._KNOWN.items()}
    )
    found = copies(engine, jpeg(corner(cat())))
    # A model's vectors have no part that is of colours.
    assert set(found) == ({"corner", "cat"} if filled.endswith("builtin") else set())


def test_a_stored_corner(engine: Engine) -> None:
    found = copies(engine, "corner")
    assert list(found) == ["cat"]
    overlap = found["cat"].overlap
    assert overlap is not None and overlap.words == "the sample is a crop: 49 % of it, lower right"
    assert found["cat"].turn == "flip_horizontal"


def test_a_stored_picture_finds_its_corner(engine: Engine) -> None:
    found = copies(engine, "cat")
    assert list(found) == ["corner"]
    overlap = found["corner"].overlap
    assert overlap is not None and overlap.words == "cropped: 49 % of the sample, lower right"


def test_others_are_similar_at_most(engine: Engine) -> None:
    hits = engine.search(Question(sample=find_sample(engine, "corner")), 50).hits
    assert [hit.id for hit in hits if hit.copy] == ["cat"]
    assert hits[0].id == "cat"
    for name in OTHERS:
        assert copies(engine, name) == {}


def test_filters_hold_for_copies_too(engine: Engine) -> None:
    assert copies(engine, "cat", filters=parse_filters(["image.format:png"], engine.schema)) == {}


def test_a_document_without_a_thumbnail_is_read_itself(es: Elasticsearch, engine: Engine, filled: str) -> None:
    processors = json.loads(json.dumps(es.ingest.get_pipeline(id="images").body["images"]["processors"]))
    names = processors[0]["image"]["properties"]
    processors[0]["image"]["properties"] = [name for name in names if not isinstance(name, dict)]
    es.ingest.put_pipeline(id="images-without-thumbnail", processors=processors)
    try:
        tilted = jpeg(corner(cat()).rotate(4, Image.Resampling.BICUBIC))
        stored(es, filled, "bare", {"data": b64(tilted)}, pipeline="images-without-thumbnail")
        assert "thumbnail" not in es.get(index=filled, id="bare")["_source"]["image"]
        assert {"cat", "corner"} <= set(copies(engine, "bare"))
        assert "bare" in copies(engine, "cat")
        # The file itself is laid over when the pipeline makes no thumbnail of it.
        sample = sample_of_open_file(engine, io.BytesIO(tilted), "question", "images-without-thumbnail")
        assert sample.layer is not None
    finally:
        es.delete(index=filled, id="bare", refresh=True)
        es.ingest.delete_pipeline(id="images-without-thumbnail")


@pytest.mark.parametrize("thumbnail", ["no base64!", b64(b"no picture"), 17, [1, 2], {"a": 1}, "A" * 300_000])
def test_a_document_that_lies_is_no_copy(es: Elasticsearch, engine: Engine, filled: str, thumbnail: object) -> None:
    """Its vector is that of the cat, its picture is nothing."""
    lie = {**vector_of_the_cat(es, filled), "thumbnail": thumbnail, "data": "also nothing"}
    if not isinstance(thumbnail, str):
        # Elasticsearch accepts only text there.
        del lie["thumbnail"]
    stored(es, filled, "lie", lie, pipeline="_none")
    try:
        assert "lie" not in copies(engine, "cat")
        assert set(copies(engine, jpeg(corner(cat())))) == {"cat", "corner"}
    finally:
        es.delete(index=filled, id="lie", refresh=True)


def test_a_refused_picture_is_not_looked_at(es: Elasticsearch, engine: Engine, filled: str) -> None:
    """With `keep_invalid` a document still holds the bytes that nobody could check."""
    thumbnail = es.get(index=filled, id="cat")["_source"]["image"]["thumbnail"]
    error = {"code": "corrupt_image", "reason": "x"}
    refused = {**vector_of_the_cat(es, filled), "thumbnail": thumbnail, "error": error}
    stored(es, filled, "refused", refused, pipeline="_none")
    try:
        assert list(copies(engine, "cat")) == ["corner"]
    finally:
        es.delete(index=filled, id="refused", refresh=True)


def test_the_commands_say_which_part(es_url: str, filled: str, tmp_path: Path) -> None:
    path = tmp_path / "part.jpg"
    path.write_bytes(jpeg(corner(cat())))
    run = CliRunner()
    options = ["--url", es_url, "--index", filled, "--like", str(path), "--near-duplicate"]
    table = run.invoke(search, options).output
    assert "same picture, the sample is a crop: 49 % of it, lower right" in table
    assert "same picture, flip horizontal" in table
    hits = json.loads(run.invoke(search, [*options, "--json"]).output)["hits"]
    overlap = next(hit["overlap"] for hit in hits if hit["_id"] == "cat")
    assert overlap["of_hit"] == pytest.approx(0.49, abs=0.02)
    assert overlap["in_hit"] == pytest.approx([0.65, 0.65], abs=0.02)


def test_duplicates_by_their_pixels(es_url: str, filled: str) -> None:
    run = CliRunner()
    lines = run.invoke(duplicates, [filled, "--url", es_url, "--json"]).output.splitlines()
    (cluster,) = [json.loads(line) for line in lines]
    assert [document["_id"] for document in cluster["documents"]] == ["cat", "corner"]
    assert cluster["documents"][1]["reason"] == "same picture"
    assert cluster["documents"][1]["overlap"]["of_sample"] == pytest.approx(0.49, abs=0.02)
    table = run.invoke(duplicates, [filled, "--url", es_url]).output
    assert "same picture, flip horizontal, cropped: 49 % of the sample, lower right" in table
    assert "no duplicates" in run.invoke(duplicates, [filled, "--url", es_url, "--nearest", "0"]).output

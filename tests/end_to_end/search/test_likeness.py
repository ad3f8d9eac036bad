"""Searching by a picture on real nodes: copies, changed copies, similar ones."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from PIL import Image

from ingest_image.search import Engine, Question, Sample, UserError
from ingest_image.search.comparing import likeness
from ingest_image.search.comparing.likeness import likeness_of
from ingest_image.search.sampling import find_sample, sample_of_open_file
from tests.helpers.pictures import picture

from .filled import CHANGED, COPIES, INDEX, Ask, flower, jpeg


class TestLikeness:
    def test_near_duplicates_of_a_stored_picture(self, engine: Engine) -> None:
        hits = engine.search(Question(sample=find_sample(engine, "flower"), near_duplicates=True), 50).hits
        assert {hit.id for hit in hits} == COPIES | CHANGED
        assert (hits[0].id, hits[0].reason, hits[0].distance) == ("flower-copy", "exact", 0)
        assert all(hit.reason == "same picture" for hit in hits[1:])
        by_hash, by_pixels = hits[1:-3], hits[-3:]
        assert all(hit.distance is not None and hit.distance <= 31 and hit.overlap is None for hit in by_hash)
        assert {hit.id for hit in by_pixels} == CHANGED
        assert all(hit.overlap is not None and hit.likeness for hit in by_pixels)

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            (lambda image: image.crop((24, 18, 456, 342)), "the sample is a crop: 8[0-3] % of it, middle"),
            (lambda image: image.rotate(3, Image.Resampling.BICUBIC), "tilted right by 3 degrees"),
            (lambda image: image.resize((120, 90)), None),
        ],
        ids=["cropped", "3 degrees", "small"],
    )
    def test_changed_copies(
        self, engine: Engine, change: Callable[[Image.Image], Image.Image], words: str | None
    ) -> None:
        """What the hash does not know any more, pixels do; nothing else is taken for a copy."""
        sample = sample_of_open_file(engine, io.BytesIO(jpeg(change(flower()))), "changed")
        hits = {hit.id: hit for hit in engine.search(Question(sample=sample, near_duplicates=True), 50).hits}
        overlap = hits["flower"].overlap
        assert hits["flower"].reason == "same picture"
        assert (overlap is None) == (words is None)
        assert overlap is None or re.fullmatch(words or "", overlap.words)
        assert all(id.startswith("flower") or id == "album" for id in hits)

    def test_turned_and_mirrored_ones_on_request(self, engine: Engine) -> None:
        hits = engine.search(Question(sample=find_sample(engine, "flower"), near_duplicates=True, turned=True), 50).hits
        turns = {hit.id: hit.turn for hit in hits}
        assert set(turns) == COPIES | CHANGED
        assert (turns["flower-turned"], turns["flower-mirrored"], turns["flower-poor"]) == (
            "rotate_90",
            "flip_horizontal",
            None,
        )

    def test_a_file_is_looked_at_and_not_stored(self, es: Elasticsearch, engine: Engine, tmp_path: Path) -> None:
        path = tmp_path / "new.jpg"
        path.write_bytes(jpeg(flower().resize((300, 225)), 60))
        before = es.count(index=INDEX)["count"]
        hits = engine.search(Question(sample=find_sample(engine, str(path)), near_duplicates=True), 50).hits
        assert {hit.id for hit in hits} == COPIES | CHANGED | {"flower"}
        assert es.count(index=INDEX)["count"] == before

    def test_copies_narrowed_down(self, engine: Engine, ask: Ask) -> None:
        assert ask(sample=find_sample(engine, "flower"), near_duplicates=True, filters=["width:<=200"]) == [
            "flower-small"
        ]
        assert ask(sample=find_sample(engine, "flower"), near_duplicates=True, words="recompressed") == ["flower-poor"]

    def test_a_picture_and_words_are_ranked_together(self, engine: Engine, ask: Ask) -> None:
        found = ask(sample=find_sample(engine, "flower"), words="astronaut")
        assert "astronaut" in found[:3]
        assert set(found) >= COPIES

    def test_copies_come_before_similar_ones(self, engine: Engine) -> None:
        hits = engine.search(Question(sample=find_sample(engine, "flower")), 50).hits
        count = len(COPIES | CHANGED)
        assert {hit.id for hit in hits[:count]} == COPIES | CHANGED
        assert all(hit.reason == "similar" and not hit.copy for hit in hits[count:])

    def test_nothing_below_the_threshold_of_the_embedder_is_called_alike(
        self, engine: Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sample = find_sample(engine, "coins")
        known = likeness_of(sample.embedder)
        shown = engine.alike(Question(sample=sample)).hits
        assert all(hit.copy or (hit.likeness or 0) >= known.alike for hit in shown)
        monkeypatch.setitem(likeness._KNOWN, str(sample.embedder), replace(known, alike=0.0))
        assert {hit.id for hit in engine.alike(Question(sample=sample)).hits} > {hit.id for hit in shown}

    def test_without_an_embedding_colours_are_compared(self, engine: Engine) -> None:
        sample = replace(find_sample(engine, "coins"), embeddings=())
        hits = engine.search(Question(sample=sample), 50).hits
        assert hits[0].id == "album"
        assert {hit.reason for hit in hits[1:]} == {"similar colours"}

    def test_vectors_of_another_embedder_are_not_compared(self, engine: Engine) -> None:
        sample = find_sample(engine, "flower")
        other = replace(sample, embedder="another", sha256=frozenset(), hashes=())
        assert engine.search(Question(sample=other), 50).hits == []
        shorter = replace(sample, embeddings=((1.0, 0.0),))
        assert {hit.reason for hit in engine.search(Question(sample=shorter), 50).hits} >= {
            "same picture",
            "similar colours",
        }

    def test_blank_pictures_are_no_copies_of_each_other(self, engine: Engine) -> None:
        answer = engine.search(Question(sample=find_sample(engine, "blank"), near_duplicates=True))
        assert answer.hits == []
        assert "too little structure" in answer.note

    def test_what_is_no_picture(self, engine: Engine) -> None:
        with pytest.raises(UserError, match="x: the bytes are of no accepted picture format"):
            sample_of_open_file(engine, io.BytesIO(b"no picture"), "x")
        with pytest.raises(UserError, match="there is no pipeline nowhere"):
            sample_of_open_file(engine, io.BytesIO(picture("pillow/flower.jpg")), "x", "nowhere")
        with pytest.raises(UserError, match="there is no document missing"):
            find_sample(engine, "missing")

    def test_pages(self, engine: Engine) -> None:
        question = Question(sample=find_sample(engine, "flower"), near_duplicates=True)
        first = engine.search(question, 4)
        second = engine.search(question, 4, first.next)
        ids = [hit.id for hit in first.hits + second.hits]
        assert (first.total, second.next, set(ids)) == (8, None, COPIES | CHANGED)

    def test_facets(self, engine: Engine) -> None:
        answer = engine.search(Question())
        facets = engine.facets(Question(), answer)
        assert ("NIKON D750", 1) in facets.counts["camera"]
        assert ("2020", 1) in facets.counts["taken"]
        assert ("not_an_image", 1) in facets.counts["error"]
        assert 0 < facets.stored_bytes < facets.original_bytes


@pytest.mark.parametrize("place", ["embedding", "embedding.vector"])
def test_an_embedding_is_used_where_the_mapping_has_one(es: Elasticsearch, place: str) -> None:
    """Also from Elasticsearch 9, which leaves vectors out of `_source`."""
    index = "vectors"
    vector: dict[str, Any] = {"type": "dense_vector", "dims": 3, "similarity": "cosine"}
    documents = {"a": [1, 0, 0.1], "b": [0.9, 0.1, 0], "c": [0, 1, 0]}
    es.indices.delete(index=index, ignore_unavailable=True)

    def nested(value: Any, wrap: Callable[[str, Any], Any]) -> Any:
        for name in reversed(place.split(".")):
            value = wrap(name, value)
        return value

    mapping = nested(vector, lambda name, below: {"properties": {name: below}})
    es.indices.create(index=index, mappings={"properties": {"image": mapping}})
    try:
        for id, values in documents.items():
            es.index(index=index, id=id, document={"image": nested(values, lambda name, below: {name: below})})
        es.indices.refresh(index=index)
        engine = Engine(es, index)
        sample = find_sample(engine, "a")
        assert sample.embeddings[0] == pytest.approx((1, 0, 0.1))
        hits = engine.search(Question(sample=sample)).hits
        assert [(hit.id, hit.reason) for hit in hits] == [("b", "similar")]
        assert isinstance(sample, Sample)
    finally:
        es.indices.delete(index=index)

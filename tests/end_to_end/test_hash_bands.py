"""Near duplicates of a large index are looked up by bands of their hashes; older documents get these by reprocess."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from elasticsearch import Elasticsearch

from ingest_image.doctor.command import doctor
from ingest_image.reprocess.command import reprocess
from ingest_image.search import Engine, Question, Sample
from ingest_image.search.comparing.hashes import variants
from ingest_image.search.questions.filters import Filters
from ingest_image.search.requests import bands
from processor_service.hash_bands import bands as bands_of_hash
from tests.helpers.nodes import source
from tests.helpers.pictures import b64, picture

PHOTO = b64(picture("pillow/hopper.jpg"))
VALUE = f"{random.Random(5).getrandbits(256):064x}"
# Two bits of each band but one: as badly as 31 bits can be spread.
WORST = [16 * band + bit for band in range(16) for bit in (3, 11)][:-1]


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every index counts as a large one."""
    monkeypatch.setattr(bands, "ALL_ARE_COMPARED", 0)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def hashed(*values: str) -> dict[str, Any]:
    hashes = [{"algorithm": "pdq", "hex": value, "bits": value, "bands": bands_of_hash(value)} for value in values]
    return {"image": {"perceptual_hashes": hashes}}


def flipped(bits: list[int], value: str = VALUE) -> str:
    return f"{int(value, 16) ^ sum(1 << bit for bit in bits):064x}"


def found(es: Elasticsearch, index: str, value: str = VALUE, **more: Any) -> dict[str, int | None]:
    question = Question(sample=Sample("it", hashes=(value,)), near_duplicates=True, **more)
    return {hit.id: hit.distance for hit in Engine(es, index).search(question, 100).hits}


def uses_bands(es: Elasticsearch, index: str, **more: Any) -> bool:
    question = Question(sample=Sample("it", hashes=(VALUE,)), **more)
    return bands.may_use_bands(es, index, Engine(es, index).schema, question)


def test_all_within_31_bits_are_found(es: Elasticsearch, index: str) -> None:
    documents = {
        "same": hashed(VALUE),
        "worst": hashed(flipped(WORST)),
        "of a list": hashed(flipped(list(range(128))), flipped([7])),
        "turned": hashed(variants(VALUE)["rotate_90"]),
        "another": hashed(f"{random.Random(6).getrandbits(256):064x}"),
    }
    for id, document in documents.items():
        es.index(index=index, id=id, document=document, pipeline="_none")
    es.indices.refresh(index=index)
    assert uses_bands(es, index)
    assert found(es, index) == {"same": 0, "of a list": 1, "worst": 31}
    assert found(es, index, turned=True) == {"same": 0, "turned": 0, "of a list": 1, "worst": 31}
    assert found(es, index, filters=Filters(others=({"ids": {"values": ["worst"]}},))) == {"worst": 31}
    # Farther away, a band need not be near.
    assert not uses_bands(es, index, distance=32)


def test_small_indices_compare_all(es: Elasticsearch, index: str, monkeypatch: pytest.MonkeyPatch) -> None:
    es.index(index=index, document=hashed(VALUE), pipeline="_none", refresh=True)
    assert uses_bands(es, index)
    monkeypatch.setattr(bands, "ALL_ARE_COMPARED", 1)
    assert not uses_bands(es, index)


def test_a_stored_picture_has_bands_and_hits_do_not_show_them(es: Elasticsearch, index: str) -> None:
    es.index(index=index, id="1", document={"image": {"data": PHOTO}}, refresh=True)
    value = source(es, index, "1")["image"]["perceptual_hashes"]["hex"]
    assert source(es, index, "1")["image"]["perceptual_hashes"]["bands"] == bands_of_hash(value)
    (hit,) = Engine(es, index).search(Question(sample=Sample("it", hashes=(value,)))).hits
    assert hit.distance == 0 and hit.source["image"]["perceptual_hashes"] == {"algorithm": "pdq", "hex": value}


def test_documents_without_bands_are_found_and_get_them(es: Elasticsearch, es_url: str, index: str) -> None:
    es.index(index=index, id="now", document={"image": {"data": PHOTO}})
    image = source(es, index, "now")["image"]
    value, made = image["perceptual_hashes"]["hex"], image["perceptual_hashes"].pop("bands")
    # Elasticsearch 9.2 and later leave it out of what was read.
    image["perceptual_hashes"]["bits"] = value
    es.index(index=index, id="before", document={"image": image}, pipeline="_none")
    second = {name: part for name, part in image.items() if name not in ("perceptual_hash", "embedding")}
    es.index(index=index, id="list", document={"image": [image, second]}, pipeline="_none", refresh=True)
    assert "bands" not in str(source(es, index, "list"))
    assert not uses_bands(es, index)
    assert found(es, index, value).keys() == {"now", "before", "list"}

    def said() -> str:
        return CliRunner().invoke(doctor, ["--url", es_url, "--index", index]).output

    def reprocessed() -> str:
        return CliRunner().invoke(reprocess, [index, "--url", es_url, "--stale"]).output

    assert f"warn  bands: 2 documents of {index} with hashes without bands" in said()
    assert reprocessed().startswith("2 of 2 written\n")
    es.indices.refresh(index=index)
    assert source(es, index, "before")["image"]["perceptual_hashes"]["bands"] == made
    assert [one["perceptual_hashes"]["bands"] for one in source(es, index, "list")["image"]] == [made, made]
    assert source(es, index, "before")["image"]["data"] == image["data"]
    assert uses_bands(es, index)
    assert found(es, index, value).keys() == {"now", "before", "list"}
    assert "ok    bands: all hashes have bands" in said()
    assert reprocessed() == "0 of 0 written\n"


def test_an_index_that_is_older_than_the_field_goes_on_working(es: Elasticsearch, es_url: str) -> None:
    index = "older-hashes"
    es.indices.delete(index=index, ignore_unavailable=True)
    bits = {"type": "dense_vector", "element_type": "bit", "dims": 256, "similarity": "l2_norm"}
    hashes = {"type": "nested", "properties": {"hex": {"type": "keyword"}, "bits": bits}}
    mapping = {"image": {"properties": {"perceptual_hashes": hashes}}}
    es.indices.create(index=index, mappings={"properties": mapping})
    try:
        # Elasticsearch maps the bands of new documents as text.
        es.index(index=index, id="new", document=hashed(VALUE))
        es.index(index=index, id="old", document={"image": {"perceptual_hashes": {"hex": VALUE, "bits": VALUE}}})
        es.indices.refresh(index=index)
        assert not uses_bands(es, index)
        assert found(es, index) == {"new": 0, "old": 0}
    finally:
        es.indices.delete(index=index)

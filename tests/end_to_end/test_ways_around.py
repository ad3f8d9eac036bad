"""What passed by the pipeline is found and mended afterwards, as docs/security.md says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from elasticsearch import BadRequestError, Elasticsearch
from PIL import ExifTags, Image

from ingest_image.doctor.command import doctor
from ingest_image.reprocess.command import reprocess
from tests.helpers.located_pictures import places, with_place
from tests.helpers.pictures import b64, encoded

CLEAN = b64(encoded(Image.effect_noise((90, 60), 60), "JPEG"))
PRIVATE = with_place(encoded(Image.effect_noise((120, 80), 60), "JPEG"))
EXIF = Image.Exif()
EXIF[ExifTags.Base.Artist] = "Somebody"
DESCRIBED = b64(encoded(Image.effect_noise((70, 50), 60), "JPEG", exif=EXIF))
TRUNCATED = b64(PRIVATE[: len(PRIVATE) // 2])


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the state of a run is kept."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))


def with_a_place(es: Elasticsearch, index: str) -> set[str]:
    es.indices.refresh(index=index)
    hits = es.search(index=index, size=50)["hits"]["hits"]
    return {hit["_id"] for hit in hits if any(places(hit["_source"]))}


def bulk_update(es: Elasticsearch, index: str, id: str, image: Any) -> None:
    lines: list[dict[str, Any]] = [{"update": {"_id": id}}, {"doc": {"image": image}, "doc_as_upsert": False}]
    answer = es.bulk(index=index, operations=lines)
    assert not answer["errors"], str(answer)[:300]


def test_a_bulk_update_is_found(es: Elasticsearch, es_url: str, index: str) -> None:
    def run(*arguments: str) -> str:
        result = CliRunner().invoke(reprocess, [index, "--url", es_url, *arguments])
        assert result.exit_code == 0, result.output
        return result.output

    for id in ("no picture before", "list before"):
        es.index(index=index, id=id, document={"title": id})
    es.index(index=index, id="a picture before", document={"image": CLEAN})
    bulk_update(es, index, "no picture before", {"data": b64(PRIVATE)})
    processed = es.get(index=index, id="a picture before")["_source"]["image"]
    bulk_update(es, index, "list before", [processed, {"data": b64(PRIVATE)}])
    bulk_update(es, index, "a picture before", {"data": b64(PRIVATE)})
    assert with_a_place(es, index) == {"no picture before", "list before", "a picture before"}
    said = CliRunner().invoke(doctor, ["--url", es_url, "--index", index]).output
    assert "warn  unprocessed: pictures were stored unprocessed: 1 document with neither fields nor an error" in said
    assert run("--unprocessed").startswith("2 of 2 written\n")
    # The mark of the earlier picture is still there, and only the node can tell that it is not of this one.
    assert with_a_place(es, index) == {"a picture before"}
    said = CliRunner().invoke(doctor, ["--url", es_url, "--index", index]).output
    assert "ok    unprocessed: no document has a picture and neither fields nor an error" in said
    assert run().startswith("3 of 3 written\n2 of these unchanged")
    assert with_a_place(es, index) == set()


def test_a_bulk_upsert_passes_the_pipeline_of_an_index_that_it_makes(es: Elasticsearch, index: str) -> None:
    """Elasticsearch itself looks for that pipeline by a name that this part of a request does not have."""
    image = {"image": {"data": b64(PRIVATE)}}
    parts: dict[str, dict[str, Any]] = {
        "doc": {"doc": image, "doc_as_upsert": True},
        "upsert": {"doc": {"title": "t"}, "upsert": image},
        "script": {"script": {"source": "ctx._source.title = 't'"}, "upsert": image},
    }
    for name in (index, f"<{index}-{{now/y{{yyyy}}}}>"):
        lines = [line for id, part in parts.items() for line in ({"update": {"_index": name, "_id": id}}, part)]
        for data in (DESCRIBED, CLEAN):
            # The second is merged into what came of the first.
            lines += [{"update": {"_index": name, "_id": "twice"}}, {"doc": {"image": data}, "doc_as_upsert": True}]
        answer = es.bulk(operations=lines, refresh=True)
        assert not answer["errors"], str(answer)[:300]
        (made,) = {item["update"]["_index"] for item in answer["items"]}
        assert with_a_place(es, made) == set()
        assert all(es.get(index=made, id=id)["_source"]["image"]["width"] == 120 for id in parts)
        twice = es.get(index=made, id="twice")["_source"]["image"]
        assert twice["width"] == 90 and not twice.get("metadata")
    es.indices.delete(index=made)


def test_a_bulk_update_with_a_dotted_name_is_named(es: Elasticsearch, es_url: str, index: str) -> None:
    es.index(index=index, id="twice", document={"title": "t", "image": CLEAN})
    lines: list[dict[str, Any]] = [{"update": {"_id": "twice"}}, {"doc": {"image.data": b64(PRIVATE)}}]
    assert not es.bulk(index=index, operations=lines, refresh=True)["errors"]
    assert with_a_place(es, index) == {"twice"}
    result = CliRunner().invoke(reprocess, [index, "--url", es_url])
    assert result.exit_code == 1 and "  twice: 400 [ambiguous_field] the key [image.data]" in result.output
    document = dict(es.get(index=index, id="twice")["_source"])
    for written in ({"title": "u"}, {"image": {"data": CLEAN}}):
        with pytest.raises(BadRequestError, match="ambiguous_field"):
            es.update(index=index, id="twice", doc=written)
    es.index(index=index, id="twice", document={"title": "t", "image.data": document["image.data"]})
    assert with_a_place(es, index) == set()
    assert es.get(index=index, id="twice")["_source"]["image"]["width"] == 120


@pytest.mark.parametrize("way", ["ignore_failure", "on_failure"])
def test_a_pipeline_that_goes_on_after_a_failure(es: Elasticsearch, es_url: str, index: str, way: str) -> None:
    handlers = [{"image": {"field": "nothing", "ignore_missing": True}}]
    options = {"ignore_failure": True} if way == "ignore_failure" else {"on_failure": handlers}
    es.ingest.put_pipeline(id=f"on-{index}", processors=[{"image": options}])

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(reprocess, [index, "--url", es_url, "--unprocessed", *arguments])
        assert result.exit_code == 0, result.output
        return result.output

    try:
        es.indices.create(index=index, settings={"default_pipeline": f"on-{index}"})
        es.index(index=index, id="1", document={"image": {"data": TRUNCATED}})
        assert with_a_place(es, index) == {"1"}
        assert (
            "pictures were stored unprocessed" in CliRunner().invoke(doctor, ["--url", es_url, "--index", index]).output
        )
        # The same pipeline fails, and goes on, in the same way.
        assert "1 still hold a picture that was not processed" in run()
        assert "1 have an error instead of fields: 1 truncated_image" in run("--pipeline", "images")
        assert with_a_place(es, index) == set()
    finally:
        es.indices.delete(index=index, ignore_unavailable=True)
        es.ingest.delete_pipeline(id=f"on-{index}")

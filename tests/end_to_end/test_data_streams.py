"""A data stream on a real node, whose backing indices take what indices take (docs/data-streams.md)."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from elasticsearch import BadRequestError, Elasticsearch

from ingest_image.cli import main
from tests.helpers.nodes import source
from tests.helpers.pictures import b64, picture
from tests.helpers.service import TOKEN, Service, calls

PHOTO = b64(picture("pillow/hopper.jpg"))
TIME = "2026-01-01T00:00:00Z"


def run(url: str, command: str, *arguments: str, exit_code: int = 0) -> str:
    result = CliRunner().invoke(main, [command, "--url", url, *arguments], env={"IMAGE_TOKEN": TOKEN})
    assert result.exit_code == exit_code, result.output
    return result.output


@pytest.fixture(scope="module")
def stream(es_url: str) -> str:
    """A stream with three copies of a picture. It stays: an embedded node has no request that deletes a stream."""
    name = f"stream-{uuid.uuid4().hex[:8]}"
    said = run(es_url, "bootstrap", "--data-stream", name, "--retention", "30d")
    assert f"created: index template {name}" in said and "bring their own @timestamp" in said
    with Elasticsearch(es_url, request_timeout=120) as es:
        es.cluster.put_component_template(name=f"{name}@custom", template={"settings": {"index.priority": 7}})
        for id_ in "123":
            document = {"@timestamp": TIME, "title": "hopper", "image": {"data": PHOTO}}
            es.create(index=name, id=id_, document=document, refresh=True)
    return name


def backing(es: Elasticsearch, stream: str) -> str:
    (index,) = es.indices.get_settings(index=stream)
    return str(index)


def stored(es: Elasticsearch, stream: str, id_: str) -> dict[str, Any]:
    return source(es, backing(es, stream), id_)


def test_documents_are_processed_and_retention_is_kept(es: Elasticsearch, es_url: str, stream: str) -> None:
    assert stored(es, stream, "1")["image"]["width"] == 128
    settings = es.indices.get_settings(index=stream, flat_settings=True)[backing(es, stream)]["settings"]
    assert settings["index.priority"] == "7", "of the user's own template"
    said = run(es_url, "bootstrap")
    assert f"current: index template {stream}" in said
    template = es.indices.get_index_template(name=stream)["index_templates"][0]["index_template"]
    assert template["template"]["lifecycle"]["data_retention"] == "30d"
    with pytest.raises(BadRequestError, match=r"@timestamp.* is missing"):
        es.create(index=stream, id="4", document={"image": {"data": PHOTO}})


def test_an_update_by_the_backing_index_leaves_the_picture_alone(
    es: Elasticsearch, service: Service, stream: str
) -> None:
    before, asked = stored(es, stream, "2")["image"], calls(service)
    es.update(index=backing(es, stream), id="2", doc={"title": "another"}, refresh=True)
    assert stored(es, stream, "2") == {"@timestamp": TIME, "title": "another", "image": before}
    assert calls(service) == asked


def test_commands_take_the_name_of_the_stream(es: Elasticsearch, es_url: str, stream: str) -> None:
    assert "3 of 3 written" in run(es_url, "reprocess", stream)
    assert "0 of 0 written" in run(es_url, "reprocess", "--pending", stream)
    assert "2 found" in run(es_url, "search", "--index", stream, "--like", "1")
    assert "1 cluster, 3 pictures" in run(es_url, "duplicates", stream)
    found = json.loads(run(es_url, "doctor", "--index", stream, "--json"))["findings"]
    assert {one["level"] for one in found} == {"ok"}, found


def test_index_sends_new_documents_only(es_url: str, stream: str, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(picture("pillow/hopper.jpg"))
    # Nothing sets the time here, but the request is one that a stream takes.
    said = run(es_url, "index", "--index", stream, str(tmp_path), exit_code=1)
    assert "@timestamp" in said and "op_type" not in said


def test_after_a_rollover_both_backing_indices_are_worked_on(es: Elasticsearch, es_url: str, stream: str) -> None:
    old = backing(es, stream)
    new = es.indices.rollover(alias=stream)["new_index"]
    es.create(index=stream, id="4", document={"@timestamp": TIME, "image": {"data": PHOTO}}, refresh=True)
    assert es.exists(index=new, id="4") and es.exists(index=old, id="1")
    said = run(es_url, "reprocess", stream)
    assert "4 of 4 written" in said, said
    assert "0 of 0 written" in run(es_url, "reprocess", "--pending", stream)
    assert "3 found" in run(es_url, "search", "--index", stream, "--like", "1")
    assert "1 cluster, 4 pictures" in run(es_url, "duplicates", stream)
    found = json.loads(run(es_url, "doctor", "--index", stream, "--json"))["findings"]
    assert {one["level"] for one in found} == {"ok"}, found
    # An id says nothing of the other one, and the stream's name does not say which is meant.
    again = {"@timestamp": TIME, "title": "again", "image": {"data": PHOTO}}
    es.create(index=stream, id="1", document=again, refresh=True)
    assert (source(es, old, "1")["title"], source(es, new, "1")["title"]) == ("hopper", "again")
    with pytest.raises(BadRequestError, match="only write ops with an op_type of create are allowed in data streams"):
        es.update(index=stream, id="1", doc={"title": "which"})
    es.update(index=old, id="1", doc={"title": "of an old one"})
    es.delete(index=old, id="2", refresh=True)
    assert es.count(index=stream)["count"] == 4 and source(es, old, "1")["title"] == "of an old one"


def test_uninstall_keeps_what_a_stream_needs(es: Elasticsearch, es_url: str, stream: str) -> None:
    before = es.indices.get_index_template(), es.ingest.get_pipeline()
    said = run(es_url, "bootstrap", "--uninstall", exit_code=1)
    assert "nothing was removed" in said and stream in said
    assert (es.indices.get_index_template(), es.ingest.get_pipeline()) == before

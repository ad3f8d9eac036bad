"""New properties for old documents, on real nodes: no stored byte of a picture changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from elastic_transport import ApiResponseMeta, ConnectionError, HttpHeaders, NodeConfig, Transport
from elasticsearch import ApiError, Elasticsearch

from ingest_image.defaults import BULK_BYTES
from ingest_image.enrich import command, follow, rests
from ingest_image.enrich.command import enrich
from ingest_image.enrich.marking import mark
from ingest_image.reprocess import run
from ingest_image.reprocess.selection import Selection
from tests.helpers.enrichers import Heard, waiting
from tests.helpers.nodes import set_hosts, source
from tests.helpers.pictures import b64, picture
from tests.helpers.ports import free_port
from tests.helpers.service import Service, calls

LARGE = b64(picture("pdq/bridge-mods/aaa-orig.jpg"))
OPERATIONS: list[dict[str, Any]] = [{"resize": {"width": 300, "height": 300}}, {"convert": {"format": "jpeg"}}]
BEFORE: list[Any] = ["statistics", {"thumbnail": {"size": 64}}]
NOW: list[Any] = ["embedding", *BEFORE]


@pytest.fixture(autouse=True)
def pipeline(es: Elasticsearch, index: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The index has a pipeline. No file can be written, as in a container: what is marked needs no state."""
    (nowhere := tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(nowhere))
    monkeypatch.setenv("HOME", str(nowhere))
    ask_for(es, index, BEFORE)
    es.indices.create(index=index, settings={"index.default_pipeline": index})
    yield
    es.indices.delete(index=index)
    es.ingest.delete_pipeline(id=index)


def ask_for(es: Elasticsearch, index: str, properties: list[Any], **options: Any) -> None:
    options = {"operations": OPERATIONS, "properties": properties, **options}
    es.ingest.put_pipeline(id=index, processors=[{"image": options}])


def add(es_url: str, index: str, names: str = "embedding") -> Result:
    result = CliRunner().invoke(enrich, ["--url", es_url, "--add", names, index])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_old_documents_get_new_properties_and_their_pictures_stay(
    es: Elasticsearch, es_url: str, index: str, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if it took long.
    monkeypatch.setattr(run, "_TELL", -1.0)
    for id in ("1", "2"):
        es.index(index=index, id=id, document={"image": {"data": LARGE}, "title": id})
    es.index(index=index, id="list", document={"image": [{"data": LARGE}, {"data": LARGE}]})
    ask_for(es, index, BEFORE, operations=OPERATIONS[1:])
    es.index(index=index, id="other", document={"image": {"data": LARGE}})
    before = {id: source(es, index, id) for id in ("1", "2", "list", "other")}
    ask_for(es, index, NOW, later=["embedding"])
    counted = calls(service)
    result = add(es_url, index)
    assert result.exit_code == 0, result.output
    assert f"2 of 3 documents of {index} marked\n" in result.output
    assert f" 3 documents of {index} marked" in result.output and "3 documents enriched" in result.output
    assert f"1 document of {index} made by a recipe that differs in more than these properties" in result.output
    # Of the list both are asked for, though only the first has a vector; and a tiny picture told the recipe.
    assert calls(service) == counted + 4 + 1
    assert waiting(es, index) == []
    for id in ("1", "2"):
        old, new = before[id]["image"], source(es, index, id)["image"]
        assert new["embedder"] == "builtin-v1" and new["recipe"] != old["recipe"]
        for name in ("data", "sha256", "thumbnail", "perceptual_hashes", "statistics", "original"):
            assert new.get(name) == old.get(name), name
    first, second = source(es, index, "list")["image"]
    assert (first["embedder"], first["data"]) == ("builtin-v1", before["list"]["image"][0]["data"])
    assert "embedder" not in second and second["data"] == before["list"]["image"][1]["data"]
    assert source(es, index, "other") == before["other"]
    # What has everything is not even written again, and every picture has a valid mark of the recipe of now.
    versions = {id: es.get(index=index, id=id)["_version"] for id in before}
    assert "0 documents of" in add(es_url, index).output
    assert {id: es.get(index=index, id=id)["_version"] for id in before} == versions
    counted = calls(service)
    es.update(index=index, id="1", doc={"title": "mine"})
    assert calls(service) == counted


@pytest.mark.parametrize("at", [2, 5])
def test_what_was_interrupted_goes_on_with_what_is_left(
    es: Elasticsearch, es_url: str, index: str, service: Service, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """While documents are marked, and while they are enriched: no document is marked or enriched twice."""
    ids = [*"abcd"]
    for id in ids:
        es.index(index=index, id=id, document={"image": {"data": LARGE}}, refresh=True)
    before = {id: source(es, index, id)["image"] for id in ids}
    ask_for(es, index, NOW, later=["embedding"])
    perform, bulks = Transport.perform_request, [0]

    def performed(self: Transport, method: str, target: str, **more: Any) -> Any:
        bulks[0] += "_bulk" in target
        if "_bulk" in target and bulks[0] == at:
            raise KeyboardInterrupt
        return perform(self, method, target, **more)

    # A document a request, so four mark, and four enrich.
    few = ["--max-bulk-bytes", "1kb"]
    with monkeypatch.context() as patched:
        patched.setattr(Transport, "perform_request", performed)
        CliRunner().invoke(enrich, ["--url", es_url, "--add", "embedding", index, *few])
    es.indices.refresh(index=index)
    done = {id for id in ids if es.get(index=index, id=id)["_version"] > 1}
    assert len(done) == min(at - 1, len(ids)) and len(waiting(es, index)) == len(done)
    assert add(es_url, index).exit_code == 0
    assert waiting(es, index) == []
    for id in ids:
        image = source(es, index, id)["image"]
        assert image["embedder"] == "builtin-v1" and image["data"] == before[id]["data"]
        # Stored, marked, enriched.
        assert es.get(index=index, id=id)["_version"] == 3


@pytest.mark.parametrize("failure", [None, 429, 502, 503])
def test_a_node_that_is_busy_or_away_is_waited_for(
    es: Elasticsearch, es_url: str, index: str, monkeypatch: pytest.MonkeyPatch, failure: int | None
) -> None:
    """At each kind of request once, while documents are marked, and while they are enriched."""
    ids = ["1", "2"]
    for id in ids:
        es.index(index=index, id=id, document={"image": {"data": LARGE}})
    before = {id: source(es, index, id)["image"]["data"] for id in ids}
    ask_for(es, index, NOW, later=["embedding"])
    perform, failed = Transport.perform_request, set[str]()
    monkeypatch.setattr(rests, "PAUSE", 0.0)

    def performed(self: Transport, method: str, target: str, **more: Any) -> Any:
        path = target.partition("?")[0]
        if path not in failed:
            failed.add(path)
            raise_failure(failure)
        return perform(self, method, target, **more)

    with monkeypatch.context() as patched:
        patched.setattr(Transport, "perform_request", performed)
        result = add(es_url, index)
    assert result.exit_code == 0, result.output
    assert {"/_bulk", f"/{index}/_search", f"/{index}/_mget", f"/{index}/_stats/docs"} <= failed
    assert "2 documents of " in result.output and "waiting for 0 s: " in result.output
    assert waiting(es, index) == []
    for id in ids:
        image = source(es, index, id)["image"]
        assert image["embedder"] == "builtin-v1" and image["data"] == before[id]
        # Stored, marked, enriched.
        assert es.get(index=index, id=id)["_version"] == 3


def test_what_cannot_be_marked_is_named_and_keeps_nothing_else_from_being_enriched(
    es: Elasticsearch, es_url: str, index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def given_up(*_: object) -> None:
        raise follow.GivenUp("something waits")

    for id, logo in {"bad": "none", "good": LARGE}.items():
        es.index(index=index, id=id, document={"logo": logo, "image": {"data": LARGE}})
    ask_for(es, index, NOW, later=["embedding"])
    (now,) = es.ingest.get_pipeline(id=index).body[index]["processors"]
    # There has to be a logo now, which no test picture has, and it has to be a picture.
    es.ingest.put_pipeline(id=index, processors=[now, {"image": {"field": "logo", "target_field": "small"}}])
    for marked, why in (("1 document", "some documents cannot be marked"), ("0 documents", "something waits")):
        result = add(es_url, index)
        assert result.exit_code == 1 and f" {marked} of {index} marked" in result.output, result.output
        assert "were made by other recipes is not known" in result.output and "  bad: 400 [" in result.output, (
            result.output
        )
        assert f"not everything is enriched: {why}\n1 failed\n" in result.output, result.output
        assert source(es, index, "good")["image"]["embedder"] == "builtin-v1"
        # Nor is it left unsaid when there is more in the way.
        monkeypatch.setattr(command, "follow", given_up)
    assert "embedder" not in source(es, index, "bad")["image"]


def test_a_service_that_is_away_while_documents_are_marked_is_waited_for(
    es: Elasticsearch, index: str, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tiny picture says what makes properties now, so there has to be one."""
    ask_for(es, index, NOW, later=["embedding"], timeout="2s")
    monkeypatch.setattr(rests, "PAUSE", 0.0)

    class Mending(Heard):
        def __call__(self, event: str, sentence: str, **facts: Any) -> None:
            super().__call__(event, sentence, **facts)
            if event == "waiting":
                set_hosts(es, service.url)

    heard = Mending()
    set_hosts(es, f"http://127.0.0.1:{free_port()}")
    try:
        mark(es, index, Selection(outdated=True), BULK_BYTES, heard)
    finally:
        set_hosts(es, service.url)
    assert any("[service_" in facts["reason"] for event, facts in heard.said if event == "waiting"), heard.said
    assert ("marked", {"index": index, "documents": 0}) in heard.said


def test_patience_with_a_node_that_stays_away_ends_in_a_sentence(index: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rests, "PAUSE", 0.0)
    monkeypatch.setattr(follow, "_PATIENCE", 0.0)
    result = add("http://127.0.0.1:9", index)
    assert result.exit_code == 1 and "not everything is marked: Elasticsearch does not answer at" in result.output
    assert result.output.endswith("; the same command continues\n")


def raise_failure(status: int | None) -> None:
    if status is None:
        raise ConnectionError("Connection refused")
    meta = ApiResponseMeta(status, "1.1", HttpHeaders(), 0.1, NodeConfig("http", "127.0.0.1", 9))
    raise ApiError("refused", meta, {"error": {"reason": "too busy"}, "status": status})


def test_what_cannot_be_added_is_said(es: Elasticsearch, es_url: str, index: str) -> None:
    es.index(index=index, id="1", document={"image": {"data": LARGE}})
    assert "colors cannot be added to stored pictures; what can: embedding, " in add(es_url, index, "colors").output
    assert "the pipeline does not ask for labels" in add(es_url, index, "labels").output
    assert CliRunner().invoke(enrich, ["--url", es_url, index]).exit_code == 2
    assert source(es, index)["image"].get("pending") is None

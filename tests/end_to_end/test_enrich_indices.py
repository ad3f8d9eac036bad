"""Indices in which nothing that waits can be found, or is found twice: the enricher goes on with the others."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result
from elastic_transport import Transport
from elasticsearch import Elasticsearch

from ingest_image.doctor.command import doctor
from ingest_image.enrich import attempts, follow, rests
from ingest_image.enrich.command import enrich
from tests.helpers.enrichers import (
    LATER,
    PHOTO,
    Heard,
    enricher,
    index_with_later,
    index_with_lost_shard,
    let_wait,
    waiting,
)
from tests.helpers.nodes import source

SINCE = "image.pending_since is"
# By the end of a name: a mapping, and what is said of it.
ODD: dict[str, tuple[dict[str, Any], str]] = {
    "text": ({"date_detection": False}, f"{SINCE} mapped as text, and not as date"),
    "keyword": (
        {"properties": {"image": {"properties": {"pending_since": {"type": "keyword"}}}}},
        f"{SINCE} mapped as keyword, and not as date",
    ),
    "none": ({"dynamic": False}, f"{SINCE} not mapped, and its mapping is not dynamic"),
    "off": (
        {"properties": {"image": {"type": "object", "enabled": False}}},
        f"{SINCE} not mapped, and its mapping is not dynamic",
    ),
    "undocumented": (
        {"properties": {"image": {"properties": {"pending_since": {"type": "date", "doc_values": False}}}}},
        "image.pending_since is mapped without doc_values, by which the oldest is found",
    ),
    "nested": (
        {"properties": {"image": {"type": "nested"}}},
        "image is mapped as nested, and not as object",
    ),
    "parental": (
        {"properties": {"image": {"type": "nested", "include_in_parent": True}}},
        "image is mapped as nested, and not as object",
    ),
    "flattened": (
        {"properties": {"image": {"type": "flattened"}}},
        "image is mapped as flattened, and not as object",
    ),
    "sourceless": ({"_source": {"enabled": False}}, "its _source is disabled"),
}
# Found without a template, too: as a date that Elasticsearch makes of the first value, now or when it searches.
GOOD: dict[str, dict[str, Any]] = {
    "dynamic": {},
    "runtime": {"dynamic": "runtime"},
    "copied": {"properties": {"image": {"type": "nested", "include_in_root": True}}},
}


@pytest.fixture
def odd(es: Elasticsearch, index: str) -> Iterator[str]:
    """Names of indices without our template begin with this, which is also the name of their pipeline."""
    name = f"odd-{index}"
    es.ingest.put_pipeline(id=name, processors=[{"image": LATER}])
    for end, mappings in (GOOD | {end: mapping for end, (mapping, _) in ODD.items()}).items():
        settings = {"index.default_pipeline": name, "index.number_of_replicas": 0}
        es.indices.create(index=f"{name}-{end}", settings=settings, mappings=mappings)
    yield name
    for end in (*GOOD, *ODD):
        es.indices.delete(index=f"{name}-{end}")
    es.ingest.delete_pipeline(id=name)


def test_an_index_that_lets_nothing_be_found_is_named_once_and_others_are_enriched(
    es: Elasticsearch, es_url: str, odd: str
) -> None:
    # Alone, when nothing is known of it yet.
    es.index(index=f"{odd}-keyword", id="1", document={"image": {"data": PHOTO}}, refresh=True)
    assert enricher(es, f"{odd}-keyword").round() is None
    for end in (*GOOD, *ODD):
        es.index(index=f"{odd}-{end}", id="1", document={"image": {"data": PHOTO}}, refresh=True)
    working = enricher(es, f"{odd}-*")
    with pytest.raises(follow.GivenUp, match=f"{odd}-none is left out"):
        follow.follow(working, threading.Event(), once=True)
    assert working.total.enriched == len(GOOD) and working.backlog.measure().documents == 0
    for end in GOOD:
        assert source(es, f"{odd}-{end}")["image"]["embedder"] == "builtin-v1"
    assert isinstance(working.log, Heard)
    said = {facts["index"]: facts["reason"] for event, facts in working.log.said if event == "left_out"}
    assert said.keys() == {f"{odd}-{end}" for end in ODD}
    assert sum(event == "left_out" for event, _ in working.log.said) == len(ODD)
    report = CliRunner().invoke(doctor, ["--url", es_url, "--index", f"{odd}-*"]).output
    for end, (_, reason) in ODD.items():
        assert said[f"{odd}-{end}"].startswith(reason)
        assert f"error pending: {odd}-{end}: what its pipeline adds later is never added: {reason}" in report, report
    assert report.count("error pending: ") == len(ODD) and "component template ingest-image" in report


def run_once(es_url: str, pattern: str) -> Result:
    return CliRunner().invoke(enrich, ["--url", es_url, "--index", pattern, "--once"])


def test_a_single_run_says_that_an_index_is_closed(es: Elasticsearch, es_url: str, index: str) -> None:
    other = f"{index}-other"
    with index_with_later(es, index), index_with_later(es, other):
        let_wait(es, index, "1")
        es.indices.put_alias(index=index, name=f"{index}-alias")
        es.indices.close(index=index)
        # Beside open ones, one that is closed is no surprise to whoever gives a pattern.
        assert run_once(es_url, f"{index}*").exit_code == 0
        es.indices.close(index=other)
        for pattern in (index, f"{index}-alias", f"{index}*"):
            result = run_once(es_url, pattern)
            assert result.exit_code == 1, result.output
            assert f"{index} is left out: it is closed: POST /{index}/_open opens it" in result.output
        es.indices.open(index=f"{index},{other}")
        assert run_once(es_url, f"{index}*").exit_code == 0 and waiting(es, index) == []


def test_a_single_run_says_that_no_pipeline_adds_what_waits(es: Elasticsearch, es_url: str, index: str) -> None:
    other = f"{index}-other"
    with index_with_later(es, index), index_with_later(es, other):
        let_wait(es, index, "1")
        let_wait(es, other, "1")
        what = "1 document {}waiting for what is pending in image, to which no pipeline of the index writes"
        # Its pipeline writes to another field, or it has none: alone, and beside an index that has one.
        es.ingest.put_pipeline(id=index, processors=[{"image": {**LATER, "target_field": "photo"}}])
        for pipeline, instead, pattern in (
            (index, ", but to photo", index),
            (None, "", index),
            (None, "", f"{index}*"),
        ):
            es.indices.put_settings(index=index, settings={"index.default_pipeline": pipeline})
            result = run_once(es_url, pattern)
            assert result.exit_code == 1 and f"{index} has {what.format('')}" in result.output, result.output
            report = CliRunner().invoke(doctor, ["--url", es_url, "--index", index]).output
            assert f"{what.format(f'of {index} ')}{instead}: it is never added" in report, report
        assert waiting(es, other) == []
        # What is called as ours is no picture.
        order = {"pending": True, "pending_since": "2026-01-01"}
        es.index(index=other, id="2", document={"order": order}, pipeline="_none", refresh=True)
        assert run_once(es_url, other).exit_code == 0
        assert "pending in order" not in CliRunner().invoke(doctor, ["--url", es_url, "--index", other]).output
        es.ingest.put_pipeline(id=index, processors=[{"image": LATER}])
        es.indices.put_settings(index=index, settings={"index.default_pipeline": index})
        assert run_once(es_url, index).exit_code == 0 and waiting(es, index) == []


def test_a_single_run_does_not_end_well_while_a_shard_is_missing(
    es: Elasticsearch, es_url: str, index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = f"{index}-other"
    with index_with_later(es, other), index_with_lost_shard(es, index, "abcdef") as found_again:
        let_wait(es, other, "1")
        monkeypatch.setattr(rests, "PAUSE", 0.0)
        with monkeypatch.context() as impatient:
            impatient.setattr(follow, "_PATIENCE", 0.0)
            result = run_once(es_url, f"{index}*")
        assert result.exit_code == 1 and "not everything is enriched: Elasticsearch refused with 503" in result.output
        found_again()
        assert waiting(es, other) == waiting(es, index) == []
        # One without a pipeline, in which pictures may have waited once.
        elsewhere = {"index.routing.allocation.require._name": "nowhere", "index.default_pipeline": "_none"}
        mappings = {"properties": {"image": {"properties": {"pending_since": {"type": "date"}}}}}
        alias: dict[str, Any] = {"aliases": {f"{index}-red": {}}, "mappings": mappings}
        es.indices.create(index=f"red-{index}", settings=elsewhere, **alias, wait_for_active_shards=0)
        assert run_once(es_url, f"{index}*").exit_code == 0
        es.indices.delete(index=f"red-{index}")


def test_documents_of_one_id_under_different_routing_are_enriched_each(es: Elasticsearch, index: str) -> None:
    es.ingest.put_pipeline(id=index, processors=[{"image": LATER}])
    settings = {"index.default_pipeline": index, "index.number_of_shards": 3}
    es.indices.create(index=index, settings=settings)
    routings = [*"abcdef"]
    for routing in routings:
        document = {"title": routing, "image": {"data": PHOTO}}
        es.index(index=index, id="1", routing=routing, document=document, refresh=True)
    # What came into the same shard is the same document.
    stored = waiting(es, index)
    assert len(stored) > 1 and set(stored) == {"1"}
    working = enricher(es, index)
    follow.follow(working, threading.Event(), once=True)
    assert waiting(es, index) == []
    assert (working.total.enriched, working.total.changed) == (len(stored), 0)
    hits = es.search(index=index, source=False)["hits"]["hits"]
    assert len(hits) == len(stored)
    for hit in hits:
        # Each with what was its own.
        document = es.get(index=index, id="1", routing=hit["_routing"])["_source"]
        image = document["image"]
        assert document["title"] == hit["_routing"]
        assert image["embedder"] == "builtin-v1" and "pending" not in image
    es.indices.delete(index=index)
    es.ingest.delete_pipeline(id=index)


def test_what_a_pipeline_gives_another_routing_is_named_and_delays_nobody(
    es: Elasticsearch, index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "PAUSES", (0.0,))
    es.ingest.put_pipeline(id=index, processors=[{"image": LATER}])
    es.indices.create(index=index, settings={"index.default_pipeline": index, "index.number_of_shards": 3})
    let_wait(es, index, "1", "2")
    shards = {id: str(es.search_shards(index=index, routing=id)["shards"]) for id in ("1", *"abcdef")}
    other = next(id for id, shard in shards.items() if shard != shards["1"])
    perform, bulks = Transport.perform_request, [0]

    def performed(self: Transport, method: str, target: str, **more: Any) -> Any:
        # As a pipeline does it; the node of the tests has no processor that could.
        if "_bulk" in target:
            bulks[0] += 1
            changed = f'"_id":"1","routing":"{other}"'.encode()
            more["body"] = [line.replace(b'"_id":"1"', changed) for line in more["body"]]
        return perform(self, method, target, **more)

    working = enricher(es, index)
    monkeypatch.setattr(Transport, "perform_request", performed)
    with pytest.raises(follow.GivenUp, match="1 document can neither be enriched nor written"):
        follow.follow(working, threading.Event(), once=True)
    # Somebody may have written a newer one, which would be read; then two attempts.
    assert (working.total.enriched, bulks[0], waiting(es, index)) == (1, 3, ["1"])
    es.indices.delete(index=index)
    es.ingest.delete_pipeline(id=index)


def test_a_newer_write_wins_also_when_a_failure_is_recorded(
    es: Elasticsearch, index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first attempt is the last.
    monkeypatch.setattr(attempts, "PAUSES", ())
    with index_with_later(es, index):
        let_wait(es, index, "1")
        es.ingest.put_pipeline(id=index, processors=[])
        working, perform, bulks = enricher(es, index), Transport.perform_request, [0]

        def performed(self: Transport, method: str, target: str, **more: Any) -> Any:
            bulks[0] += "_bulk" in target
            if "_bulk" in target and bulks[0] == 2:
                es.update(index=index, id="1", doc={"title": "newer"})
            return perform(self, method, target, **more)

        monkeypatch.setattr(Transport, "perform_request", performed)
        done = working.round()
        assert done and (done.changed, done.failed, done.recorded) == (1, 0, 0)
        assert source(es, index)["title"] == "newer" and "error" not in source(es, index)["image"]
        # Nothing was recorded, and nothing is said.
        assert isinstance(working.log, Heard) and working.log.said == []


def test_what_a_pipeline_without_its_processor_writes_counts_as_failed_and_is_recorded_at_last(
    es: Elasticsearch, index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "PAUSES", (0.0, 0.0))
    with index_with_later(es, index):
        let_wait(es, index, "1")
        es.index(index=index, id="list", document={"image": [{"data": PHOTO}, {"data": PHOTO}]}, refresh=True)
        es.ingest.put_pipeline(id=index, processors=[])
        working = enricher(es, index)
        follow.follow(working, threading.Event(), once=True)
        total = working.total
        assert (total.enriched, total.failed, total.recorded) == (0, 4, 2), total
        first = source(es, index, "list")["image"][0]
        assert first["error"]["code"] == "enrich_failed" and "did not add" in first["error"]["reason"]
        assert first["pending"] == ["embedding"] and "enrich" not in first and waiting(es, index) == []

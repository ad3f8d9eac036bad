"""Indices that change their place while they are followed: older ones that become read only, and aliases."""

from __future__ import annotations

import threading

import pytest
from elasticsearch import Elasticsearch

from ingest_image.enrich import enricher as enricher_module
from ingest_image.enrich import follow
from tests.helpers.enrichers import LATER, Heard, enricher, index_with_later, let_wait, waiting
from tests.helpers.nodes import source


def test_an_older_index_that_became_read_only_is_named_and_the_rest_enriched(
    es: Elasticsearch, index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An index is tried again by its own pauses, and not when its plan is old.
    monkeypatch.setattr(enricher_module, "_PLAN_SECONDS", 600.0)
    monkeypatch.setattr(follow, "_PATIENCE", 2.0)
    monkeypatch.setattr(follow, "_IDLE", 10)
    newer, alias = f"{index}-newer", f"{index}-alias"
    with index_with_later(es, index), index_with_later(es, newer):
        for one in (index, newer):
            let_wait(es, one, "1")
            es.indices.put_alias(index=one, name=alias)
        # As ILM does in its phase "warm".
        es.indices.add_block(index=index, block="write")
        working = enricher(es, alias)
        with pytest.raises(follow.GivenUp, match="blocked by"):
            follow.follow(working, threading.Event(), once=True)
        assert working.total.enriched == 1 and waiting(es, newer) == []
        assert isinstance(working.log, Heard)
        tried = [facts["index"] for event, facts in working.log.said if event == "waiting"]
        assert tried == [index] * len(tried) and len(tried) > 1
        es.indices.put_settings(index=index, settings={"index.blocks.write": None})
        follow.follow(enricher(es, alias), threading.Event(), once=True)
        assert waiting(es, index) == []


def test_an_alias_that_moves_is_followed_also_into_an_index_with_other_fields(es: Elasticsearch, index: str) -> None:
    other, alias = f"{index}-other", f"{index}-alias"
    with index_with_later(es, index), index_with_later(es, other):
        es.ingest.put_pipeline(id=other, processors=[{"image": {**LATER, "field": "image", "target_field": "photo"}}])
        for one in (index, other):
            let_wait(es, one, "1")
        es.indices.put_alias(index=index, name=alias)
        working = enricher(es, alias)
        assert [one.index for one in working.backlog.oldest()] == [index]
        move = [{"remove": {"index": index, "alias": alias}}, {"add": {"index": other, "alias": alias}}]
        es.indices.update_aliases(actions=move)
        follow.follow(working, threading.Event(), once=True)
        assert source(es, other)["photo"]["embedder"] == "builtin-v1"
        # It is no longer meant.
        assert waiting(es, index) == ["1"] and working.total.enriched == 1

"""What an enricher may not search, or cannot read: others are enriched, and it is named and waited for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig, Transport
from elasticsearch import AuthorizationException, Elasticsearch

from ingest_image.enrich import follow, rests
from tests.helpers.enrichers import Heard, enricher, index_with_later, let_wait, waiting
from tests.helpers.nodes import source
from tests.helpers.processes import wait_until

# What Elasticsearch with security says; the nodes of the tests have none.
DENIED = (
    "action [indices:data/read/search] is unauthorized for user [enricher] with effective roles [some] on indices [{}], "
    "this action is granted by the index privileges [read,all]"
)
Performs = Callable[..., Any]


@pytest.fixture
def other(es: Elasticsearch, index: str) -> Iterator[str]:
    """A second index; a document of each waits."""
    name = f"{index}-other"
    with index_with_later(es, index), index_with_later(es, name):
        for one in (index, name):
            let_wait(es, one, "1")
        yield name


def deny(monkeypatch: pytest.MonkeyPatch, is_denied: Callable[[str], bool], what: str) -> None:
    """Security answers requests with such a path with 403."""
    perform = Transport.perform_request

    def performed(self: Transport, method: str, target: str, **more: Any) -> Any:
        if is_denied(target):
            meta = ApiResponseMeta(403, "1.1", HttpHeaders(), 0.1, NodeConfig("http", "127.0.0.1", 9))
            body = {"error": {"type": "security_exception", "reason": DENIED.format(what)}, "status": 403}
            raise AuthorizationException("security_exception", meta, body)
        return perform(self, method, target, **more)

    monkeypatch.setattr(Transport, "perform_request", performed)


def heard(working: Any, event: str) -> list[dict[str, Any]]:
    assert isinstance(working.log, Heard)
    return [facts for said, facts in working.log.said if said == event]


@pytest.mark.parametrize("pattern", ["{}*", "{}-alias", "{0},{0}-other"])
def test_an_index_that_may_not_be_searched_is_named_and_others_are_enriched(
    es: Elasticsearch, index: str, other: str, pattern: str
) -> None:
    for one in (index, other):
        es.indices.put_alias(index=one, name=f"{index}-alias")
    es.indices.put_settings(index=other, settings={"index.blocks.read": True})
    working = enricher(es, *pattern.format(index).split(","))
    try:
        with pytest.raises(follow.GivenUp, match=f"{other} is left out"):
            follow.follow(working, threading.Event(), once=True)
        assert working.total.enriched == 1 and source(es, index)["image"]["embedder"] == "builtin-v1"
        assert working.backlog.measure().documents == 0
        (named,) = heard(working, "forbidden")
        assert named["index"] == other and "blocked by" in named["reason"]
    finally:
        es.indices.put_settings(index=other, settings={"index.blocks.read": None})
    # It is tried again a little later.
    assert working.round() is None
    working.backlog._looked = float("-inf")
    follow.follow(working, threading.Event(), once=True)
    assert waiting(es, other) == [] and working.total.enriched == 2


def test_a_role_that_lacks_an_index_and_one_that_lacks_all(
    es: Elasticsearch, index: str, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rests, "PAUSE", 0.0)
    monkeypatch.setattr(follow, "_PATIENCE", 0.0)
    with monkeypatch.context() as denied:
        deny(denied, lambda target: other in target.partition("?")[0], other)
        working = enricher(es, index, other)
        with pytest.raises(follow.GivenUp, match=f"{other} is left out: .*may not do this"):
            follow.follow(working, threading.Event(), once=True)
        assert working.total.enriched == 1 and len(heard(working, "forbidden")) == 1
    # The role has it again, and loses it when the search has found the document.
    with monkeypatch.context() as denied:
        working.backlog._looked = float("-inf")
        assert [one.index for one in working.backlog.oldest()] == [other]
        let_wait(es, index, "2")
        deny(denied, lambda target: f"/{other}/" in target, other)
        wait_until(lambda: bool(working.round()) and working.total.enriched == 2)
        assert any(other in facts["index"] and "may not" in facts["reason"] for facts in heard(working, "waiting"))
    with monkeypatch.context() as denied:
        deny(denied, lambda target: index in target, index)
        single = enricher(es, index, other)
        with pytest.raises(follow.GivenUp, match="missing_privilege"):
            follow.follow(single, threading.Event(), once=True)
        # At once, as nobody gives a role back while a single run waits.
        assert heard(single, "waiting") == []
        stop = threading.Event()
        following = enricher(es, index, other)
        thread = threading.Thread(target=follow.follow, args=(following, stop))
        thread.start()
        wait_until(lambda: len(heard(following, "waiting")) > 2)
        assert thread.is_alive()
        stop.set()
        thread.join()
    follow.follow(following, threading.Event(), once=True)
    assert waiting(es, other) == []


def test_a_single_run_that_may_read_and_not_write_ends_when_it_has_been_refused_once(
    es: Elasticsearch, index: str, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    deny(monkeypatch, lambda target: target.startswith("/_bulk"), other)
    working = enricher(es, index, other)
    with pytest.raises(follow.GivenUp, match="missing_privilege"):
        follow.follow(working, threading.Event(), once=True)
    # The first pause of each.
    assert [facts["seconds"] for facts in heard(working, "waiting")] == [rests.PAUSE] * 2


def test_a_deleted_document_that_searches_still_show_is_no_work(es: Elasticsearch, index: str, other: str) -> None:
    es.indices.put_settings(index=index, settings={"index.refresh_interval": "-1"})
    es.delete(index=index, id="1")
    working = enricher(es, index)
    assert [one.id for one in working.backlog.oldest()] == ["1"]
    working.round()
    assert working.round() is None and working.can_do_nothing()


def test_what_cannot_be_read_now_is_waited_for(
    es: Elasticsearch, index: str, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    working = enricher(es, index, other)
    perform = Elasticsearch.perform_request

    def performed(self: Elasticsearch, method: str, path: str, **more: Any) -> Any:
        answer = perform(self, method, path, **more)
        if path == f"/{other}/_mget":
            reason = {"type": "no_shard_available_action_exception", "reason": "No shard available"}
            answer.body["docs"] = [{"_index": other, "_id": "1", "error": reason}]
        return answer

    with monkeypatch.context() as broken:
        broken.setattr(Elasticsearch, "perform_request", performed)
        done = working.round()
        assert done and (done.enriched, done.waits) == (1, "No shard available")
        assert working.rests.indices == [other]
    assert waiting(es, other) == ["1"]

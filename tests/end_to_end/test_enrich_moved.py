"""Indices that go, come back or change their place while they are followed."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from elastic_transport import Transport
from elasticsearch import Elasticsearch

from ingest_image.enrich import attempts, follow
from ingest_image.enrich import enricher as enricher_module
from ingest_image.reprocess.command import reprocess
from pipelines.cluster.bulks import bulks_under_way
from tests.helpers.enrichers import LATER, PHOTO, Heard, enricher, index_with_later, let_wait, waiting
from tests.helpers.nodes import source
from tests.helpers.processes import wait_until, with_pid
from tests.helpers.service import Service


@pytest.fixture
def pipeline(es: Elasticsearch, index: str) -> Iterator[str]:
    """A pipeline that leaves something for later, named as the index, which there is not yet."""
    es.ingest.put_pipeline(id=index, processors=[{"image": {**LATER, "timeout": "60s"}}])
    yield index
    es.indices.delete(index=index, ignore_unavailable=True)
    es.ingest.delete_pipeline(id=index)


def made(es: Elasticsearch, index: str) -> None:
    es.indices.create(index=index, settings={"index.default_pipeline": index})
    let_wait(es, index, "1")


@pytest.mark.parametrize("who", ["enrich", "reprocess"])
@pytest.mark.parametrize("is_made_again", [False, True])
def test_an_index_that_is_deleted_while_its_documents_are_in_work_stays_deleted_or_has_its_own_ones(
    es: Elasticsearch,
    es_url: str,
    index: str,
    pipeline: str,
    own_service: Service,
    who: str,
    is_made_again: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    made(es, index)
    working, said = enricher(es, index), list[str]()

    def work() -> None:
        if who == "enrich":
            working.round()
        else:
            said.append(CliRunner().invoke(reprocess, [index, "--url", es_url, "--pending"]).output)

    stopped = [own_service.process.pid, *own_service.descendants()]
    thread = threading.Thread(target=work)
    try:
        for pid in stopped:
            with_pid(pid, signal.SIGSTOP)
        thread.start()
        wait_until(lambda: any(id_.startswith(f"ingest-image-{who}") for id_ in bulks_under_way(es)))
        es.indices.delete(index=index)
        if is_made_again:
            # It has the number that the one before had.
            es.index(index=index, id="1", document={"title": "newer"}, pipeline="_none")
    finally:
        for pid in stopped:
            with_pid(pid, signal.SIGCONT)
    thread.join()
    assert source(es, index) == {"title": "newer"} if is_made_again else not es.indices.exists(index=index)
    assert who == "enrich" or f"no such index [{index}]" in said[0], said
    total = working.total
    assert (total.enriched, total.failed, total.recorded, total.waits) == (0, 0, 0, "")
    # Whoever stores documents still makes an index.
    es.index(index=index, id="1", document={"image": {"data": PHOTO}}, pipeline=index)


def made_again(es: Elasticsearch, index: str, came_back: Callable[[], None]) -> None:
    """The index is deleted, and stored anew."""
    es.indices.delete(index=index)
    came_back()


def restored(es: Elasticsearch, index: str, came_back: Callable[[], None]) -> None:
    """The index is closed, and restored as it was: Elasticsearch gives it no new id."""
    es.indices.close(index=index)
    es.snapshot.restore(repository=index, snapshot="before", indices=index, wait_for_completion=True)


@pytest.mark.parametrize("comes_back", [made_again, restored])
def test_an_index_that_comes_back_older_is_enriched_soon(
    es: Elasticsearch, index: str, pipeline: str, comes_back: Callable[..., None]
) -> None:
    made(es, index)
    es.snapshot.create_repository(name=index, repository={"type": "fs", "settings": {"location": index}})
    es.snapshot.create(repository=index, snapshot="before", indices=index, wait_for_completion=True)
    working = enricher(es, index)
    while waiting(es, index):
        working.round()
    comes_back(es, index, lambda: made(es, index))
    assert waiting(es, index) == ["1"]
    # Seconds; it was ten minutes.
    wait_until(lambda: bool(working.round()) and working.total.enriched == 2, 120)
    assert waiting(es, index) == [] and source(es, index)["image"]["embedder"] == "builtin-v1"
    es.snapshot.delete_repository(name=index)


def test_what_was_hopeless_in_an_index_is_tried_in_another_one_of_its_name(
    es: Elasticsearch, index: str, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(es, index)
    working = enricher(es, index)
    ((one, seq_no),) = [(one.key, one.seq_no) for one in working.backlog.oldest()]
    working._attempts.give_up(one, seq_no, unwritable=True)
    assert working.round() is None
    with pytest.raises(follow.GivenUp, match="1 document can neither be enriched nor written"):
        follow.follow(working, threading.Event(), once=True)
    # It has the same number there.
    made_again(es, index, lambda: made(es, index))
    assert [(one.key, one.seq_no) for one in working.backlog.oldest()] == [(one, seq_no)]
    monkeypatch.setattr(enricher_module, "_PLAN_SECONDS", -1.0)
    follow.follow(working, threading.Event(), once=True)
    assert working.total.enriched == 1


def test_an_index_that_goes_while_a_failure_is_recorded_is_planned_anew(
    es: Elasticsearch, index: str, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first attempt is the last.
    monkeypatch.setattr(attempts, "PAUSES", ())
    made(es, index)
    es.ingest.put_pipeline(id=index, processors=[])
    perform, bulks = Transport.perform_request, [0]

    def performed(self: Transport, method: str, target: str, **more: Any) -> Any:
        bulks[0] += "_bulk" in target
        if "_bulk" in target and bulks[0] == 2:
            perform(self, "DELETE", f"/{index}", headers={"accept": "application/json"})
        return perform(self, method, target, **more)

    monkeypatch.setattr(Transport, "perform_request", performed)
    working = enricher(es, index)
    done = working.round()
    assert done and (done.recorded, done.waits) == (0, "") and bulks[0] == 2
    # Not after half a minute.
    assert index not in working._plans
    es.ingest.put_pipeline(id=index, processors=[{"image": LATER}])
    made(es, index)
    follow.follow(working, threading.Event(), once=True)
    assert working.total.enriched == 1


def sent_to(line: bytes, index: str, other: str) -> bytes:
    """A line of a bulk of an index, for another one."""
    return line.replace(json.dumps(index).encode(), json.dumps(other).encode())


def test_what_a_pipeline_gives_another_id_is_named_and_delays_nobody(
    es: Elasticsearch, es_url: str, index: str, pipeline: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr(attempts, "PAUSES", ())
    made(es, index)
    let_wait(es, index, "2")
    perform = Transport.perform_request

    def performed(self: Transport, method: str, target: str, **more: Any) -> Any:
        # As a pipeline does it; the node of the tests has no processor that could.
        if "_bulk" in target:
            more["body"] = [line.replace(b'"_id":"1"', b'"_id":"another"') for line in more["body"]]
        return perform(self, method, target, **more)

    working = enricher(es, index)
    monkeypatch.setattr(Transport, "perform_request", performed)
    with pytest.raises(follow.GivenUp, match="1 document can neither be enriched nor written"):
        follow.follow(working, threading.Event(), once=True)
    assert (working.total.enriched, waiting(es, index)) == (1, ["1"])
    output = CliRunner().invoke(reprocess, [index, "--url", es_url, "--pending"]).output
    assert "0 of 1 written" in output and "1: 400 a pipeline gives it another _id" in output, output


@pytest.mark.parametrize("is_there", [True, False])
def test_what_a_pipeline_sends_to_another_index_is_waited_for_and_changes_nothing_there(
    es: Elasticsearch,
    es_url: str,
    index: str,
    pipeline: str,
    is_there: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    # Its name is of letters that a header cannot have.
    other = f"{index}-\u65c5"
    if is_there:
        # With the number of the one that waits.
        es.index(index=other, id="1", document={"title": "its own"}, pipeline="_none")
    made(es, index)
    perform = Transport.perform_request

    def performed(self: Transport, method: str, target: str, **more: Any) -> Any:
        # As a pipeline does it; the node of the tests has no processor that could.
        if "_bulk" in target and not any(b'"_id":"new"' in line for line in more["body"]):
            more["body"] = [sent_to(line, index, other) for line in more["body"]]
        return perform(self, method, target, **more)

    working = enricher(es, index)
    # It is always due.
    monkeypatch.setattr(attempts, "_LONGEST", 0.0)
    monkeypatch.setattr(Transport, "perform_request", performed)
    done = working.round()
    said = f"a pipeline sends what was read from [{index}] {f'to [{other}]' if is_there else 'there'}"
    assert done and said in done.waits, done
    # It is not done at once again, and the attempt counts against nobody.
    assert working.round() is None and working.rests.indices and (done.failed, done.recorded) == (0, 0)
    output = CliRunner().invoke(reprocess, [index, "--url", es_url, "--pending"]).output
    assert said.replace(" ", "") in "".join(output.split()), output
    assert source(es, other) == {"title": "its own"} if is_there else not es.indices.exists(index=other)
    es.indices.delete(index=other, ignore_unavailable=True)
    # Nor does it keep others from being enriched, for which it is no longer waited.
    es.index(index=index, id="new", document={"image": {"data": PHOTO}}, refresh=True)
    working.rests.end(index)
    monkeypatch.setattr(working, "_size", 1)
    assert (done := working.round()) and done.enriched == 1 and waiting(es, index) == ["1"]


def test_an_index_that_goes_while_another_one_is_enriched_ends_nothing(
    es: Elasticsearch, index: str, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = f"{index}-other"
    with index_with_later(es, other):
        let_wait(es, other, "1")
        made(es, index)
        # As if the first took longer than that.
        monkeypatch.setattr(enricher_module, "_PLAN_SECONDS", -1.0)
        perform = Transport.perform_request

        def performed(self: Transport, method: str, target: str, **more: Any) -> Any:
            answer = perform(self, method, target, **more)
            if "_bulk" in target:
                perform(self, "DELETE", f"/{index}", headers={"accept": "application/json"})
            return answer

        monkeypatch.setattr(Transport, "perform_request", performed)
        working = enricher(es, other, index)
        done = working.round()
        assert done and done.enriched == 1
        assert not es.indices.exists(index=index) and waiting(es, other) == []


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

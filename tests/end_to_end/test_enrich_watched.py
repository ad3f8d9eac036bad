"""How one sees whether what is pending gets enriched: metrics, and the doctor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
import requests
from click.testing import CliRunner
from elasticsearch import Elasticsearch

from ingest_image.doctor.command import doctor
from ingest_image.enrich import backlog, command
from ingest_image.enrich.backlog import Backlog, Measure
from ingest_image.enrich.done import Done
from ingest_image.enrich.metrics import metrics_on, told
from tests.helpers.enrichers import enricher, index_with_later, let_wait
from tests.helpers.nodes import source


@pytest.fixture(autouse=True)
def later(es: Elasticsearch, index: str) -> Iterator[None]:
    with index_with_later(es, index):
        yield


def test_metrics_tell_what_waits_and_what_was_done(es: Elasticsearch, index: str) -> None:
    let_wait(es, index, "1", "2")
    working = enricher(es, index)
    with metrics_on("127.0.0.1", 0, working) as port:

        def metrics() -> dict[str, float]:
            text = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=60).text
            rows = (line.split() for line in text.splitlines() if not line.startswith("#"))
            return {name: float(value) for name, value in rows}

        before = metrics()
        assert (before["image_backlog_documents"], before["image_enriched_documents_total"]) == (2, 0)
        assert 0 < before["image_backlog_oldest_seconds"] < 600
        # What docs, dashboard and alert rules call them.
        assert before.keys() == {family.samples[0].name for family in told(Done(), Measure(0, 0))}
        working.round()
        es.indices.refresh(index=index)
        after = metrics()
        assert (after["image_backlog_documents"], after["image_enriched_documents_total"]) == (0, 2)
        assert after["image_backlog_oldest_seconds"] == 0
        # Elasticsearch is away: what the enricher itself knows is still told.
        with closing(Elasticsearch("http://127.0.0.1:9", max_retries=0)) as nobody:
            working.backlog = Backlog(nobody, [index])
            assert "image_backlog_documents" not in (away := metrics()) and away["image_enriched_documents_total"] == 2
        # Nor is that a reason to start it again: only that no round has begun for long.
        health = f"http://127.0.0.1:{port}/healthz"
        assert requests.get(health, timeout=60).status_code == 200
        working.began -= 3600
        assert requests.get(health, timeout=60).status_code == 503


def test_what_is_installed_meanwhile_is_followed_unless_indices_were_named(
    es: Elasticsearch, index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_wait(es, index, "1")
    following, named = (command.backlog_of(es, patterns, [f"{index}-none"]) for patterns in ((), ("some",)))
    monkeypatch.setattr(command, "followed_patterns", lambda client: [index])
    assert [one.id for one in following.oldest()] == []
    monkeypatch.setattr(backlog, "_FOLLOWED_FOR", -1.0)
    assert [one.id for one in following.oldest()] == ["1"] and following.measure().documents == 1
    assert [one.id for one in named.oldest()] == []


def test_the_doctor_names_what_waits_in_a_field_to_which_no_pipeline_writes(
    es: Elasticsearch, es_url: str, index: str
) -> None:
    let_wait(es, index, "1")
    usual = es.ingest.get_pipeline(id=index).body[index]["processors"]
    es.ingest.put_pipeline(id=index, processors=[{"image": {**usual[0]["image"], "target_field": "photo"}}])
    report = CliRunner().invoke(doctor, ["--url", es_url, "--index", index]).output
    waits = f"warn  pending: 1 document of {index} waiting for what is pending in image, to which no pipeline of the"
    assert waits in report and "ok    pending" not in report, report
    es.ingest.put_pipeline(id=index, processors=usual)
    assert "ok    pending" in CliRunner().invoke(doctor, ["--url", es_url, "--index", index]).output


def test_the_doctor_says_when_nobody_enriches(es: Elasticsearch, es_url: str, index: str) -> None:
    def said() -> str:
        return CliRunner().invoke(doctor, ["--url", es_url, "--index", index]).output

    let_wait(es, index, "1")
    assert "ok    pending: nothing has been pending for minutes" in said()
    image = source(es, index)["image"] | {"pending_since": "2026-01-01T00:00:00Z"}
    es.index(index=index, id="1", document={"image": image}, refresh=True)
    # Since the document was stored, not since it was written.
    assert source(es, index)["image"]["pending_since"] == "2026-01-01T00:00:00Z"
    report = said()
    waits = f"warn  pending: 1 document waiting for more than 5 minutes for what is pending, in {index}: no enricher"
    assert waits in report
    assert f"ingest-image enrich --index {index};" in report

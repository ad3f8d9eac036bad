"""Every request of `pipelines/console`, in its order, as Dev Tools sends it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from elasticsearch import Elasticsearch

from tests.helpers.dev_tools import Request, json_texts, parse
from tests.helpers.paths import ROOT

# The fourth part needs recognition: tests/end_to_end/recognition/test_recognition_docs.py runs it.
FILES = sorted((ROOT / "pipelines" / "console").glob("[1-3]-*.console"))
# Modules that Maven Central lacks, so the embedded node too; each request says which it needs.
LACKING = {"Painless", "ES|QL (x-pack)", "ingest-common (set)", "reindex"}


@pytest.fixture(scope="module")
def toured(es_url: str, es: Elasticsearch) -> Iterator[dict[str, list[tuple[Request, requests.Response]]]]:
    """The answers to all three parts."""
    es.indices.delete(index="images-tour,tour-people", ignore_unavailable=True)
    yield {file.stem: [(one, one.send(es_url)) for one in parse(file.read_text()) if not one.needs] for file in FILES}
    # The last part says that it leaves nothing behind.
    assert not es.indices.exists(index="images-tour")
    assert requests.get(f"{es_url}/_ingest/pipeline/tour-*", timeout=60).json() == {}


@pytest.mark.parametrize("part", [file.stem for file in FILES])
def test_the_tour_works_as_it_is_written(toured: dict[str, list[tuple[Request, requests.Response]]], part: str) -> None:
    assert len(toured[part]) > 5
    for request, answer in toured[part]:
        request.check(answer)


def test_only_what_the_embedded_node_lacks_is_left_out() -> None:
    asked = {need for file in FILES for request in parse(file.read_text()) for need in request.needs}
    assert asked == LACKING


def test_what_is_left_out_is_well_formed() -> None:
    for file in FILES:
        for request in parse(file.read_text()):
            assert json_texts(request.body) or request.method in ("GET", "DELETE") or "_update_by_query" in request.path


def test_the_tour_can_be_pasted() -> None:
    assert all(file.stat().st_size < 10_000 for file in FILES)

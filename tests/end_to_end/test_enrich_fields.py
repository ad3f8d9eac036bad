"""Documents with pictures in several fields, some of which wait: one line for all, and each document once."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from click.testing import CliRunner
from elasticsearch import Elasticsearch

from ingest_image.doctor.command import doctor
from tests.helpers.enrichers import LATER, PHOTO, enricher
from tests.helpers.nodes import source

# In the order in which they were stored, each with the fields that have a picture.
STORED = {"first": ["photo"], "second": ["image", "photo"], "third": ["photo"], "fourth": ["image"]}


@pytest.fixture(autouse=True)
def two_fields(es: Elasticsearch, index: str) -> Iterator[None]:
    processors = [{"image": {**LATER, "field": field, "ignore_missing": True}} for field in ("image", "photo")]
    es.ingest.put_pipeline(id=index, processors=processors)
    es.indices.create(index=index, settings={"index.default_pipeline": index})
    yield
    es.indices.delete(index=index)
    es.ingest.delete_pipeline(id=index)


def test_the_oldest_of_all_fields_is_first_and_a_document_counts_once(
    es: Elasticsearch, es_url: str, index: str
) -> None:
    # Made to have waited for hours: a picture that comes back keeps the time since which it waits.
    hours = len(STORED)
    for number, (id, fields) in enumerate(STORED.items()):
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600 * (hours - number)))
        es.index(index=index, id=id, document={field: {"data": PHOTO} for field in fields})
        stored = source(es, index, id)
        for field in fields:
            stored[field]["pending_since"] = since
        es.index(index=index, id=id, document=stored)
    es.indices.refresh(index=index)
    working = enricher(es, index)
    assert [one.id for one in working.backlog.oldest()] == [*STORED]
    measure = working.backlog.measure()
    assert measure.documents == len(STORED)
    assert 3600 * hours <= measure.oldest < 3600 * (hours + 1)
    report = CliRunner().invoke(doctor, ["--url", es_url, "--index", index]).output
    assert f"warn  pending: {len(STORED)} documents waiting" in report, report
    working._size = 2
    done = working.round()
    assert done and done.enriched == 2
    es.indices.refresh(index=index)
    assert [one.id for one in working.backlog.oldest()] == ["third", "fourth"]
    for field in STORED["second"]:
        assert source(es, index, "second")[field]["embedder"] == "builtin-v1"
    while working.round():
        es.indices.refresh(index=index)
    assert working.total.enriched == len(STORED) and working.backlog.measure().documents == 0

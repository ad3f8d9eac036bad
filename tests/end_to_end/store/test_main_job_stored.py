"""The main job once more, with the pictures in a store: a folder and a real S3 server.

These are the tests of test_main_job.py and test_main_job_recipes.py. Their client fetches each picture from the store
by what its document names.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from tests.end_to_end import test_main_job, test_main_job_recipes
from tests.helpers.service import calls
from tests.helpers.stores import store_of

from .stored import Completing, Stored, stored_index, stored_service

# They ask without the client, or are about what a document holds: test_store.py has their like.
_OTHERS = {
    "test_put_returns_after_the_picture_is_processed",
    "test_simulate_shows_the_result_and_stores_nothing",
    "test_remove_binary_keeps_the_fields_only",
    "test_a_wrong_recipe_is_refused_at_put_pipeline",
    "test_the_official_client_of_the_node_s_own_line",
}
_JOBS = (test_main_job, test_main_job_recipes)
globals().update(
    {
        name: test
        for job in _JOBS
        for name, test in vars(job).items()
        if name.startswith("test_") and name not in _OTHERS
    }
)


@pytest.fixture(scope="module")
def plain(es_url: str) -> Iterator[Elasticsearch]:
    with Elasticsearch(es_url, request_timeout=120) as client:
        yield client


@pytest.fixture(scope="module", params=["folder", "s3"])
def stored(
    request: pytest.FixtureRequest, plain: Elasticsearch, service_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stored]:
    folder = tmp_path_factory.mktemp("stored")
    with store_of(request.param, folder / "store") as url, stored_service(plain, service_url, folder, url) as running:
        yield running


@pytest.fixture
def es(plain: Elasticsearch, stored: Stored, monkeypatch: pytest.MonkeyPatch) -> Any:
    for job in _JOBS:
        monkeypatch.setattr(job, "calls", lambda _: calls(stored.service))
    return Completing(plain, stored)


@pytest.fixture
def index(plain: Elasticsearch, stored: Stored) -> Iterator[str]:
    with stored_index(plain) as name:
        yield name

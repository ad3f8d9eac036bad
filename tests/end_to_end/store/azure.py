"""`make test-azure`: the main job once more, with the pictures in Azurite. Not collected by `make test`."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from elasticsearch import Elasticsearch

from tests.helpers.azurite import CONTAINER, azurite

from . import test_main_job_stored as stored_job
from .stored import Stored, stored_service

# The tests, and the fixtures that they use, but for the store.
globals().update({name: test for name, test in vars(stored_job).items() if name.startswith("test_")})
plain, es, index = stored_job.plain, stored_job.es, stored_job.index


@pytest.fixture(scope="module")
def stored(plain: Elasticsearch, service_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stored]:
    folder = tmp_path_factory.mktemp("stored")
    url = f"az://{CONTAINER}/{uuid.uuid4().hex[:8]}"
    with azurite(folder / "store"), stored_service(plain, service_url, folder, url) as running:
        yield running
        # What this is about: they were there, and not in the documents.
        assert running.keys()

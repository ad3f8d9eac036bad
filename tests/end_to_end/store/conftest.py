"""What tests of the store have in common: a service with a store, and an index that uses it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from elasticsearch import Elasticsearch

from .commands import Commands
from .stored import Stored, rendering_store, stored_index


@pytest.fixture(scope="module", params=["folder", "s3"])
def stored(
    request: pytest.FixtureRequest,
    es: Elasticsearch,
    es_url: str,
    service_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stored]:
    """A service with each kind of store in turn, which the node asks; it hands out originals, too."""
    folder = tmp_path_factory.mktemp("stored")
    with rendering_store(request.param, es, es_url, service_url, folder, render_originals="true") as running:
        yield running


@pytest.fixture
def index(es: Elasticsearch, stored: Stored) -> Iterator[str]:
    """An index of the test's own whose pictures go into the store."""
    with stored_index(es) as name:
        yield name


@pytest.fixture
def commands(es: Elasticsearch, es_url: str, stored: Stored, index: str) -> Commands:
    """The commands, with an index and a store that are empty."""
    made = Commands(es, es_url, stored, index)
    made.empty()
    return made

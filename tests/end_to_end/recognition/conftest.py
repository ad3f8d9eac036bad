"""A node that asks a service with recognition, and a pipeline that does not stay."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from elasticsearch import Elasticsearch

from tests.helpers.nodes import set_hosts
from tests.helpers.processes import wait_until
from tests.helpers.service import Service


@pytest.fixture
def seeing(es: Elasticsearch, service: Service, recognizing: Service) -> Iterator[Service]:
    set_hosts(es, recognizing.url)
    # The test before may have killed its recognizer.
    wait_until(lambda: state(recognizing) == "ready", 240)
    yield recognizing
    set_hosts(es, service.url)


def state(service: Service) -> str:
    return str(requests.get(f"{service.url}/readyz", timeout=60).json()["recognition"])


@pytest.fixture
def pipeline(es: Elasticsearch, index: str) -> Iterator[str]:
    """The name of a pipeline that the test puts, and that is not there afterwards."""
    yield index
    es.options(ignore_status=404).ingest.delete_pipeline(id=index)

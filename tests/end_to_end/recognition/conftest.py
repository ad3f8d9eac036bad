"""A node that asks a service with recognition, a pipeline that does not stay, and an index of people."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import requests
from click.testing import CliRunner, Result
from elasticsearch import Elasticsearch

from ingest_image.search_command import search
from tests.helpers.nodes import set_hosts
from tests.helpers.pictures import b64, encoded
from tests.helpers.processes import wait_until
from tests.helpers.service import Service

from .people_index import IDENTITY, INDEX, PICTURES, PIPELINE


@pytest.fixture(scope="module", autouse=True)
def patient(es: Elasticsearch) -> Iterator[None]:
    """The node waits for a recognizer that a busy machine lets work now and then only (tests/helpers/service.py)."""
    es.cluster.put_settings(persistent={"ingest.image.timeout": "280s"})
    yield
    es.cluster.put_settings(persistent={"ingest.image.timeout": None})


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


@pytest.fixture(scope="module")
def people(es: Elasticsearch, service: Service, recognizing: Service) -> Iterator[str]:
    """An index whose pipeline says whose faces there are, with a few people in it."""
    set_hosts(es, recognizing.url)
    image = {"field": "image", "operations": ["auto_orient"], "properties": [IDENTITY, "colors", "perceptual_hash"]}
    es.ingest.put_pipeline(id=PIPELINE, processors=[{"image": image}])
    es.indices.create(index=INDEX, settings={"index.default_pipeline": PIPELINE})
    for name, images in PICTURES.items():
        listed = [{"data": b64(encoded(image))} for image in images]
        document = {"title": name.replace("-", " "), "image": listed if len(listed) > 1 else listed[0]}
        es.index(index=INDEX, id=name, document=document)
    es.indices.refresh(index=INDEX)
    yield INDEX
    es.indices.delete(index=INDEX)
    es.ingest.delete_pipeline(id=PIPELINE)
    set_hosts(es, service.url)


Ask = Callable[..., Result]


@pytest.fixture
def ask(es_url: str, people: str) -> Ask:
    def ask(*arguments: str, index: str = people) -> Result:
        return CliRunner().invoke(search, ["--url", es_url, "--index", index, *arguments])

    return ask

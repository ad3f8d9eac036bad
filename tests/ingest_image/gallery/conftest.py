"""A client of the gallery over an Elasticsearch that answers what the test says."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.helpers.fake_elasticsearch import FakeElasticsearch, make, stored
from tests.helpers.pictures import b64, picture


@pytest.fixture
def es() -> FakeElasticsearch:
    fake = FakeElasticsearch()
    small = b64(picture("pillow/flower.jpg"))
    fake.documents = {"1": {"title": "A lake", "image": stored(data=small, thumbnail=small)}}
    return fake


@pytest.fixture
def page(es: FakeElasticsearch) -> FlaskClient:
    return make(es)

"""Every request of the README's tour, in its order, as Dev Tools sends it."""

from __future__ import annotations

import re

import pytest
import requests
from elasticsearch import Elasticsearch

from tests.helpers.dev_tools import Request, parse
from tests.helpers.paths import ROOT


def tour() -> list[Request]:
    text = (ROOT / "README.md").read_text()
    section = text.split("<!-- tour -->")[1].split("<!-- /tour -->")[0]
    return [request for block in re.findall(r"```\n(.*?)```", section, re.DOTALL) for request in parse(block)]


@pytest.fixture
def clean(es: Elasticsearch) -> None:
    remove(es)


def remove(es: Elasticsearch) -> None:
    es.indices.delete(index="images,people", ignore_unavailable=True)
    es.options(ignore_status=404).indices.delete_index_template(name="people")
    es.options(ignore_status=404).ingest.delete_pipeline(id="avatars")


def test_the_tour_works_as_it_is_written(es_url: str, clean: None) -> None:
    answers = []
    for request in tour():
        answer = request.send(es_url)
        request.check(answer)
        answers.append(answer.json())
    stored, document, turned, renamed, words, facets, bulk, errors, simulated, pipeline, template, avatar, people = (
        answers
    )
    assert stored["result"] == "created"
    assert (document["_source"]["image"]["width"], document["_source"]["image"]["format"]) == (5, "png")
    assert turned["result"] == renamed["result"] == "updated"
    assert [hit["_source"]["title"] for hit in words["hits"]["hits"]] == ["A red dot, turned"]
    assert words["hits"]["hits"][0]["_source"]["image"]["color_names"] == ["red"]
    assert facets["aggregations"]["shapes"]["buckets"] == [{"key": "square", "doc_count": 1}]
    assert [item["index"]["status"] for item in bulk["items"]] == [201, 201]
    assert [hit["_id"] for hit in errors["hits"]["hits"]] == ["bad"]
    assert simulated["docs"][0]["doc"]["_source"]["image"]["width"] == 5
    assert pipeline["acknowledged"] and template["acknowledged"]
    assert avatar["result"] == "created"
    assert [hit["_source"] for hit in people["hits"]["hits"]] == [
        {"name": "Dot", "image": {"format": "webp", "width": 5}}
    ]
    mapped = requests.get(f"{es_url}/people/_mapping", timeout=60).json()["people"]["mappings"]["properties"]["image"]
    assert mapped["properties"]["data"] == {"type": "binary"}


def test_the_tour_s_leftovers_are_removed(es: Elasticsearch) -> None:
    remove(es)

"""`make test-versions`: one picture through the plugin on a real node of each other release that a build was tried on.

Not collected by `make test`: each release is a download of 44 MB and a node of its own.
"""

from __future__ import annotations

import pytest
import requests
from elasticsearch import Elasticsearch

from embedded_node import EmbeddedNode
from embedded_node.versions import versions
from tests.helpers.nodes import source
from tests.helpers.paths import PICTURES
from tests.helpers.pictures import b64

OTHERS = [number for built in versions() for number in built.also_tried]


@pytest.fixture(scope="session", params=OTHERS)
def es_version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_picture_is_stored_found_and_left_alone(
    es: Elasticsearch, node: EmbeddedNode, es_version: str, index: str
) -> None:
    """The node and its pipelines come from the fixtures of this room, and so from `find_plugin_zip` and bootstrap."""
    assert es.info()["version"]["number"] == node.version == es_version
    picture = b64((PICTURES / "exif-orientation" / "Landscape_6.jpg").read_bytes())
    es.index(index=index, id="1", document={"title": "A lake", "image": {"data": picture}}, refresh=True)
    stored = source(es, index)["image"]
    assert (stored["width"], stored["height"]) == (1800, 1200)
    hit = es.search(index=index, query={"query_string": {"query": "lake AND image.orientation:landscape"}})["hits"][
        "hits"
    ][0]
    assert hit["_id"] == "1"
    # The mark is verified, and nothing is sent to the service.
    es.update(index=index, id="1", doc={"title": "Another lake"})
    assert source(es, index)["image"] == stored
    bad = es.index(index=index, id="2", document={"image": {"data": b64(b"no picture")}})
    assert bad["result"] == "created" and source(es, index, "2")["image"]["error"]["code"] == "not_an_image"


def test_a_picture_is_a_question(es: Elasticsearch, index: str) -> None:
    """The query vector builder is there: the node asks the service about what is no picture."""
    knn = {"field": "image.embedding", "k": 1, "num_candidates": 1, "query_vector_builder": {"image": {"data": "AAAA"}}}
    es.indices.create(index=index)
    answer = requests.post(f"{es.transport.node_pool.get().base_url}/{index}/_search", json={"knn": knn}, timeout=60)
    assert answer.status_code == 400 and "[not_an_image]" in answer.text, answer.text


def test_an_upsert_of_a_bulk_is_processed(es: Elasticsearch, index: str) -> None:
    """Of each index by its own pipelines, which the plugin looks for by means of the node."""
    upsert = {"doc": {"image": {"data": b64((PICTURES / "pillow" / "hopper.jpg").read_bytes())}}, "doc_as_upsert": True}
    names = (f"other-{index}", index)
    answer = es.bulk(operations=[part for name in names for part in ({"update": {"_index": name, "_id": "1"}}, upsert)])
    assert not answer["errors"], answer
    assert source(es, index)["image"]["width"] == 128
    # No pipeline is chosen by that name.
    assert source(es, names[0])["image"].keys() == {"data"}
    es.indices.delete(index=names[0])

"""Results are larger than requests: what a node holds of them is counted, and has an end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import BadRequestError, Elasticsearch, helpers
from PIL import Image

from tests.helpers.pictures import b64, encoded
from tests.helpers.processes import wait_until

SMALL = b64(encoded(Image.effect_noise((400, 300), 60), "JPEG"))
# Becomes a PNG of about a megabyte.
ENLARGE = [{"resize": {"width": 1200, "height": 900, "enlarge": True}}, {"convert": {"format": "png"}}]


@pytest.fixture
def pipeline(es: Elasticsearch, index: str) -> Iterator[Any]:
    """Makes a pipeline of these options, and gives its name."""

    def make(**options: Any) -> str:
        es.ingest.put_pipeline(id=f"own-{index}", processors=[{"image": {"properties": [], **options}}])
        return f"own-{index}"

    yield make
    es.ingest.delete_pipeline(id=f"own-{index}")


@pytest.fixture
def settings(es: Elasticsearch) -> Iterator[Any]:
    """Changes settings of the node for the time of the test."""
    changed: list[str] = []

    def change(**values: Any) -> None:
        named = {name.replace("__", "."): value for name, value in values.items()}
        changed.extend(named)
        es.cluster.put_settings(persistent=named)

    yield change
    es.cluster.put_settings(persistent=dict.fromkeys(changed))
    # Without the settings Elasticsearch would take 100 % and 2.
    es.cluster.put_settings(persistent={"breaker.ingest_image.limit": "20%", "breaker.ingest_image.overhead": 1.0})


def held(es: Elasticsearch) -> int:
    (node,) = es.nodes.stats(metric="breaker").body["nodes"].values()
    return int(node["breakers"]["ingest_image"]["estimated_size_in_bytes"])


def assert_nothing_held(es: Elasticsearch) -> None:
    """Whoever has the answer may be a moment before the thread that counts it off."""
    wait_until(lambda: held(es) == 0)


def test_a_bulk_that_fills_the_memory_is_stored_in_part_and_wholly_in_the_end(
    es: Elasticsearch, index: str, pipeline: Any, settings: Any
) -> None:
    settings(breaker__ingest_image__limit="8mb", breaker__ingest_image__overhead=1.0)
    name = pipeline(operations=ENLARGE)
    actions = [
        {"_index": index, "_id": str(i), "pipeline": name, "_source": {"image": {"data": SMALL}}} for i in range(20)
    ]
    statuses: list[int] = []
    left, tries = actions, 0
    while left:
        tries += 1
        assert tries <= 20
        results = list(helpers.streaming_bulk(es, left, raise_on_error=False))
        refused = [item["index"] for ok, item in results if not ok]
        statuses += [item["index"]["status"] for _, item in results]
        assert {item["status"] for item in refused} <= {429}, refused
        assert all(item["error"]["reason"].startswith("[results_memory_full]") for item in refused), refused
        assert len(refused) < len(left), "each time some are stored"
        assert_nothing_held(es)
        left = [action for action in left if action["_id"] in {item["_id"] for item in refused}]
    assert statuses.count(429) > 0
    es.indices.refresh(index=index)
    assert es.count(index=index)["count"] == 20


@pytest.mark.parametrize("of", ["a pipeline", "storing"])
def test_a_simulation_that_fills_the_memory_is_answered_in_part(
    es: Elasticsearch, index: str, pipeline: Any, settings: Any, of: str
) -> None:
    """It holds all its documents at the same time, like a bulk."""
    settings(breaker__ingest_image__limit="12mb", breaker__ingest_image__overhead=1.0)
    name = pipeline(operations=ENLARGE)
    docs = [{"_index": index, "_id": str(i), "_source": {"image": {"data": SMALL}}} for i in range(20)]
    if of == "a pipeline":
        answers = es.ingest.simulate(id=name, docs=docs).body["docs"]
        reasons = [one["error"]["reason"] for one in answers if "error" in one]
    else:
        headers = {"content-type": "application/json", "accept": "application/json"}
        answer = es.perform_request("POST", f"/_ingest/_simulate?pipeline={name}", headers=headers, body={"docs": docs})
        answers = answer.body["docs"]
        reasons = [one["doc"]["error"]["reason"] for one in answers if "error" in one["doc"]]
    assert len(answers) == 20 and 0 < len(reasons) < 20
    assert all(reason.startswith("[results_memory_full]") for reason in reasons), reasons
    assert_nothing_held(es)


@pytest.mark.parametrize("of", ["a stored pipeline", "an inline pipeline"])
def test_a_verbose_simulation_counts_what_each_processor_shows(
    es: Elasticsearch, index: str, settings: Any, of: str
) -> None:
    """The answer has a document once for each processor: ten times a megabyte."""
    settings(breaker__ingest_image__limit="40mb", breaker__ingest_image__overhead=1.0)
    image: dict[str, Any] = {"image": {"properties": [], "operations": ENLARGE}}
    ten = [image, *({"image": {"properties": [], "field": "none", "ignore_missing": True}} for _ in range(9))]
    docs = [{"_index": index, "_id": str(i), "_source": {"image": {"data": SMALL}}} for i in range(20)]
    es.ingest.put_pipeline(id=f"ten-{index}", processors=ten)
    try:
        if of == "a stored pipeline":
            answer = es.ingest.simulate(id=f"ten-{index}", docs=docs, verbose=True)
        else:
            answer = es.ingest.simulate(pipeline={"processors": ten}, docs=docs, verbose=True)
    finally:
        es.ingest.delete_pipeline(id=f"ten-{index}")
    shown = [one["processor_results"] for one in answer.body["docs"]]
    reasons = [last["error"]["reason"] for last in (one[-1] for one in shown) if "error" in last]
    assert len(shown) == 20 and 0 < len(reasons) < 20
    assert all(reason.startswith("[results_memory_full]") for reason in reasons), reasons
    pictures = [result["doc"]["_source"]["image"]["data"] for one in shown for result in one if "doc" in result]
    assert sum(len(data) for data in pictures if data != SMALL) < 40 << 20, "not more than the node has memory for"
    assert_nothing_held(es)


def test_a_verbose_simulation_has_no_room_for_a_result_that_is_shown_too_often(
    es: Elasticsearch, index: str, settings: Any
) -> None:
    settings(breaker__ingest_image__limit="8mb", breaker__ingest_image__overhead=1.0)
    twelve = [{"image": {"properties": [], "operations": ENLARGE}}] * 12
    docs = [{"_source": {"image": {"data": SMALL}}}]
    (once,) = es.ingest.simulate(pipeline={"processors": twelve}, docs=docs).body["docs"]
    assert once["doc"]["_source"]["image"]["width"] == 1200
    (often,) = es.ingest.simulate(pipeline={"processors": twelve}, docs=docs, verbose=True).body["docs"]
    reason = often["processor_results"][-1]["error"]["reason"]
    assert reason.startswith("[result_too_large]") and "[verbose] shows it after each processor" in reason


def test_the_official_helper_comes_to_its_end(es: Elasticsearch, index: str, pipeline: Any, settings: Any) -> None:
    settings(breaker__ingest_image__limit="12mb", breaker__ingest_image__overhead=1.0)
    name = pipeline(operations=ENLARGE)
    actions = (
        {"_index": index, "_id": str(i), "pipeline": name, "_source": {"image": {"data": SMALL}}} for i in range(15)
    )
    stored, errors = helpers.bulk(es, actions, raise_on_error=False, max_retries=15, initial_backoff=0.1, max_backoff=1)
    assert (stored, errors) == (15, [])


def test_a_result_that_is_longer_than_the_node_reads_is_final(
    es: Elasticsearch, index: str, pipeline: Any, settings: Any
) -> None:
    settings(ingest__image__max_response_bytes="1mb")
    with pytest.raises(BadRequestError, match=r"result_too_large.*max_response_bytes"):
        es.index(index=index, document={"image": SMALL}, pipeline=pipeline(operations=ENLARGE))
    recording = pipeline(operations=ENLARGE, on_invalid="record")
    es.index(index=index, id="1", document={"title": "mine", "image": SMALL}, pipeline=recording)
    source = es.get(index=index, id="1")["_source"]
    assert source["title"] == "mine"
    assert source["image"]["error"]["code"] == "result_too_large"
    assert "data" not in source["image"]


def test_a_pipeline_bounds_what_it_stores(es: Elasticsearch, index: str, pipeline: Any) -> None:
    with pytest.raises(BadRequestError, match=r"result_too_large.*max_result_bytes.*307200"):
        es.index(
            index=index, document={"image": SMALL}, pipeline=pipeline(operations=ENLARGE, max_result_bytes="300kb")
        )
    es.index(
        index=index, document={"image": SMALL}, pipeline=pipeline(operations=["grayscale"], max_result_bytes="300kb")
    )
    with pytest.raises(BadRequestError, match=r"max_result_bytes.*such as 5mb, got \[much\]"):
        pipeline(max_result_bytes="much")


def test_a_list_longer_than_the_queue_is_worked_through(
    es: Elasticsearch, index: str, pipeline: Any, settings: Any
) -> None:
    settings(ingest__image__queue_size=2, ingest__image__max_in_flight=2)
    pictures = [b64(encoded(Image.new("RGB", (8 + i, 8)), "PNG")) for i in range(25)]
    es.index(index=index, id="1", document={"image": pictures}, pipeline=pipeline())
    stored = es.get(index=index, id="1")["_source"]["image"]
    assert [one["width"] for one in stored] == [8 + i for i in range(25)]

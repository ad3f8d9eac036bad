"""Properties that are added to a picture after its document was stored, on real nodes."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from elasticsearch import BadRequestError, Elasticsearch

from ingest_image.reprocess.command import reprocess
from pipelines.cluster.simulate import simulated_picture
from tests.helpers.nodes import source
from tests.helpers.pictures import b64, picture
from tests.helpers.service import Service, calls

PHOTO = b64(picture("pillow/hopper.jpg"))
# Without operations the stored pixels are those of the picture that came.
PROPERTIES = ["embedding", "statistics"]


@pytest.fixture
def later(es: Elasticsearch, index: str) -> Any:
    """The name of a pipeline that adds the vector later, and of one that does not."""
    names = f"later-{index}", f"now-{index}"
    es.ingest.put_pipeline(id=names[0], processors=[{"image": {"properties": PROPERTIES, "later": ["embedding"]}}])
    es.ingest.put_pipeline(id=names[1], processors=[{"image": {"properties": PROPERTIES}}])
    es.indices.create(index=index, settings={"index.default_pipeline": names[0]})
    yield names
    es.indices.delete(index=index)
    for name in names:
        es.ingest.delete_pipeline(id=name)


def whole(es: Elasticsearch, index: str, id: str) -> dict[str, Any]:
    """The picture with its vectors, which 9.2 and later leave out."""
    params = {"_source_exclude_vectors": "false"} if es.info()["version"]["number"] > "9.2" else {}
    headers = {"accept": "application/json"}
    answer = es.perform_request("GET", f"/{index}/_doc/{id}", params=params, headers=headers).body
    return dict(answer["_source"]["image"])


def test_it_is_stored_at_once_and_whole_after_it_was_enriched(
    es: Elasticsearch, index: str, later: tuple[str, str], service: Service
) -> None:
    es.index(index=index, id="now", document={"image": {"data": PHOTO}}, pipeline=later[1])
    es.index(index=index, id="1", document={"image": {"data": PHOTO}})
    stored = whole(es, index, "1")
    assert stored["pending"] == ["embedding"]
    assert "embedding" not in stored and "embedder" not in stored
    # Another field: nobody is called, and it stays pending.
    before = calls(service)
    es.update(index=index, id="1", doc={"title": "mine"})
    assert whole(es, index, "1") == stored
    assert calls(service) == before
    es.update(index=index, id="1", doc={"image": {"enrich": True}})
    assert calls(service) == before + 1
    enriched = whole(es, index, "1")
    assert enriched == whole(es, index, "now")
    assert (enriched["data"], enriched["sha256"], enriched["mark"]) == (
        stored["data"],
        stored["sha256"],
        stored["mark"],
    )
    assert source(es, index)["title"] == "mine"


def test_a_picture_to_search_by_waits_only_for_what_is_needed(
    es: Elasticsearch, later: tuple[str, str], service: Service
) -> None:
    before, file = calls(service), BytesIO(picture("pillow/hopper.jpg"))
    assert simulated_picture(es, later[0], file, "faces")["pending"] == ["embedding"]
    assert calls(service) == before + 1
    made = simulated_picture(es, later[0], file, "embedding")
    assert made["embedding"] and "pending" not in made
    assert calls(service) == before + 3


def test_what_cannot_be_later_is_refused_when_the_pipeline_is_put(es: Elasticsearch, index: str) -> None:
    for options, reason in (
        ({"properties": PROPERTIES, "later": ["statistics"]}, "not one of the properties that can be added later"),
        ({"properties": ["statistics"], "later": ["embedding"]}, "not among the [properties] of the recipe"),
        ({"properties": PROPERTIES, "later": ["redact"]}, "not one of the properties that can be added later"),
        ({"properties": PROPERTIES, "later": ["embedding"], "store": "none"}, "needs the picture that is stored"),
    ):
        with pytest.raises(BadRequestError, match="later") as refused:
            es.ingest.put_pipeline(id=index, processors=[{"image": options}])
        assert reason in str(refused.value)


def test_a_command_adds_what_is_pending(
    es: Elasticsearch, es_url: str, index: str, later: tuple[str, str], tmp_path: Path
) -> None:
    def run() -> str:
        state = str(tmp_path / "state.json")
        result = CliRunner().invoke(reprocess, [index, "--url", es_url, "--pending", "--state", state])
        assert result.exit_code == 0, result.output
        return result.output

    es.index(index=index, id="now", document={"image": {"data": PHOTO}}, pipeline=later[1])
    es.index(index=index, id="1", document={"image": {"data": PHOTO}})
    es.index(index=index, id="list", document={"image": [{"data": PHOTO}, {"data": PHOTO}]})
    assert run() == "2 of 2 written\n"
    assert whole(es, index, "1") == whole(es, index, "now")
    first, second = source(es, index, "list")["image"]
    assert "pending" not in first and first["embedder"] == "builtin-v1"
    assert "pending" not in second and "embedder" not in second
    assert source(es, index, "now")["image"]["mark"] == first["mark"]
    assert run() == "0 of 0 written\n"


def test_a_picture_in_the_store_and_one_with_a_target_of_its_own_are_enriched_as_they_are(
    es: Elasticsearch, index: str, later: tuple[str, str], start_service: Callable[..., Service], tmp_path: Path
) -> None:
    (folder := tmp_path / "store").mkdir()
    start_service(store_url=folder.as_uri())
    options = {"properties": PROPERTIES, "later": ["embedding"]}
    for id, more in {"stored": {"store": "external"}, "target": {"target_field": "small"}}.items():
        es.ingest.put_pipeline(id=later[1], processors=[{"image": options | more}])
        es.index(index=index, id=id, document={"image": {"data": PHOTO}}, pipeline=later[1])
        target = more.get("target_field", "image")
        before = source(es, index, id)
        assert before[target].pop("pending") == ["embedding"] and before[target].pop("pending_since")
        asking = {**before, target: before[target] | {"pending": ["embedding"], "enrich": True}}
        es.index(index=index, id=id, document=asking, pipeline=later[1])
        after = source(es, index, id)
        assert after[target].pop("embedder") == "builtin-v1"
        after[target].pop("embedding", None)
        assert after == before

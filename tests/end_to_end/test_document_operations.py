"""What a document may ask to be done to its picture, and what only its pipeline may."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import BadRequestError, Elasticsearch
from PIL import Image

from tests.helpers.located_pictures import places, with_place
from tests.helpers.pictures import b64, encoded, opened

PRIVATE = with_place(encoded(Image.effect_noise((300, 200), 60), "JPEG"))
WATERMARK = {"watermark": {"text": "mine", "gravity": "southeast"}}


@pytest.fixture
def put(es: Elasticsearch, index: str) -> Iterator[Any]:
    """Stores a picture with one-off operations through a pipeline of these options; gives what is stored."""

    def put_(wanted: list[Any], **options: Any) -> dict[str, Any]:
        es.ingest.put_pipeline(id=f"own-{index}", processors=[{"image": {"properties": [], **options}}])
        document = {"image": {"data": b64(PRIVATE), "operations": wanted}}
        es.index(index=index, id="1", document=document, pipeline=f"own-{index}")
        return dict(es.get(index=index, id="1")["_source"]["image"])

    yield put_
    es.ingest.delete_pipeline(id=f"own-{index}")


@pytest.mark.parametrize("keep", [["all"], ["copyright"], ["icc", "copyright"]])
def test_a_document_cannot_ask_for_its_metadata(put: Any, keep: list[str]) -> None:
    wanted = [{"strip_metadata": {"keep": keep}}]
    with pytest.raises(BadRequestError, match=r"operation_not_allowed.*strip_metadata"):
        put(wanted, operations=["strip_metadata"])
    with pytest.raises(BadRequestError, match=r"invalid_recipe.*it can only ask for less"):
        put(wanted, operations=["strip_metadata"], document_operations=["strip_metadata"])


def test_it_can_ask_for_less(put: Any) -> None:
    kept = [{"strip_metadata": {"keep": ["all"]}}]
    assert list(places(put([], operations=kept)))
    assert not list(places(put(["strip_metadata"], operations=kept, document_operations=["strip_metadata"])))


@pytest.mark.parametrize("wanted", [{"convert": {"format": "png"}}, {"animation": {"frames": "keep"}}])
def test_what_undoes_a_recipe_is_the_pipeline_s_to_allow(put: Any, wanted: dict[str, Any]) -> None:
    recipe = [{"convert": {"format": "jpeg", "max_bytes": 30_000}}]
    with pytest.raises(BadRequestError, match=r"operation_not_allowed.*the pipeline's owner can list"):
        put([wanted], operations=recipe)
    with pytest.raises(BadRequestError, match=r"operation_not_allowed.*the pipeline allows documents \[rotate\]"):
        put([wanted], operations=recipe, document_operations=["rotate"])
    stored = put([wanted], operations=recipe, document_operations=[*wanted])
    assert stored["format"] == ("png" if "convert" in wanted else "jpeg")


def test_a_watermark_cannot_be_cut_off(put: Any) -> None:
    cut = [{"crop": {"left": 0, "top": 0, "width": 150, "height": 100}}]
    with pytest.raises(BadRequestError, match=r"document_operations_disabled.*\[watermark\], which operations"):
        put(cut, operations=[WATERMARK])
    assert put([], operations=[WATERMARK])["width"] == 300
    with pytest.raises(BadRequestError, match="document_operations_disabled"):
        put([{"rotate": {"degrees": 90}}], operations=[WATERMARK])
    assert put([{"rotate": {"degrees": 90}}], operations=[WATERMARK], document_operations=["rotate"])["height"] == 300


@pytest.mark.parametrize(
    ("limit", "size"),
    [({"resize": {"width": 100, "height": 100}}, (100, 67)), ({"crop": {"width": 100, "height": 67}}, (100, 67))],
    ids=str,
)
def test_the_size_limit_holds_also_when_operations_follow_one_another(
    es: Elasticsearch, index: str, put: Any, limit: dict[str, Any], size: tuple[int, int]
) -> None:
    larger = {"resize": {"width": 5000, "height": 5000, "enlarge": True}}
    stored = put([larger], operations=[limit])
    assert (stored["width"], stored["height"]) == opened(stored["data"]).size == size
    es.indices.put_settings(index=index, settings={"default_pipeline": f"own-{index}"})
    for _ in range(2):
        es.update(index=index, id="1", doc={"image": {"operations": [{"rotate": {"degrees": 90}}, larger]}})
        stored = dict(es.get(index=index, id="1")["_source"]["image"])
        assert max(stored["width"], stored["height"]) == 100
    es.indices.put_settings(index=index, settings={"default_pipeline": "images"})


UPDATES: dict[str, tuple[dict[str, Any], tuple[int, int]]] = {
    "scaling": ({"resize": {"width": 150}}, (150, 100)),
    "rotating": ({"rotate": {"degrees": 90}}, (200, 300)),
    "cropping": ({"crop": {"left": 10, "top": 0, "width": 50, "height": 40}}, (50, 40)),
    "flipping": ({"flip": {"direction": "vertical"}}, (300, 200)),
    "colour": ({"adjust": {"saturation": 0.5}}, (300, 200)),
    "grey": ({"grayscale": {}}, (300, 200)),
}


@pytest.mark.parametrize("what", UPDATES)
def test_the_bundled_pipeline_allows_what_people_update_for(es: Elasticsearch, index: str, what: str) -> None:
    operation, size = UPDATES[what]
    es.index(index=index, id="1", document={"image": {"data": b64(PRIVATE)}})
    before = es.get(index=index, id="1")["_source"]["image"]
    es.update(index=index, id="1", doc={"image": {"operations": [operation]}})
    after = es.get(index=index, id="1")["_source"]["image"]
    assert opened(after["data"]).size == (after["width"], after["height"]) == size
    assert after["data"] != before["data"] and after["format"] == "jpeg" and "operations" not in after
    # It is marked, so it stays as it is.
    es.update(index=index, id="1", doc={"title": "t"})
    assert es.get(index=index, id="1")["_source"] == {"title": "t", "image": after}


@pytest.mark.parametrize(
    "operation",
    [
        {"convert": {"format": "png"}},
        {"convert": {"format": "jpeg", "quality": 100}},
        {"strip_metadata": {"keep": ["all"]}},
        "strip_metadata",
        {"animation": {"frames": "keep"}},
        {"redact": {"what": ["faces"]}},
    ],
    ids=str,
)
def test_the_bundled_pipeline_allows_nothing_that_undoes_it(es: Elasticsearch, index: str, operation: Any) -> None:
    es.index(index=index, id="1", document={"image": {"data": b64(PRIVATE)}})
    before = es.get(index=index, id="1")["_source"]
    with pytest.raises(BadRequestError, match="operation_not_allowed"):
        es.update(index=index, id="1", doc={"image": {"operations": [{"rotate": {"degrees": 90}}, operation]}})
    with pytest.raises(BadRequestError, match="operation_not_allowed"):
        es.index(index=index, id="2", document={"image": {"data": b64(PRIVATE), "operations": [operation]}})
    assert es.get(index=index, id="1")["_source"] == before


def test_a_wrong_list_is_refused_at_put_pipeline(es: Elasticsearch) -> None:
    wrongs: list[Any] = [["rotat"], "rotate", [{"rotate": {}}]]
    for wrong in wrongs:
        with pytest.raises(BadRequestError, match=r"must be true, false or a list of names of operations: \[adjust, "):
            es.ingest.put_pipeline(id="wrong", processors=[{"image": {"document_operations": wrong}}])

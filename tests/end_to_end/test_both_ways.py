"""The same documents through the plugin on a real node, and through the inference form of the pipeline: stored alike."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from pipelines.inference.endpoints import in_inference_form
from pipelines.recipes import recipes_of, recognizes
from pipelines.resources import Kind, bundled
from tests.helpers.pictures import b64, picture
from tests.helpers.service import TOKEN, Service
from tests.inference_way.stock import PipelineFailed, StockProcessors

PHOTO = b64(picture("exif-orientation/Landscape_6.jpg"))


def deep(value: Any) -> Any:
    """The value below 200 levels."""
    for _ in range(100):
        value = [{"a": value}]
    return value


DOCUMENTS: dict[str, dict[str, Any]] = {
    "photograph": {"title": "A lake", "image": {"data": PHOTO, "alt": "a lake"}},
    "bare string": {"image": b64(picture("pillow/hopper.jpg"))},
    "transparent": {"image": {"data": b64(picture("pngsuite/basn6a16.png"))}},
    "not a picture": {"image": {"data": "bm8gcGljdHVyZQ==", "width": 7, "alt": "kept"}},
    "not base64": {"image": {"data": "!"}},
    "truncated": {"image": {"data": PHOTO[:8000]}},
    "forged": {"image": {"data": PHOTO, "mark": "0" * 64, "recipe": "0" * 32, "width": 7}},
    "no picture": {"title": "nothing"},
    "dotted name": {"image.data": PHOTO, "image.alt": "a lake"},
    "dotted names beside an object": {"image": {"alt": "a lake"}, "image.data": PHOTO, "image.metadata.camera": "mine"},
    "dotted names within the object": {"image": {"data": PHOTO, "original.width": 7, "error.code": "old"}},
    "data URL": {"image": ' DATA:image/jpeg; name="a;mark=b,c.jpg" ;Base64,' + PHOTO.replace("+", "%2B")},
    "thumbnail of somebody's": {"image": {"alt": "mine", "thumbnail": PHOTO, "thumbnail_mark": "0" * 64}},
    "mark of somebody's": {"image": {"alt": "mine", "sha256": "0" * 64, "mark": "0" * 64, "placeholder": "AAAA"}},
    "removed": {"image": {"data": None, "alt": "mine", "width": 7, "colors": [{"hex": "#ffffff"}]}},
    "removed by a dotted name": {"image.data": None, "image.width": 7, "image.alt": "mine"},
    "buffer": {"image": {"data": {"type": "Buffer", "data": [137, 80]}}},
    "half a surrogate pair": {"title": "boat \ud83d", "image": {"data": PHOTO, "alt": "\udc1f\ud83d\udc1f\udc1f"}},
    "half a pair deep in lists": {"a": [[{"b": ["x", "\ud83d", 5, None]}], {"c": "\ud83d\udc1f"}], "image": PHOTO},
    "half a pair far down": {"a": deep("x \ud83d"), "image": {"data": PHOTO, "b": deep("\udc1f")}},
    "half a pair in a name": {"bad\ud83d": "\ud83d", "image": {"alt\udc1f": "\udc1f", "data": PHOTO}},
    "half a pair without a picture": {"_own": "\ud83d", "title": ["boat \ud83d"], "image": {"alt": "\udc1f"}},
    "half a pair within base64": {"image": {"data": PHOTO[:1000] + "\ud83d"}},
    "half a pair in a mark": {"image": {"data": PHOTO, "mark": "\ud83d", "thumbnail": "\udc1f"}},
    "numbers": {"image": [137, 80, 78, 71]},
    "typed array": {"image": {"0": 255, "1": 216, "2": 255}},
    "typed array under a dotted name": {"image.0": 255, "image.1": 216},
    "a name that is a number": {"image": {"0": 5, "data": PHOTO}},
    "names in another case that hold no picture": {"image": {"Data": "2026-11-28"}, "Image": "a lake", "IMAGE": [5]},
    "a picture beside what is none": {"image": {"Data": "2026-11-28", "data": PHOTO}, "Image": 5},
    "refused in an upsert": {"image": {"data": None, "sha256": None, "error": {"code": "not_an_image"}, "alt": "mine"}},
    "error without data": {"image": {"alt": "mine", "error": {"code": "not_an_image", "reason": "text"}}},
}
# What becomes of a document whose picture is normalized when it comes back with this in its image.
CHANGES: dict[str, Any] = {
    "another thumbnail": {"thumbnail": PHOTO},
    "a placeholder that is a picture": {"placeholder": PHOTO},
    "a placeholder that is none": {"placeholder": 5},
    "mark of another thumbnail": {"thumbnail_mark": "0" * 64},
    "an error": {"error": {"code": "not_an_image", "reason": "text"}},
    "removed": {"data": None},
    "another hash": {"sha256": "0" * 64},
    "another mark": {"mark": "0" * 64},
}
# Refused on both ways, with the same code.
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "twice": ({"image": {"data": PHOTO}, "image.data": PHOTO}, "ambiguous_field"),
    "dotted beside a string": ({"image": PHOTO, "image.alt": "a lake"}, "ambiguous_field"),
    "a name in another case": ({"image": {"Data": PHOTO, "alt": "a lake"}}, "missing_data"),
    "a data URL under a name in another case": ({"image.DATA": f"data:image/jpeg;base64,{PHOTO}"}, "missing_data"),
    "a name in another case beside the right one": ({"image": {"data": PHOTO, "Data": PHOTO}}, "missing_data"),
    "a field in another case": ({"title": "a lake", "Image": {"data": PHOTO}}, "missing_data"),
    "a string in a field in another case": ({"IMAGE": PHOTO}, "missing_data"),
    "an empty name": ({"image..data": PHOTO}, "ambiguous_field"),
}


# Those that need recognizers have tests of their own (tests/inference_way/test_private.py).
PIPELINES = [
    r.name
    for r in bundled()
    if r.kind is Kind.PIPELINE and not any(recognizes(recipe) for recipe in recipes_of(r.body))
]


@pytest.mark.parametrize("name", PIPELINES)
def test_both_ways_store_the_same(es: Elasticsearch, service: Service, stock: StockProcessors, name: str) -> None:
    definition = next(r for r in bundled() if r.kind is Kind.PIPELINE and r.name == name)
    endpoint, pipeline = in_inference_form([definition], "custom", service.url, TOKEN)
    docs = [{"_source": document} for document in DOCUMENTS.values()]
    hashes = 0
    answers = es.ingest.simulate(id=name, docs=docs).body["docs"]
    for (title, document), answer in zip(DOCUMENTS.items(), answers, strict=True):
        by_plugin = answer["doc"]["_source"]
        assert _apart_from_ids(stock.run(pipeline.body, [endpoint], document)) == _apart_from_ids(by_plugin), title
        # What one way has normalized, the other leaves alone.
        again = stock.run(pipeline.body, [endpoint], by_plugin | {"seen": True})
        assert _apart_from_ids(again) == _apart_from_ids(by_plugin | {"seen": True}), title
        # Elasticsearch hands documents out without their vectors; both ways put them back.
        if "perceptual_hash" in by_plugin.get("image", {}):
            back = copy.deepcopy(by_plugin)
            for vector in ("perceptual_hash", "embedding"):
                back["image"].pop(vector, None)
            del back["image"]["perceptual_hashes"]["bits"]
            (answer,) = es.ingest.simulate(id=name, docs=[{"_source": back}]).body["docs"]
            by_node = answer["doc"]["_source"]
            assert stock.run(pipeline.body, [endpoint], back) == by_node, title
            # The vector is made from the encoded picture now, and nearly the same.
            assert ("embedding" in by_node["image"]) == ("embedding" in by_plugin["image"])
            assert {**by_node["image"], "embedding": 0} == {**by_plugin["image"], "embedding": 0}, title
            hashes += 1
    assert (hashes > 0) == ("perceptual_hash" in str(definition.body))


def _apart_from_ids(document: dict[str, Any]) -> dict[str, Any]:
    """The document without the id of the request that its picture was refused in: each request has another."""
    copied = copy.deepcopy(document)
    if isinstance(image := copied.get("image"), dict) and "error" in image:
        image["error"].pop("request_id", None)
    return copied


@pytest.mark.parametrize("with_data", [True, False])
def test_both_ways_change_the_same(
    es: Elasticsearch, service: Service, stock: StockProcessors, with_data: bool
) -> None:
    definition = next(r for r in bundled() if r.kind is Kind.PIPELINE and r.name == "images")
    endpoint, pipeline = in_inference_form([definition], "custom", service.url, TOKEN)
    stored = stock.run(pipeline.body, [endpoint], {"image": {"data": PHOTO, "alt": "mine"}})["image"]
    prefixed = {"data": f"data:image/jpeg;base64,{stored['data']}"}
    for title, change in {**CHANGES, "a data URL": prefixed, "nothing": {}}.items():
        image = stored | change
        if not with_data and "data" not in change:
            del image["data"]
        (answer,) = es.ingest.simulate(id="images", docs=[{"_source": {"image": image}}]).body["docs"]
        by_plugin = answer["doc"]["_source"]
        by_inference = stock.run(pipeline.body, [endpoint], {"image": copy.deepcopy(image)})
        assert _apart_from_ids(by_inference) == _apart_from_ids(by_plugin), title


@pytest.mark.parametrize("title", REFUSED)
def test_both_ways_refuse_the_same(es: Elasticsearch, service: Service, stock: StockProcessors, title: str) -> None:
    document, code = REFUSED[title]
    definition = next(r for r in bundled() if r.kind is Kind.PIPELINE and r.name == "images")
    endpoint, pipeline = in_inference_form([definition], "custom", service.url, TOKEN)
    (answer,) = es.ingest.simulate(id="images", docs=[{"_source": document}]).body["docs"]
    assert f"[{code}] " in str(answer["error"])
    with pytest.raises(PipelineFailed, match=rf"^\[{code}\] "):
        stock.run(pipeline.body, [endpoint], document)

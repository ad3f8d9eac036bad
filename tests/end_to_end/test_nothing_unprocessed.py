"""Whoever may write documents, and has no token, tries to have a picture stored as it came."""

from __future__ import annotations

import base64
import hashlib
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from elasticsearch import Elasticsearch
from PIL import Image

from processor_service.keys import mark_key
from processor_service.wire.marks import mark, thumbnail_mark
from processor_service.wire.recipe import recipe_hash
from tests.helpers.located_pictures import places, with_place
from tests.helpers.pictures import b64, encoded
from tests.helpers.service import TOKEN

OPERATIONS: list[Any] = [{"resize": {"width": 60, "height": 60}}, "strip_metadata"]
PROPERTIES: list[Any] = [{"thumbnail": {"size": 16}}, "placeholder"]
LENIENT: dict[str, Any] = {"on_invalid": "record", "ignore_missing": True}
# Of the `image` processor; each stores nothing but what it made.
PIPELINES: dict[str, dict[str, Any]] = {
    "in place": LENIENT,
    "in place, strict": {},
    "in place, fields only": LENIENT | {"store": "none"},
    "in place, removed": LENIENT | {"remove_binary": True},
    "to a target": LENIENT | {"field": "photo", "target_field": "image"},
    "to a target, strict": {"field": "photo", "target_field": "image"},
    "to a target, fields only": LENIENT | {"field": "photo", "target_field": "image", "store": "none"},
    "to a target, removed": LENIENT | {"field": "photo", "target_field": "image", "remove_binary": True},
    "deep": LENIENT | {"field": "a.photo", "target_field": "b.image"},
}
CLEAN, OTHER = (encoded(Image.effect_noise((80, 50 + i), 60), "JPEG") for i in range(2))
PRIVATE = with_place(CLEAN)
NOTHING = object()
DOCUMENTS = 160


@pytest.fixture(scope="module")
def archive(es: Elasticsearch) -> Iterator[str]:
    """A pipeline that stores every byte as it came: what it signs is the best that can be copied from elsewhere."""
    processors = [{"image": {"operations": [{"strip_metadata": {"keep": ["all"]}}], "properties": PROPERTIES}}]
    es.ingest.put_pipeline(id="archive", processors=processors)
    # The node lets addresses pass that the service then refuses: so each of them is a dead one.
    es.cluster.put_settings(persistent={"ingest.image.url_hosts": ["dead.example.org"]})
    yield "archive"
    es.cluster.put_settings(persistent={"ingest.image.url_hosts": None})
    es.ingest.delete_pipeline(id="archive")


def made(es: Elasticsearch, index: str, pipeline: str, data: bytes, field: str = "image") -> dict[str, Any]:
    """What a pipeline makes of a picture, as it is stored."""
    docs = [{"_index": index, "_source": nested(field, {"data": b64(data)})}]
    answer = es.ingest.simulate(id=pipeline, docs=docs)["docs"][0]["doc"]["_source"]
    for name in ("b", "image"):
        answer = answer.get(name, answer)
    return dict(answer)


def nested(path: str, value: Any) -> dict[str, Any]:
    first, _, rest = path.partition(".")
    return {first: nested(rest, value) if rest else value}


def dotted(value: dict[str, Any], path: str = "") -> dict[str, Any]:
    """The same object with dotted names in place of objects, two levels deep."""
    flat: dict[str, Any] = {}
    for name, inner in value.items():
        if isinstance(inner, dict) and path.count(".") < 2:
            flat |= dotted(inner, f"{path}{name}.")
        else:
            flat[f"{path}{name}"] = inner
    return flat


def attacks(
    chance: random.Random, mine: dict[str, Any], theirs: dict[str, Any], field: str, target: str
) -> dict[str, Any]:
    """A document of parts that were copied from anywhere."""

    def one(*choices: Any) -> Any:
        return chance.choice(choices)

    def target_object() -> dict[str, Any]:
        parts = {
            "data": one(
                NOTHING, None, b64(PRIVATE), "DATA:image/jpeg; base64," + b64(PRIVATE), theirs["data"], mine["data"]
            ),
            "mark": one(NOTHING, "x", theirs["mark"], mine["mark"]),
            "source_mark": one(NOTHING, theirs["source_mark"], mine["source_mark"]),
            "sha256": one(NOTHING, theirs["sha256"], mine["sha256"]),
            "recipe": one(NOTHING, theirs["recipe"], mine["recipe"]),
            "thumbnail": one(NOTHING, b64(PRIVATE), "data:;base64," + b64(PRIVATE), [b64(PRIVATE)], mine["thumbnail"]),
            "thumbnail_mark": one(NOTHING, theirs["thumbnail_mark"], mine["thumbnail_mark"]),
            "placeholder": one(NOTHING, mine["placeholder"], mine["placeholder"], b64(PRIVATE)),
            "error": one(NOTHING, NOTHING, {}, {"code": "x"}),
            "url": one(NOTHING, NOTHING, NOTHING, None, "https://dead.example.org/a.jpg"),
            "operations": one(
                NOTHING, NOTHING, NOTHING, [], ["grayscale"], [{"crop": {"left": 5000, "width": 9, "height": 9}}]
            ),
        }
        return {name: value for name, value in parts.items() if value is not NOTHING}

    value = one(target_object(), target_object(), [target_object() for _ in range(one(1, 3))], b64(PRIVATE), None)
    document: dict[str, Any] = {"title": "t", **nested(target, value)}
    if field != target:
        source = one(NOTHING, None, {"data": None}, {}, [], b64(CLEAN), b64(OTHER), b64(PRIVATE), [b64(PRIVATE), None])
        if source is not NOTHING:
            document |= nested(field, source)
    return dict(one(document, document, dotted(document)))


def problems(stored: dict[str, Any], recipe: str) -> Iterator[str]:
    """What is wrong with a stored target: a place in it, a mark that is not the service's, data with something around it."""
    yield from (f"place in {path}" for path in places(stored))
    data = stored.get("data")
    if data is not None and b64(base64.b64decode(data)) != data:
        yield "data is not plain base64"
    sha256 = hashlib.sha256(base64.b64decode(data)).hexdigest() if data else stored.get("sha256", "")
    if "mark" in stored and stored["mark"] != mark(mark_key(TOKEN), recipe, sha256):
        yield "mark"
    if data and "error" not in stored and "mark" not in stored:
        yield "a picture without a mark"
    if "thumbnail" in stored:
        expected = thumbnail_mark(mark_key(TOKEN), recipe, sha256, base64.b64decode(stored["thumbnail"]))
        if stored.get("thumbnail_mark") != expected:
            yield "thumbnail"


@pytest.mark.parametrize("kind", PIPELINES)
def test_no_combination_of_copied_parts_is_stored_as_it_came(
    es: Elasticsearch, es_url: str, archive: str, index: str, kind: str
) -> None:
    options = {"field": "image", "operations": OPERATIONS, "properties": PROPERTIES, **PIPELINES[kind]}
    field, target = str(options["field"]), str(options.get("target_field", options["field"]))
    es.ingest.put_pipeline(id=f"tried-{index}", processors=[{"image": options}])
    es.indices.create(index=index, settings={"default_pipeline": f"tried-{index}"}, mappings={"dynamic": False})
    keeping = {**options, "store": "data", "remove_binary": False}
    es.ingest.put_pipeline(id=f"made-{index}", processors=[{"image": keeping}])
    theirs = made(es, index, archive, PRIVATE)
    mine = made(es, index, f"made-{index}", CLEAN, field)
    assert list(places(theirs)) == [".data"] and not list(places(mine))
    chance = random.Random(kind)
    documents = [attacks(chance, mine, theirs, field, target) for _ in range(DOCUMENTS)]
    lines = "".join(
        json.dumps({"index": {"_id": str(i)}}) + "\n" + json.dumps(document) + "\n"
        for i, document in enumerate(documents)
    )
    headers = {"Content-Type": "application/x-ndjson"}
    items = requests.post(f"{es_url}/{index}/_bulk?refresh=true", data=lines, headers=headers, timeout=300).json()[
        "items"
    ]
    statuses = [item["index"]["status"] for item in items]
    assert set(statuses) <= {200, 201, 400}, {str(item)[:300] for item in items if item["index"]["status"] >= 429}
    assert statuses.count(201) > DOCUMENTS / 10, [item["index"].get("error", {}).get("reason") for item in items][:20]
    recipe = recipe_hash(OPERATIONS, PROPERTIES)
    wrong = {}
    for hit in es.search(index=index, size=DOCUMENTS)["hits"]["hits"]:
        value = hit["_source"]
        for name in target.split("."):
            value = (value or {}).get(name)
        found = [
            problem
            for element in (value if isinstance(value, list) else [value])
            for problem in (problems(element, recipe) if isinstance(element, dict) else places(element, "bare"))
        ]
        # Nothing may be left beside it under another spelling.
        found += [path for path in places(hit["_source"]) if "photo" not in path]
        if found:
            wrong[hit["_id"]] = (found, shortened(documents[int(hit["_id"])]), shortened(hit["_source"]))
    assert not wrong, json.dumps(list(wrong.values())[:3], indent=1)
    es.ingest.delete_pipeline(id=f"made-{index}")
    es.indices.delete(index=index)
    es.ingest.delete_pipeline(id=f"tried-{index}")


def shortened(value: Any) -> Any:
    """A document for a message."""
    if isinstance(value, dict):
        return {name: shortened(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shortened(inner) for inner in value]
    return f"{value[:24]}... {len(value)}" if isinstance(value, str) and len(value) > 40 else value

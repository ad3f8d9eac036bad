"""Documents as anybody may write them: each field of a picture as it should be, or as any JSON at all."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from elasticsearch import Elasticsearch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from processor_service.wire.fields import mapping

# With lone surrogates, control characters and what turns a line round.
texts = st.text(st.characters(exclude_categories=()), max_size=12) | st.sampled_from(
    ["caf\udce9", "\ud83d", "a\u202egpj.exe", "nul\0 \x1b[31m", "..", "a/b", "640", "1e999", "-1", "#12345", "ab" * 32]
)
numbers = st.integers() | st.floats() | st.sampled_from([10**900, -(10**400), 1e308, 0, -1, 2**63])
json_values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
_RIGHT: dict[str, st.SearchStrategy[Any]] = {
    "keyword": texts | st.sampled_from(["ab" * 32, "0f" * 32, "jpeg", "#008080"]),
    "text": texts,
    "integer": st.integers(0, 5000),
    "long": st.integers(0, 1 << 40),
    "float": st.floats(-100, 100),
    "boolean": st.booleans(),
    "date": st.sampled_from(["2020-05-06T07:08:09", "1978", "no date"]),
    "geo_point": st.sampled_from([{"lat": 1, "lon": 2}, "1,2"]),
    "binary": st.sampled_from(["/9j/", "iVBORw0KGgo=", "no base64!", ""]),
    "dense_vector": st.lists(st.floats(-1, 1), max_size=4) | st.just("0f" * 32),
}


def _field(definition: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "properties" in definition:
        right = _object(definition["properties"])
    else:
        right = _RIGHT.get(definition["type"], st.none())
    return right | right | st.lists(right, max_size=2) | json_values


def _object(properties: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    fields = {name: _field(definition) for name, definition in properties.items()}
    dotted = st.sampled_from(["original.bytes", "error.code", "data", "perceptual_hashes.hex", "colors.hex"])
    named = st.fixed_dictionaries({}, optional=fields)
    return st.builds(
        lambda fields, more: {**fields, **more}, named, st.dictionaries(dotted | texts, json_values, max_size=2)
    )


pictures = _object(mapping()["properties"])
images = pictures | st.lists(pictures, max_size=3) | json_values
sources = st.builds(
    lambda fields, dotted, more: {**fields, **{f"image.{name}": value for name, value in dotted.items()}, **more},
    st.fixed_dictionaries({}, optional={"title": texts | json_values, "file_name": json_values, "image": images}),
    st.dictionaries(st.sampled_from(["data", "sha256", "error.code", "width"]), json_values, max_size=1),
    st.dictionaries(texts, json_values, max_size=2),
)
# What Elasticsearch takes as an id: it makes U+FFFD of lone surrogates itself.
ids = st.text(min_size=1, max_size=40) | st.sampled_from(["..", ".", "a/b", "a b%2F", "%", "?x=1#y", "ü" * 256, "\0"])


def made(count: int) -> list[tuple[str, dict[str, Any]]]:
    """The same documents each time."""
    found: dict[str, dict[str, Any]] = {}

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(ids, sources)
    def collect(id: str, source: dict[str, Any]) -> None:
        try:
            json.dumps(source, allow_nan=False)
        except ValueError:
            # No JSON, so nobody can send it.
            return
        found[f"{len(found)}{id}"[:100]] = source

    collect()
    return list(found.items())


def written(es: Elasticsearch, index: str, documents: Iterable[tuple[str, dict[str, Any]]]) -> list[int]:
    """Write documents past every pipeline, lone surrogates as escapes, which is how they come; returns the statuses."""
    lines: list[Any] = []
    for id, source in documents:
        lines += [{"index": {"_index": index, "_id": id}}, source]
    answer = es.perform_request(
        "POST",
        "/_bulk",
        params={"pipeline": "_none", "refresh": "true"},
        headers={"content-type": "application/x-ndjson", "accept": "application/json"},
        body="".join(f"{json.dumps(line)}\n" for line in lines).encode(),
    )
    return [item["index"]["status"] for item in answer.body["items"]]

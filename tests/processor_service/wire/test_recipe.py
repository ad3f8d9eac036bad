from __future__ import annotations

import base64
import gc
import hashlib
import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor_service.errors import Code, ImageError
from processor_service.keys import mark_key
from processor_service.wire.marks import mark, source_mark, thumbnail_mark, url_mark
from processor_service.wire.recipe import memory, parse_operations, parse_recipe, recipe_hash
from tests.helpers.paths import ROOT

VECTORS = json.loads((ROOT / "elasticsearch_plugin/src/test/resources/recipe-vectors.json").read_text())


@pytest.mark.parametrize("vector", VECTORS["recipes"])
def test_node_and_service_compute_the_same_recipe_hash(vector: dict[str, Any]) -> None:
    assert recipe_hash(vector.get("operations"), vector.get("properties")) == vector["recipe"]


@pytest.mark.parametrize("vector", VECTORS["marks"])
def test_node_and_service_compute_the_same_mark(vector: dict[str, str]) -> None:
    assert mark(mark_key(vector["token"]), vector["recipe"], vector["sha256"]) == vector["mark"]


@pytest.mark.parametrize("vector", VECTORS["source_marks"])
def test_node_and_service_compute_the_same_source_mark(vector: dict[str, str]) -> None:
    signed = source_mark(
        mark_key(vector["token"]), vector["recipe"], sha256(vector["source"]), sha256(vector["stored"])
    )
    assert signed == vector["mark"]


@pytest.mark.parametrize("vector", VECTORS["url_marks"])
def test_node_and_service_compute_the_same_mark_of_an_address(vector: dict[str, str]) -> None:
    assert (
        url_mark(mark_key(vector["token"]), vector["recipe"], vector["url"], sha256(vector["stored"])) == vector["mark"]
    )


@pytest.mark.parametrize("vector", VECTORS["thumbnail_marks"])
def test_node_and_service_compute_the_same_thumbnail_mark(vector: dict[str, str]) -> None:
    thumbnail = base64.b64decode(vector["thumbnail"])
    assert (
        thumbnail_mark(mark_key(vector["token"]), vector["recipe"], sha256(vector["stored"]), thumbnail)
        == vector["mark"]
    )


def sha256(text: str) -> str:
    return hashlib.sha256(base64.b64decode(text)).hexdigest()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(-1e6, 1e6) | st.text(max_size=10),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=10,
)


@given(json_values)
def test_the_hash_does_not_depend_on_the_order_of_keys(value: Any) -> None:
    def reversed_keys(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: reversed_keys(node[key]) for key in reversed(list(node))}
        return [reversed_keys(item) for item in node] if isinstance(node, list) else node

    assert recipe_hash([{"a": value}], None) == recipe_hash([{"a": reversed_keys(value)}], None)


def test_a_name_means_no_parameters() -> None:
    assert parse_recipe(["grayscale"], []) == parse_recipe([{"grayscale": {}}], [])


@pytest.mark.parametrize(
    ("operations", "complaint"),
    [
        (["rotat"], "unknown operation [rotat]; valid operations are adjust, "),
        ([{"rotate": {"degrees": 999}}], "operation [rotate]: [degrees]"),
        (
            [{"rotate": {"degrees": "90"}}],
            "operation [rotate]: [degrees]: Input should be a valid number, got the string [90]",
        ),
        ([{"rotate": {}}], "operation [rotate]: [degrees]"),
        ([{"resize": {"widht": 3}}], "unknown parameter [widht]; valid parameters are: width, "),
        ([{"resize": {}}], "width or height"),
        ([{"rotate": 90}], "its parameters must be an object"),
        ([{"rotate": {"degrees": 1}, "flip": {}}], "exactly one"),
        ([7], "exactly one"),
        ("grayscale", "operations must be a list"),
        ([{"convert": {"format": "bmp"}}], "operation [convert]: [format]"),
        (["grayscale"] * 65, "operations has 65 entries, at most 64 are accepted"),
        ([{"watermark": {"image": "A" * 100_000}}] * 3, "bytes as JSON, at most 262144 are accepted"),
        ([{"blur": {"radius": [""] * 200_000}}], "bytes as JSON, at most 262144 are accepted"),
        ({str(number): 0 for number in range(90_000)}, "bytes as JSON, at most 262144 are accepted"),
        ([{"watermark": {"image": "é" * 250_000}}], "bytes as JSON, at most 262144 are accepted"),
    ],
)
def test_a_wrong_recipe_is_refused_with_what_would_be_right(operations: Any, complaint: str) -> None:
    with pytest.raises(ImageError) as refusal:
        parse_operations(operations)
    assert refusal.value.code is Code.INVALID_RECIPE
    assert complaint in refusal.value.reason


@pytest.mark.parametrize(
    "operations",
    [
        lambda number: [{"resize": {"width": number + 1}}],
        lambda number: [*["grayscale"] * 60, {"resize": {"width": number + 1}}],
        lambda number: [{"convert": {"format": "webp", "quality": number % 90 + 1, "max_bytes": number + 5000}}],
        lambda number: [{"adjust": {"contrast": 1 + number / 1000}}, {"blur": {"radius": 1 + number / 1000}}] * 9,
    ],
)
def test_what_a_remembered_recipe_takes_is_not_more_than_is_counted(operations: Callable[[int], Any]) -> None:
    texts = [json.dumps([operations(number), []]).encode() for number in range(200)]
    gc.collect()
    tracemalloc.start()
    try:
        kept = [parse_recipe(operations(number), []) for number in range(200)]
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len({recipe.hash for recipe in kept}) > 80
    assert taken <= sum(map(memory, texts))

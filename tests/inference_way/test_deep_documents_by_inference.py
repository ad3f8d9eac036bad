"""Documents that are deep or have many values: halves of surrogate pairs are replaced in them as by the plugin."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from .stock import PipelineFailed
from .way import OTHER, Way

# Elasticsearch reads nothing below 1,000 levels. Of these a few are the request's and the document's own.
DEEP = 980
MANY: dict[str, Callable[[], dict[str, Any]]] = {
    "empty lists": lambda: {"own": [[]] * 1_100_000},
    "objects": lambda: {"own": [{"a": 1}] * 400_000},
    "names": lambda: {f"own{number}": 1 for number in range(350_000)},
    "names beside a picture": lambda: {"image": {f"own{number}": 1 for number in range(350_000)} | {"data": OTHER}},
}


@pytest.fixture
def deep_json() -> Iterator[None]:
    """Python's own JSON reads and writes as deep as the interpreter may go."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(before + 4 * DEEP)
    yield
    sys.setrecursionlimit(before)


def nested(depth: int, text: str, name: str) -> Any:
    value: Any = {name: text}
    for level in range(depth):
        value = [value, text] if level % 2 else {"a": value, "b": 5}
    return value


@pytest.mark.usefixtures("deep_json")
@pytest.mark.parametrize("depth", [99, 150, DEEP])
def test_half_a_surrogate_pair_however_deep_becomes_a_replacement_character(way: Way, depth: int) -> None:
    broken, whole = nested(depth, "boat \ud83d", "n\udc1f"), nested(depth, "boat \ufffd", "n\ufffd")
    assert way({"mine": broken}) == {"mine": whole}
    assert way({"mine": whole}) == {"mine": whole}
    stored = way({"mine": whole, "image": {"data": OTHER, "alt": broken}})
    assert (stored["mine"], stored["image"]["alt"], stored["image"]["width"]) == (whole, whole, 128)


@pytest.mark.usefixtures("deep_json")
def test_two_names_that_become_one_are_refused_however_deep(way: Way) -> None:
    value: Any = dict.fromkeys(("n\udc1f", "n\ud83d"), 1)
    for _ in range(DEEP):
        value = [value]
    with pytest.raises(PipelineFailed, match="ambiguous_field"):
        way({"mine": value})


@pytest.mark.usefixtures("deep_json")
def test_lists_in_each_other_are_no_list_of_pictures(way: Way) -> None:
    value: Any = OTHER
    for _ in range(DEEP):
        value = [value]
    for document in ({"Image": value}, {"image": {"Data": value}}):
        assert way(document) == document
    with pytest.raises(PipelineFailed, match="addresses_need_the_plugin"):
        way({"image": {"url": value}})
    for document in ({"image": {"url": [[], 5, [[["data:,x"]]]]}}, {"image": {"url": ["data:,x"]}}):
        with pytest.raises(PipelineFailed, match="url_not_allowed"):
            way(document)


def test_what_is_made_may_be_called_as_the_field_in_another_case(way: Way) -> None:
    made = {"data": OTHER, "mark": "v2;another"}
    assert way({"Image": made}) == {"Image": made}
    for document in ({"Image": {"data": OTHER}}, {"image": {"Data": OTHER, "mark": "v2;another"}}):
        with pytest.raises(PipelineFailed, match="missing_data"):
            way(document)


@pytest.mark.parametrize("kind", MANY)
def test_more_values_than_a_loop_may_have_statements_pass(way: Way, kind: str) -> None:
    """Some 5 MB of small values each."""
    document = MANY[kind]()
    stored = way(document)
    assert stored.keys() == document.keys()
    if "image" not in document:
        assert stored == document

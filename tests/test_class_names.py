from __future__ import annotations

import ast
import gc
from collections import defaultdict
from collections.abc import Iterator

import pytest

from tests.helpers.paths import ROOT

HOUSES = ("embedded_node", "generate", "ingest_image", "pipelines", "processor_service")


@pytest.fixture
def no_collection() -> Iterator[None]:
    """Python 3.11 fails to parse when a collection meanwhile ends what another test left, and that shows a traceback.

    Then the parser runs within the parser.
    """
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collection")
def test_no_two_classes_have_one_name() -> None:
    """Whoever reads `Report` or `Found` must not have to look which one is imported."""
    places = defaultdict(list)
    for file in sorted(file for house in HOUSES for file in (ROOT / house).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(f"{file.relative_to(ROOT)}:{node.lineno}")
    assert len(places) > 200
    assert {name: where for name, where in places.items() if len(where) > 1} == {}

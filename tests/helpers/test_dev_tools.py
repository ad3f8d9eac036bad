"""The reader of Dev Tools' syntax that the tour's tests rely on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.dev_tools import json_texts, parse
from tests.helpers.paths import ROOT


def test_requests_comments_and_markers() -> None:
    first, second = parse(
        "# A comment\n// another\n# answers: 404\n# shows: one\n# shows: two\nget a/_doc/1\n\n# needs: x\nPOST /_bulk\n"
        '{"index": {}}\n# in between\n{\n  "a": 1\n}\n'
    )
    assert (first.method, first.path, first.body, first.answers, first.shows) == (
        "GET",
        "a/_doc/1",
        "",
        404,
        ["one", "two"],
    )
    assert (second.method, second.path, second.needs, second.answers) == ("POST", "/_bulk", ["x"], None)
    assert json_texts(second.body) == [{"index": {}}, {"a": 1}]


def test_three_quotes_take_everything() -> None:
    (request,) = parse('POST _query\n{"query": """\n  # "no" comment\nGET is no request\n"""}\n')
    assert json_texts(request.body) == [{"query": '\n  # "no" comment\nGET is no request\n'}]


def test_a_body_without_a_request_is_a_mistake() -> None:
    with pytest.raises(AssertionError, match="no request before"):
        parse('{"a": 1}')


@pytest.mark.parametrize("file", sorted((ROOT / "pipelines").rglob("*.console")), ids=lambda path: str(path.stem))
def test_what_is_to_be_pasted_can_be_read(file: Path) -> None:
    requests = parse(file.read_text("utf-8"))
    assert requests
    for request in requests:
        assert len(json_texts(request.body)) <= 1 or "_bulk" in request.path

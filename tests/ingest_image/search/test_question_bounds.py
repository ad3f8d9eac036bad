"""What one question may ask: refused before Elasticsearch sees it, with a sentence that says what is allowed."""

from __future__ import annotations

import base64
import json
import re
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_image.search import Question, UserError
from ingest_image.search.questions.bounds import LONGEST, without_regex
from ingest_image.search.questions.colors import ColorWish
from ingest_image.search.questions.cursor import Cursor
from ingest_image.search.questions.filters import parse_filter, parse_filters
from ingest_image.search.stored.schema import Schema

NESTED = "/((((a{0,30}){0,30}){0,30}){0,30})/"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("*" * 900, "900 wildcards are too many to search for: at most 8"),
        ("?" * 900, "900 wildcards"),
        ("* " * 90, "90 wildcards"),
        ("*ake *iver *ridge", "3 leading wildcards"),
        ("title:*a (*b) -?c", "3 leading wildcards"),
        # Right behind what was closed, a word begins, too.
        ('"a"*b (c)*d [1 TO 2]*e', "3 leading wildcards"),
        ("a~*b c~1*d e^2.5?f", "3 leading wildcards"),
        # All fields.
        (r"\*:a \*b:c \?:d", "3 leading wildcards"),
        (f'"a"{NESTED}', "regular expressions"),
        ("lake~ " * 5, "5 fuzzy words"),
        ("[a TO z] " * 9, "9 ranges"),
        ("(" * 9 + "a" + ")" * 9, "9 nested parentheses"),
        ("a " * 101, "words are too many"),
        ("a" * (LONGEST + 1), "1001 characters are too many"),
        (NESTED, "regular expressions"),
        (f"title:{NESTED}", "regular expressions"),
        (f"(lake {NESTED})", "regular expressions"),
        # Here Elasticsearch sees no quotes: they are the ends of ranges.
        ('[a" TO b] ********* ["c TO d]', "9 wildcards"),
        (f'[a" TO b] {NESTED} ["c TO d]', "regular expressions"),
    ],
)
def test_words_that_cost_too_much(words: str, says: str) -> None:
    with pytest.raises(UserError, match=re.escape(says)):
        Question(words)


@pytest.mark.parametrize(
    "words",
    [
        "lake AND (landscape OR portrait) NOT boat",
        'title:"a lake" AND taken:[2020 TO 2021] lak* *scape mountian~',
        "/home/me/pictures/2020/lake.jpg",
        "2020/05/lake.jpg and/or 1/2",
        r"what\? who\? why\? when\? where\? how\? which\? whose\? is it",
        "title:* AND image.metadata.camera:*",
        "width:[1000 TO *] AND height:{1000 TO *} AND taken:[2020 TO *]",
        r"image.\*:lake 2\*3 \*what\*",
        "",
    ],
)
def test_what_people_write_is_searched_for(words: str) -> None:
    assert Question(words).words == words


@given(st.text(alphabet='ab/\\" ()*', max_size=30))
def test_no_slash_begins_a_regular_expression(words: str) -> None:
    written = without_regex(words)
    assert "/" not in re.sub(r"\\.", "", written, flags=re.DOTALL)
    # Nothing but slashes is written another way.
    assert written.replace("\\", "").replace("/", "") == words.replace("\\", "").replace("/", "")


def test_parts_have_a_limit_too() -> None:
    schema = Schema(types={"image.format": "keyword"})
    with pytest.raises(ValueError, match="33 filters are too many for one question: at most 32"):
        parse_filters([f"width:{number}" for number in range(33)], Schema({"image.width": "integer"}))
    with pytest.raises(UserError, match="9 colours are too many for one question: at most 8"):
        Question(colors=(ColorWish("teal"),) * 9)
    with pytest.raises(ValueError, match="101 values are too many for one filter: at most 100"):
        parse_filter("format:" + ",".join("a" * 101), schema)
    with pytest.raises(ValueError, match="a filter of 1008 characters is too long"):
        parse_filter("format:" + "a" * 1001, schema)


def marked(place: Any) -> str:
    return base64.urlsafe_b64encode((place if isinstance(place, str) else json.dumps(place)).encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        Cursor(),
        Cursor(start=20),
        Cursor(pit="abc", after=(1.5, None, "x", 7)),
        Cursor(after=(1,), seen={"images": ["a", "b"]}),
    ],
)
def test_a_cursor_leads_to_its_page(cursor: Cursor) -> None:
    assert Cursor.of(cursor.text()) == cursor


@pytest.mark.parametrize(
    "mark",
    [
        "x",
        "caf\u00e9",
        marked([]),
        marked("[" * 40_000),
        marked('{"after":' * 5_000),
        marked('{"start":' + "9" * 5000 + "}"),
        marked({"start": -1}),
        marked({"start": "1"}),
        marked({"start": True}),
        marked({"start": 1e400}),
        marked({"pit": {"id": "x"}}),
        marked({"pit": "x", "after": "abc"}),
        marked({"pit": "x", "after": [[1]]}),
        marked({"pit": "x", "after": [1, 2, 3, 4, 5]}),
        marked({"after": [1], "seen": ["a"]}),
        marked({"after": [1], "seen": {"images": "a"}}),
        marked({"after": [1], "seen": {"images": [{}]}}),
        marked({"other": 1}),
        marked({"pit": "x" * 100_000}),
    ],
)
@pytest.mark.parametrize("recursion_limit", [1000, 10_000])
def test_what_is_not_a_cursor(mark: str, recursion_limit: int) -> None:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(recursion_limit, before))
    try:
        with pytest.raises(UserError, match="not the cursor of a next page"):
            Cursor.of(mark)
    finally:
        sys.setrecursionlimit(before)

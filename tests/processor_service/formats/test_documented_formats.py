"""docs/formats.md names every format that is read, refuses none of them, and says of each that is cut what stays."""

from __future__ import annotations

import re

from processor_service.formats.registry import FORMATS
from processor_service.metadata.cut import CUTS
from tests.helpers.paths import ROOT


def section(title: str) -> str:
    """What stands under a heading of the page."""
    page = (ROOT / "docs/formats.md").read_text()
    return page.partition(f"## {title}\n")[2].partition("\n## ")[0]


def names(rows: str) -> set[str]:
    """The names in the first column of a table, in lower case."""
    cells = re.findall(r"^\| ([^|]+) \|", rows, re.MULTILINE)
    return {name.strip("` ").lower() for cell in cells for name in re.sub(r"\([^)]*\)", "", cell).split(",")}


def test_each_format_is_named_where_it_belongs() -> None:
    # JPEG 2000 goes by the name of its files in documents.
    read = names(section("Read")) | {"jp2"}
    assert {one.name for one in FORMATS if not one.rare} - read == set()
    assert {one.name for one in FORMATS} & names(section("Refused")) == set()


def test_what_stays_of_each_format_that_is_cut_is_said() -> None:
    assert CUTS.keys() - names(section("How each format is made clean")) == set()

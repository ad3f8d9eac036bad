"""Each command line that README and docs print, also within sentences, has options and commands that there are."""

from __future__ import annotations

import re
import shlex

import click
import pytest

from ingest_image.cli import main
from tests.helpers.documented import blocks
from tests.helpers.paths import ROOT

# What a line goes on with that is the shell's.
_END = re.compile(r"\s(?:#|>|\||&&|;|\.\.\.$).*|[`)]+$")
# `docker compose run tools` is the program, too.
_START = re.compile(
    r"(?:^|[^\w-])(?:ingest-image|compose run (?:--\S+ |~/\S+ )*(?:tools|bootstrap)) (?=[a-z]|--version)([^)]*)"
)
_WITHIN_A_SENTENCE = re.compile(r"`((?:[A-Z_]+=\S+ )?ingest-image [a-z][^`]*)`")


def lines() -> list[tuple[str, str]]:
    """Where each stands, and the words after the program's name."""
    found = []
    for block in blocks():
        if not block.nothing_to_run:
            for line in block.text.replace("\\\n", " ").splitlines():
                found += [(block.place, match) for match in _START.findall(line)]
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
    # The wire has labels that begin like the program's name.
    for page in (page for page in pages if page.name != "wire.md"):
        for line in _WITHIN_A_SENTENCE.findall(page.read_text().replace("\n", " ")):
            found += [(page.name, match) for match in _START.findall(line)]
    return sorted({(place, _END.sub("", line).strip()) for place, line in found if "[" not in line})


LINES = lines()


def unknown(group: click.Group, words: list[str]) -> str:
    """What of a line there is not; empty if all is there. Nothing is run."""
    if words == ["--version"]:
        return ""
    command = group.get_command(click.Context(group), words[0])
    if command is None:
        return f"no command {words[0]}"
    if isinstance(command, click.Group) and words[1:]:
        return unknown(command, words[1:])
    try:
        given, _, _ = command.make_parser(click.Context(command)).parse_args(words[1:])
    except click.UsageError as error:
        # What takes a value may be named without one within a sentence.
        return "" if isinstance(error, click.BadOptionUsage) else error.format_message()
    for option in command.params:
        value = given.get(option.name or "")
        if isinstance(option.type, click.Choice) and isinstance(value, str) and value not in option.type.choices:
            return f"{value} is no {option.name}"
    return ""


@pytest.mark.parametrize(("place", "line"), LINES, ids=[f"{place} {line}" for place, line in LINES])
def test_commands_and_options_are_there(place: str, line: str) -> None:
    assert unknown(main, shlex.split(line.replace("...", "PATH"))) == ""


def test_what_is_not_there_is_told() -> None:
    assert unknown(main, ["serach"]) == "no command serach"
    assert "--sise" in unknown(main, ["search", "--sise", "3"])
    assert unknown(main, ["store", "clean", "--index", "images"]) == "" and unknown(main, ["store", "wash"])
    assert unknown(main, ["gallery"]) == "" and len(LINES) > 100

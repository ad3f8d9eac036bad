"""All commands of `ingest-image` that speak to Elasticsearch, with what each needs beside the connection."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from ingest_image.cli import main
from processor_service.store.opening import begin_store
from tests.helpers.paths import PICTURES

# What a command is not started without. A new command that needs nothing has no line here.
_NEEDS = {
    "users": ["ann=searcher"],
    "index": [str(PICTURES / "pillow" / "flower.jpg")],
    "search": ["boat"],
    "get": ["1"],
    "export": ["exported"],
    "delete": ["--query", "*"],
    "enrich": ["--once"],
}
# They make an index that is not there.
_MAKE_THEIRS = ("index",)
# It shows what is wrong on its page, and goes on when Elasticsearch is there: tests/ingest_image/gallery.
_STAYS_UP = ("gallery",)


def _leaves(group: click.Group, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from _leaves(command, (*words, name))
        else:
            yield (*words, name), command


def _options(command: click.Command) -> set[str]:
    return {name for option in command.params for name in option.opts}


def that_connect() -> list[tuple[str, ...]]:
    """The words of each command that ends by itself and asks Elasticsearch something."""
    return [words for words, command in _leaves(main) if "--url" in _options(command) and words[-1] not in _STAYS_UP]


def about_an_index() -> list[tuple[str, ...]]:
    """Those that read an index by its name."""
    named = [words for words, command in _leaves(main) if {"--url", "--index"} <= _options(command)]
    return [words for words in named if words[-1] not in (*_MAKE_THEIRS, *_STAYS_UP)]


def run(words: tuple[str, ...], url: str, folder: Path, monkeypatch: pytest.MonkeyPatch, *, index: str = "") -> Result:
    """Run a command as a user does, in an empty folder with an empty store."""
    monkeypatch.chdir(folder)
    begin_store(str(folder))
    monkeypatch.setenv("IMAGE_STORE_URL", str(folder))
    monkeypatch.setenv("ANN_PASSWORD", "a long password")
    named = ["--index", index or "images"] if words in [*about_an_index(), ("index",)] else []
    return CliRunner().invoke(main, [*words, *_NEEDS.get(" ".join(words), []), *named, "--url", url])

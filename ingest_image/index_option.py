"""How every command takes the index that it is about: as `--index`, and also as an argument."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import click
from elasticsearch import AuthorizationException, Elasticsearch


def index_option(command: Callable[..., None]) -> Callable[..., None]:
    """Give a click command the argument `index`, which is given once, as `--index` or as an argument."""

    @functools.wraps(command)
    def wrapper(*args: Any, named_index: str | None, index: str | None, **kwargs: Any) -> None:
        if named_index and index:
            raise click.UsageError("the index is given twice: as --index and as an argument")
        if not named_index and not index:
            raise click.UsageError("which index? give --index, or its name as an argument")
        command(*args, index=index or named_index, **kwargs)

    wrapper = click.option("--index", metavar="INDEX", help="The index; its name may also be an argument.")(wrapper)
    return click.argument("named_index", metavar="[INDEX]", required=False)(wrapper)


def missing_index(client: Elasticsearch, names: Iterable[str]) -> str:
    """A sentence about the names that are neither index, alias nor data stream; empty if all exist.

    Patterns may match nothing. Nothing is said of a name that the user may not look at.
    """
    missing = []
    for name in names:
        with suppress(AuthorizationException):
            if "*" not in name and not client.indices.exists(index=name):
                missing.append(name)
    return f"there is no index {', '.join(missing)}" if missing else ""

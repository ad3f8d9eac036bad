"""How every command takes the index that it is about: as `--index`, and also as an argument."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click


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

"""The options of `ingest-image bootstrap` for data streams."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import click

Command = Callable[..., Any]


def stream_options(command: Command) -> Command:
    """Add `--data-stream` as `data_streams` and `--retention`."""
    command = click.option(
        "--retention",
        metavar="TIME",
        callback=_time,
        help="With --data-stream: documents are deleted after this time, such as 90d. Default: never, or what is "
        "already installed.",
    )(command)
    return click.option(
        "--data-stream",
        "data_streams",
        multiple=True,
        metavar="NAME",
        callback=_names,
        help="Also prepare a data stream of this name, which its first document makes (docs/data-streams.md); repeat "
        "for several.",
    )(command)


def _names(context: click.Context, parameter: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        # Templates have names, too, and ours must not get this one's.
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", name) or name == "images":
            raise click.BadParameter(
                f"{name!r} cannot be the name of a data stream here: lower case, no wildcards, and not images, "
                "which is the name of the template for indices"
            )
    return names


def _time(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"[1-9][0-9]*[dhms]", value):
        raise click.BadParameter(f"{value!r} is not a time; write it as 90d, 12h, 30m")
    return value

"""How a run goes: options of each command that runs stored documents through their pipeline again."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ..defaults import BULK_OPTION
from ..indexing.command import size

_OPTIONS = (
    click.option("--dry-run", is_flag=True, help="Only say how many documents would be processed."),
    click.option("--max-bulk-bytes", type=size, default=BULK_OPTION, show_default=True, help="Size of one request."),
    click.option(
        "--state",
        "state_file",
        type=click.Path(dir_okay=False, path_type=Path),
        help="File that remembers where a run began. Default: one in the user's folder for applications.",
    ),
    click.option("--restart", is_flag=True, help="Forget an earlier run that was interrupted."),
)


@dataclass(frozen=True)
class Bounds:
    """Whether documents are only counted, the most bytes of a request, and where a run's state is kept.

    `state_file`: None for one in the user's folder. `restart`: without what an earlier run has done. `stateless`: for a
    selection without what is done already, which needs no file, so it can run where none can be written.
    """

    dry_run: bool
    max_bulk_bytes: int
    state_file: Path | None
    restart: bool
    stateless: bool = False


def bounds_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a click command these options and the argument `bounds`."""

    @functools.wraps(command)
    def wrapper(
        *args: Any, dry_run: bool, max_bulk_bytes: int, state_file: Path | None, restart: bool, **kwargs: Any
    ) -> None:
        command(*args, bounds=Bounds(dry_run, max_bulk_bytes, state_file, restart), **kwargs)

    for option in reversed(_OPTIONS):
        wrapper = option(wrapper)
    return wrapper

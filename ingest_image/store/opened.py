"""The store as the commands see it: by the same settings as the service."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
import structlog
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from processor_service.errors import ImageError
from processor_service.settings import Settings
from processor_service.store.opening import StoreError, begin_store, folder_of, open_store

if TYPE_CHECKING:
    from processor_service.store.picture_store import PictureStore

# The library reads these from the environment, when a store is opened.
_CLOUDS = ("AWS_", "GOOGLE_", "AZURE_")
_TO = "TO_"


def opened(url: str = "") -> PictureStore:
    """The store at a URL, where one may begin, or the one at `IMAGE_STORE_URL`. Raises ClickException."""
    # What the store warns of is no part of what a command prints.
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))
    settings = Settings()
    if not (url or settings.store_url):
        raise click.ClickException("there is no store: set IMAGE_STORE_URL as the service has it")
    if url:
        begin_store(url)
    try:
        found = open_store(url or settings.store_url, settings.store_timeout)
        # Otherwise the place of a disk that is not mounted would be a store without pictures.
        found.check_folder()
    except (StoreError, ImageError) as error:
        raise click.ClickException(str(error)) from error
    return found


def is_itself(url: str) -> bool:
    """Whether a URL names the store at `IMAGE_STORE_URL`, with the same keys at the same address."""
    here = Settings().store_url
    folder, other = folder_of(here), folder_of(url)
    if folder is not None and other is not None:
        return folder.resolve() == other.resolve()
    others = tuple(_TO + cloud for cloud in _CLOUDS)
    return here.rstrip("/") == url.rstrip("/") and not any(name.startswith(others) for name in os.environ)


@contextmanager
def keys_of_target() -> Iterator[None]:
    """The environment with the variables of the other store, `TO_AWS_...`, in the place of `AWS_...`, and so on.

    A cloud of which there is one has no others: half of the keys of one store and half of another open neither.
    """
    before = dict(os.environ)
    for cloud in _CLOUDS:
        given = {name.removeprefix(_TO): value for name, value in before.items() if name.startswith(_TO + cloud)}
        if given:
            for name in [name for name in os.environ if name.startswith(cloud)]:
                del os.environ[name]
            os.environ.update(given)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def progress(what: str) -> Progress:
    """A bar on standard error; nothing when that is no terminal."""
    console = Console(stderr=True)
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal)


def say(as_json: bool, summary: dict[str, Any], *lines: str) -> None:
    """Print the summary as JSON, or the lines."""
    click.echo(json.dumps(summary) if as_json else "\n".join(lines))

"""The store as the commands see it: by the same settings as the service."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from processor_service.settings import Settings
from processor_service.store.opening import StoreError, open_store

if TYPE_CHECKING:
    from processor_service.store.picture_store import PictureStore


def opened(url: str = "") -> PictureStore:
    """The store at a URL, or at `IMAGE_STORE_URL`. Raises ClickException."""
    settings = Settings()
    if not (url or settings.store_url):
        raise click.ClickException("there is no store: set IMAGE_STORE_URL as the service has it")
    try:
        return open_store(url or settings.store_url, settings.store_timeout)
    except StoreError as error:
        raise click.ClickException(str(error)) from error


def progress(what: str) -> Progress:
    """A bar on standard error; nothing when that is no terminal."""
    console = Console(stderr=True)
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal)


def say(as_json: bool, summary: dict[str, Any], *lines: str) -> None:
    """Print the summary as JSON, or the lines."""
    click.echo(json.dumps(summary) if as_json else "\n".join(lines))

"""The commands `ingest-image serve` and `ingest-image api-token`."""

from __future__ import annotations

import gc
import os
import signal
import socket
from typing import Any

import click
from pydantic import ValidationError

from . import keys
from .embedders import EmbedderError, chosen
from .settings import Settings
from .store.opening import StoreError, library_store


@click.command()
@click.option("--host", help=f"Address to listen on.  [default: {Settings.model_fields['host'].default}]")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help=f"Port to listen on.  [default: {Settings.model_fields['port'].default}]",
)
@click.option("--workers", type=click.IntRange(1, 256), help="Workers.  [default: one per core]")
def serve(**options: Any) -> None:
    """Run the processor service.

    All settings are environment variables IMAGE_... (docs/service.md); the options here override three of them.
    """
    # A background job of a script inherits that SIGINT is ignored. Gunicorn takes it as soon as it runs.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    given = {name: value for name, value in options.items() if value is not None}
    try:
        settings = Settings(**given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise click.ClickException(f"IMAGE_{str(first['loc'][0]).upper()}: {first['msg']}") from error
    _check_embedder(settings)
    _check_store(settings)
    if any(map(keys.is_api_token, settings.accepted_tokens())):
        raise click.ClickException(
            "IMAGE_TOKEN is an API token, which is derived from the token of the service: set that one"
        )
    if not settings.accepted_tokens() and not settings.is_loopback():
        raise click.ClickException(
            f"without a token the service listens on loopback only; set IMAGE_TOKEN (and ingest.image.token in the "
            f"nodes' keystore) to listen on {settings.host}"
        )
    for port in (settings.port, settings.health_port):
        if port is not None:
            _check_port(settings.host, port)
    # Workers read the same environment.
    os.environ.update({f"IMAGE_{name.upper()}": str(value) for name, value in given.items()})
    # Until all is loaded: `run` lets it work again.
    gc.disable()
    from .web.server import TooFewFiles
    from .web.server import serve as run

    try:
        run(settings)
    except TooFewFiles as error:
        raise click.ClickException(str(error)) from error


def _check_embedder(settings: Settings) -> None:
    """Say at the start that the embedder cannot be used, not with the first document."""
    try:
        chosen(settings).check(settings)
    except EmbedderError as error:
        raise click.ClickException(str(error)) from error


def _check_store(settings: Settings) -> None:
    """The same of the store. Whether it can be reached shows with the first picture: it may be down for a while."""
    if settings.store_url:
        try:
            library_store(settings.store_url)
        except StoreError as error:
            raise click.ClickException(str(error)) from error


def _check_port(host: str, port: int) -> None:
    """Say at once that a port is taken. Gunicorn would try again for seconds, and say so in its log."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise click.ClickException(
                f"cannot listen on {host}:{port} ({error.strerror}); stop what listens there, or choose another --port"
            ) from error


@click.command("api-token")
def api_token() -> None:
    """Print the bearer token for clients that are not nodes: curl, chat clients, endpoints made by hand.

    It is derived from IMAGE_TOKEN. It can neither sign requests as a node does nor make marks of pictures. Doctor,
    index and bootstrap accept it as IMAGE_TOKEN.
    """
    token = Settings().token.get_secret_value()
    if not token:
        raise click.ClickException("there is no token: set IMAGE_TOKEN as the service has it")
    click.echo(keys.api_token(token))

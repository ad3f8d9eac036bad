"""Starts a gallery, and opens one in the browser with a question."""

from __future__ import annotations

import errno
import threading
import webbrowser
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import click
import requests
from elasticsearch import Elasticsearch

from pipelines.wording import well_formed

from ..loopback import send
from ..search.engine import Engine
from ..search.sampling import file_of, sample_of_document
from .app import create_app
from .page_query import PageQuery, like_stored
from .serving.security import LOOPBACK
from .serving.server import GalleryServer
from .settings import GallerySettings

_HOST = "127.0.0.1"


def make_gallery(client: Elasticsearch, settings: GallerySettings, host: str, port: int) -> GalleryServer:
    """A server that is bound to its port, but does not run yet."""
    try:
        return GalleryServer(create_app(client, settings), host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise click.ClickException(f"port {port} of {host} is taken: choose another one with --port") from error
        raise click.ClickException(f"cannot listen on port {port} of {host}: {error.strerror}") from error
    except ValueError as error:
        raise click.ClickException(f"there is no address {host} to listen on: give another --host") from error


def serve(server: GalleryServer, sentence: str) -> None:
    """Answer until Ctrl-C or SIGTERM; the sentence is said when both are obeyed."""
    server.run_until_signal(lambda: click.echo(sentence))
    click.echo("Stopped.", err=True)


def settings_for(client_url: str, host: str, index: str, names: Sequence[str] = (), **more: Any) -> GallerySettings:
    """Settings of a gallery on `host`; without `names`, a loopback host answers only to names of this machine."""
    hosts = frozenset(name.lower() for name in names) or (LOOPBACK | {host} if host in LOOPBACK else frozenset())
    return GallerySettings(index=index, hosts=hosts, elasticsearch_url=client_url, **more)


def open_gallery(
    client: Elasticsearch, index: str, port: int, query: PageQuery, *, like: str | None, pipeline: str
) -> None:
    """Show the hits of a question in the browser, in the gallery that runs at `port` or in a new one."""
    base = f"http://{_HOST}:{port}"
    if _runs(base, index):
        _show(base, client, index, query, like)
        return
    server = make_gallery(client, settings_for("", _HOST, index, pipeline=pipeline), _HOST, port)
    thread = threading.Timer(0.2, _show, (base, client, index, query, like))
    thread.daemon = True
    thread.start()
    serve(server, f"gallery on {base}, Ctrl-C stops it")


def _runs(base: str, index: str) -> bool:
    try:
        found = send("GET", f"{base}/healthz", timeout=5).json().get("gallery")
    except (requests.RequestException, ValueError, AttributeError):
        return False
    if found != index:
        raise click.ClickException(f"the gallery at {base} shows {found}, not {index}: give another --gallery-port")
    return True


def _show(base: str, client: Elasticsearch, index: str, query: PageQuery, like: str | None) -> None:
    query = replace(query, like=_place_of(base, client, index, like)) if like else query
    page = urljoin(base, query.address)
    click.echo(page)
    webbrowser.open(page)


def _place_of(base: str, client: Elasticsearch, index: str, like: str) -> str:
    """The value of `like` for a file, which is sent to the gallery, or for a document."""
    if path := file_of(like):
        with path.open("rb") as file:
            sent = send(
                "POST",
                f"{base}/look",
                files={"file": (well_formed(path.name), file)},
                headers={"Origin": base, "Accept": "application/json"},
                timeout=120,
            )
        if sent.status_code == 413:
            raise click.ClickException(f"{like} is too large for the gallery at {base} (its --max-upload-bytes)")
        answer = sent.json()
        if "error" in answer:
            raise click.ClickException(answer["error"])
        return parse_qs(urlsplit(str(answer["url"])).query)["like"][0]
    found = sample_of_document(Engine(client, index), like).identity
    assert found is not None
    return like_stored(*found)

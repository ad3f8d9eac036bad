"""`ingest-image gallery`: runs the search page."""

from __future__ import annotations

import re
from contextlib import suppress

import click
from elasticsearch import AuthorizationException, ConnectionError, ConnectionTimeout, Elasticsearch

from embedded_node.signals import end_on_signals
from pipelines.cluster.client import addresses, elasticsearch_options
from pipelines.resources import DEFAULT_PIPELINE

from ..defaults import GALLERY_PORT, LARGEST_PICTURE_OPTION
from ..indexing.command import size
from .launch import make_gallery, serve, settings_for
from .serving.login import checks_users
from .serving.security import LOOPBACK

# Seconds for Elasticsearch to say whether it knows the user.
_HASTE = 5
_TILES = re.compile(r"https?://[\w.:-]+/\S*")


def checked_tiles(address: str) -> str:
    """The address, if it is one of tiles. Raises BadParameter otherwise."""
    if address and (not _TILES.fullmatch(address) or not all(part in address for part in ("{z}", "{x}", "{y}"))):
        raise click.BadParameter(
            f"{address!r} is not an address of tiles; valid is https://tiles.example/{{z}}/{{x}}/{{y}}.png"
        )
    return address


@click.command()
@elasticsearch_options
@click.option("--index", default="images*", show_default=True, help="Indices to show; patterns are allowed.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=GALLERY_PORT, show_default=True, help="Port; 0 takes a free one."
)
@click.option(
    "--known-as",
    "names",
    multiple=True,
    metavar="NAME",
    help="Host name under which browsers may reach it; repeat for several. Default: this machine's, or any when --host "
    "is not a loopback address.",
)
@click.option("--upload-index", help="Index for added pictures. Default: --index without its *.")
@click.option(
    "--pipeline", default=DEFAULT_PIPELINE, show_default=True, help="Pipeline for dropped and added pictures."
)
@click.option(
    "--max-upload-bytes", type=size, default=LARGEST_PICTURE_OPTION, show_default=True, help="Larger files are refused."
)
@click.option(
    "--service-url",
    default="",
    help="Address of the processor service, for pictures in its store (docs/store.md). Default: their thumbnails.",
)
@click.option("--service-token", envvar="IMAGE_TOKEN", help="Token of the service; safer in the environment.")
@click.option(
    "--tiles",
    default="",
    callback=lambda _, __, value: checked_tiles(value),
    metavar="ADDRESS",
    help="Tiles for the map: https://.../{z}/{x}/{y}.png. Browsers fetch them from there. Default: a plain outline.",
)
@click.option("--tiles-credit", default="", metavar="TEXT", help="Whom the tiles are by, to be shown on the map.")
@click.option("--read-only", is_flag=True, help="Only show and search; nothing can be added, changed or deleted.")
@click.option(
    "--login", is_flag=True, help="Ask for a user of Elasticsearch, as whom everything is done (HTTP Basic; needs TLS)."
)
def gallery(
    client: Elasticsearch,
    index: str,
    host: str,
    port: int,
    names: tuple[str, ...],
    upload_index: str | None,
    pipeline: str,
    max_upload_bytes: int,
    service_url: str,
    service_token: str | None,
    tiles: str,
    tiles_credit: str,
    read_only: bool,
    login: bool,
) -> None:
    """Run the page that shows and searches the stored pictures, until Ctrl-C.

    Without --login, whoever reaches it sees what the given user of Elasticsearch may see, and can add, change and
    delete pictures as that user may.
    """
    # Until the server runs.
    end_on_signals()
    target = upload_index or index.replace("*", "").strip("-_,")
    if not read_only and (not target or "," in target):
        raise click.UsageError("name the index for added pictures with --upload-index, or give --read-only")
    if login:
        _check_login(client, index)
    else:
        _check_user(client)
    settings = settings_for(
        addresses(client),
        host,
        index,
        names,
        upload_index=target,
        pipeline=pipeline,
        max_upload_bytes=max_upload_bytes,
        read_only=read_only,
        login=login,
        service_url=service_url,
        service_token=service_token or "",
        tiles=tiles,
        tiles_credit=tiles_credit,
    )
    server = make_gallery(client, settings, host, port)
    if host not in LOOPBACK:
        click.echo(f"note: the gallery {_risk(login)}, and listens to other machines", err=True)
    shown = f"[{host}]" if ":" in host else host
    serve(server, f"gallery of {index} on http://{shown}:{server.port}, Ctrl-C stops it")


def _risk(login: bool) -> str:
    return "gets passwords without TLS unless a proxy in front of it has it" if login else "has no login"


def _check_user(client: Elasticsearch) -> None:
    """Raise AuthenticationException if the user is refused. Elasticsearch itself may come up later."""
    with suppress(AuthorizationException, ConnectionError, ConnectionTimeout):
        client.options(request_timeout=_HASTE, max_retries=0).info()


def _check_login(client: Elasticsearch, index: str) -> None:
    given = click.get_current_context().params
    if given.get("api_key") or given.get("username"):
        raise click.UsageError("--login takes the user of each request: give neither --api-key nor --username")
    if not checks_users(client, index):
        raise click.ClickException(
            "Elasticsearch shows these indices to anybody, so any password would do: turn its security on"
        )

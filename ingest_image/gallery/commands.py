"""`ingest-image gallery`: runs the search page."""

from __future__ import annotations

import click
from elasticsearch import Elasticsearch

from pipelines.cluster.client import elasticsearch_options
from pipelines.resources import DEFAULT_PIPELINE

from ..defaults import GALLERY_PORT, LARGEST_PICTURE_OPTION
from ..indexing.command import size
from .launch import make_gallery, serve, settings_for
from .security import LOOPBACK


@click.command()
@elasticsearch_options
@click.option("--index", default="images*", show_default=True, help="indices to show, patterns too")
@click.option("--host", default="127.0.0.1", show_default=True, help="address to listen on")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=GALLERY_PORT, show_default=True, help="port; 0: a free one"
)
@click.option(
    "--known-as",
    "names",
    multiple=True,
    metavar="NAME",
    help="host name by which browsers may ask for it; repeat for several  [default: this machine's, or any when --host "
    "is not of loopback]",
)
@click.option("--upload-index", help="where added pictures go  [default: --index without its *]")
@click.option("--pipeline", default=DEFAULT_PIPELINE, show_default=True, help="what dropped pictures go through")
@click.option(
    "--max-upload-bytes", type=size, default=LARGEST_PICTURE_OPTION, show_default=True, help="larger files are refused"
)
@click.option("--read-only", is_flag=True, help="only show and search; nothing can be added")
def gallery(
    client: Elasticsearch,
    index: str,
    host: str,
    port: int,
    names: tuple[str, ...],
    upload_index: str | None,
    pipeline: str,
    max_upload_bytes: int,
    read_only: bool,
) -> None:
    """Run the page that shows and searches the stored pictures, until Ctrl-C.

    It has no login: who reaches it sees what the given user of Elasticsearch may see, and can add pictures.
    """
    target = upload_index or index.replace("*", "").strip("-_,")
    if not read_only and (not target or "," in target):
        raise click.UsageError("say with --upload-index where added pictures go, or give --read-only")
    settings = settings_for(
        str(next(iter(client.transport.node_pool.all())).base_url),
        host,
        index,
        names,
        upload_index=target,
        pipeline=pipeline,
        max_upload_bytes=max_upload_bytes,
        read_only=read_only,
    )
    server = make_gallery(client, settings, host, port)
    if host not in LOOPBACK:
        click.echo("note: the gallery has no login, and listens to other machines", err=True)
    shown = f"[{host}]" if ":" in host else host
    click.echo(f"gallery of {index} on http://{shown}:{server.port}, Ctrl-C stops it")
    serve(server)

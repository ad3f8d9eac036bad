"""`ingest-image index`: indexes files and folders of pictures."""

from __future__ import annotations

from pathlib import Path

import click
from elastic_transport import TransportError
from elasticsearch import ApiError, AuthorizationException, Elasticsearch, NotFoundError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pipelines.cluster.bulks import BulkStopped
from pipelines.cluster.called_pipelines import target_fields
from pipelines.cluster.client import elasticsearch_options, typed_options
from pipelines.cluster.index_pipelines import (
    pipelines_of,
    readable_pipelines,
    settings_by_index,
    settings_of_new_index,
)
from pipelines.cluster.nodes import HOSTS_SETTING, as_list, cluster_settings, set_in_cluster
from pipelines.cluster.units import bytes_of
from pipelines.install.streams import is_stream

from ..defaults import BULK_OPTION, LARGEST_PICTURE_OPTION
from ..files import find
from ..service import ask
from .bulk import IMAGE, IdKind, Sender
from .summary import as_json, left_out, lines
from .waiting import WaitingLines

# Seconds. The service may be in a network that only the nodes can reach.
_PATIENCE = 3.0
_HOSTS_TRIED = 2


def size(text: str) -> int:
    """Bytes of a size such as `4mb`, `500kb` or `1048576`; kb, mb and gb are powers of 1024, as in Elasticsearch."""
    try:
        count = bytes_of(text)
    except ValueError:
        count = 0
    if count < 1:
        raise click.BadParameter(f"{text!r} is not a size; valid are for example 4mb, 500kb or 1048576")
    return count


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(exists=True, path_type=Path))
@click.option("--index", "index_name", required=True, help="Index to write to.")
@elasticsearch_options
@click.option("--pipeline", help="Ingest pipeline. Default: the one of the index.")
@click.option(
    "--id",
    "id_kind",
    type=click.Choice(["path", "hash", "auto"]),
    default="path",
    show_default=True,
    help="What the _id is made of: the path (the same file replaces its document), the bytes (copies become one "
    "document), or nothing: a new one each time.",
)
@click.option(
    "--skip-existing", is_flag=True, help="Skip documents that already exist, to continue an interrupted run."
)
@click.option("--max-bulk-bytes", type=size, default=BULK_OPTION, show_default=True, help="Size of one bulk request.")
@click.option(
    "--concurrency", type=click.IntRange(1, 32), default=2, show_default=True, help="Bulk requests at the same time."
)
@click.option(
    "--max-file-bytes", type=size, default=LARGEST_PICTURE_OPTION, show_default=True, help="Larger files are not sent."
)
@click.option(
    "--service-url",
    metavar="URL",
    help="Address of the processor service as seen from here; it is asked which formats it reads. Default: the address "
    "that the nodes use.",
)
@click.option("--service-token", envvar="IMAGE_TOKEN", help="Token of the service; safer in the environment.")
@click.option(
    "--json", "print_json", is_flag=True, help="Print the summary as JSON, with all files that have an error."
)
def index(
    client: Elasticsearch,
    paths: tuple[Path, ...],
    index_name: str,
    pipeline: str | None,
    id_kind: IdKind,
    skip_existing: bool,
    max_bulk_bytes: int,
    concurrency: int,
    max_file_bytes: int,
    service_url: str | None,
    service_token: str | None,
    print_json: bool,
) -> None:
    """Index picture files, and the pictures in and below folders."""
    if "*" in index_name or "," in index_name:
        raise click.UsageError(f"{index_name} may be several: --index is the one to write to")
    if skip_existing and id_kind == "auto":
        raise click.UsageError("--skip-existing needs --id path or --id hash")
    targets = target_fields(require_pipeline(client, index_name, pipeline), readable_pipelines(client)) or [IMAGE]
    found = find(paths, readable_extensions(client, service_url, service_token))
    if not found.files:
        click.echo("\n".join(left_out(found)), err=True)
        raise click.ClickException("there is no picture to index")
    sender = Sender(
        client,
        index_name,
        pipeline=pipeline,
        id_kind=id_kind,
        max_bulk_bytes=max_bulk_bytes,
        max_file_bytes=max_file_bytes,
        concurrency=concurrency,
        skip_existing=skip_existing,
        stream=is_stream(client, index_name),
        targets=targets,
    )
    console = Console(stderr=True, soft_wrap=True)
    resume = "" if id_kind == "auto" else "; the same command with --skip-existing continues"
    columns = (TextColumn("indexing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
            task = progress.add_task("indexing", total=len(found.files))
            sender.tick = lambda: progress.advance(task)
            sender.tell = WaitingLines(console).tell
            sender.send(found.files)
    except BulkStopped as error:
        raise click.ClickException(f"{error}{resume}") from error
    except (KeyboardInterrupt, TransportError, ApiError):
        # Elasticsearch that is away, or refuses, is told by whoever made the client.
        click.echo(f"stopped{resume}", err=True)
        raise
    finally:
        if print_json:
            click.echo(as_json(sender.report, found))
        else:
            click.echo("\n".join(lines(sender.report, found, index_name, targets, typed_options())))
    if sender.report.failed:
        raise SystemExit(1)


def require_pipeline(client: Elasticsearch, index_name: str, pipeline: str | None) -> list[str]:
    """The pipelines that documents pass, as far as the user may know. Refuses what would store pictures unprocessed."""
    try:
        if pipeline:
            client.ingest.get_pipeline(id=pipeline, filter_path=["*.version"])
    except AuthorizationException:
        pass
    except NotFoundError as error:
        raise click.ClickException(f"there is no pipeline {pipeline}: ingest-image bootstrap installs some") from error
    try:
        try:
            indices = list(settings_by_index(client, index_name).values())
        except NotFoundError:
            indices = [settings_of_new_index(client, index_name)]
    except AuthorizationException:
        return [pipeline] if pipeline else []
    passed = [name for settings in indices for name in pipelines_of(settings, instead=pipeline)]
    if not passed:
        raise click.ClickException(
            f"the index {index_name} has no pipeline, so pictures would be stored unprocessed: give --pipeline images, "
            f"or run ingest-image bootstrap --index-pattern '{index_name}*' before the index is created"
        )
    return passed


def readable_extensions(client: Elasticsearch, url: str | None, token: str | None) -> frozenset[str] | None:
    """Extensions that the service says it reads; None when it cannot be reached from here."""
    for address in [url] if url else _hosts(client):
        limits = ask(address, token, _PATIENCE).limits or {}
        if isinstance(found := limits.get("extensions"), list):
            return frozenset(str(extension) for extension in found)
    return None


def _hosts(client: Elasticsearch) -> list[str]:
    """Addresses of the service that the nodes use; none if the user may not read the settings."""
    try:
        settings = cluster_settings(client)
    except ApiError:
        return []
    return as_list(set_in_cluster(settings, HOSTS_SETTING) or settings["defaults"].get(HOSTS_SETTING))[:_HOSTS_TRIED]

"""`ingest-image enrich`: adds to stored pictures what their pipelines let wait."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, suppress
from functools import partial

import click
from elasticsearch import AuthorizationException, Elasticsearch

from pipelines.cluster.bulks import BulkStopped
from pipelines.cluster.client import elasticsearch_options
from pipelines.install import kinds, streams
from pipelines.resources import Kind, bundled
from pipelines.wording import counted

from ..defaults import BULK_OPTION
from ..index_option import missing_index
from ..indexing.command import size
from ..reprocess.selection import Selection
from .backlog import Backlog
from .enricher import Enricher
from .follow import GivenUp, follow, stopped_by_signals, when_there
from .log import Log
from .marking import mark
from .metrics import metrics_on


@click.command()
@elasticsearch_options
@click.option(
    "--index",
    "patterns",
    multiple=True,
    metavar="PATTERN",
    help="Indices to follow, wildcards allowed; repeat for several. Default: those of the installed template. With "
    "--add or --stale: the INDEX.",
)
@click.argument("index", required=False)
@click.option(
    "--add",
    "names",
    metavar="NAMES",
    help="Properties, such as labels,text, that the pipeline of INDEX asks for and its older documents lack: marks "
    "these as pending, enriches what is pending in INDEX, and ends.",
)
@click.option(
    "--stale",
    is_flag=True,
    help="The same with properties that an older model, or an older version of one, made of what INDEX has.",
)
@click.option("--once", is_flag=True, help="End when nothing is pending any more.")
@click.option("--max-bulk-bytes", type=size, default=BULK_OPTION, show_default=True, help="Size of one request.")
@click.option(
    "--metrics-port", type=click.IntRange(0, 65535), help="Port for Prometheus; 0 takes a free one. Default: none."
)
@click.option("--metrics-host", default="127.0.0.1", show_default=True, help="Address on which it listens.")
@click.option("--json", "as_json", is_flag=True, help="Log JSON, one object a line.")
def enrich(
    client: Elasticsearch,
    patterns: tuple[str, ...],
    index: str | None,
    names: str | None,
    stale: bool,
    once: bool,
    max_bulk_bytes: int,
    metrics_port: int | None,
    metrics_host: str,
    as_json: bool,
) -> None:
    """Add to stored pictures what is pending, oldest first, until SIGINT or SIGTERM.

    Several may run: they share the work. What a newer write changes is left alone, and enriched in its turn.
    """
    if index is None and len(patterns) == 1 and (names is not None or stale):
        index, patterns = patterns[0], ()
    if (index is None) != (names is None and not stale) or (index and patterns):
        raise click.UsageError("INDEX is for --add and --stale; use --index to say which indices are followed")
    log, unmarked = Log(as_json), list[str]()
    if index:
        added = tuple(dict.fromkeys(name.strip() for name in (names or "").split(",") if name.strip()))
        unmarked = mark(client, index, Selection(added=added, outdated=stale), max_bulk_bytes, log)
        patterns, once = (index,), True
    enricher = Enricher(client, backlog_of(client, patterns, patterns), log, max_bulk_bytes)
    with stopped_by_signals() as stop, ExitStack() as metrics:
        facts = {}
        if metrics_port is not None:
            facts["metrics_port"] = metrics.enter_context(metrics_on(metrics_host, metrics_port, enricher))
        named = ", ".join(patterns) or "the indices of the installed templates"
        log("started", f"enriching {named}", indices=list(patterns), **facts)
        try:
            # One that is followed may come later.
            if once and (sentence := when_there(client, partial(missing_index, client, patterns), log, stop)):
                raise click.ClickException(sentence)
            follow(enricher, stop, once)
            if unmarked:
                raise GivenUp("some documents cannot be marked")
        except (BulkStopped, GivenUp) as error:
            raise click.ClickException("\n".join([f"not everything is enriched: {error}", *unmarked])) from error
        finally:
            total = enricher.total
            sentence = f"{counted(total.enriched, 'document')} enriched"
            if total.recorded:
                sentence += f"; {total.recorded} cannot be, which is recorded in them (reprocess --errors tries again)"
            log("ended", sentence, documents=total.enriched, recorded=total.recorded, changed=total.changed)


def backlog_of(client: Elasticsearch, patterns: Sequence[str], followed: Sequence[str]) -> Backlog:
    """What waits behind `followed`; without `patterns` also in data streams that are installed from now on."""
    return Backlog(client, followed, None if patterns else lambda: followed_patterns(client))


def followed_patterns(client: Elasticsearch) -> list[str]:
    """Indices of our templates: as they are installed, or if that cannot be known, as this program brings them."""
    template = next(resource for resource in bundled() if resource.kind is Kind.TEMPLATE)
    found = [template.body]
    with suppress(AuthorizationException):
        found = [kinds.read(client, template) or template.body]
        found += [one.body for one in streams.installed(client) if one.kind is Kind.TEMPLATE]
    return list(dict.fromkeys(pattern for body in found for pattern in body["index_patterns"]))

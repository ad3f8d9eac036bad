"""A cluster with two nodes for documents, two services and mixed requests, while services and nodes fail.

    python -m benchmarks.load [--seconds 60] [--pace 1] [--phase NAME ...]

Clients put, send bulks of 8, update, search and render at a set pace, and send again what was refused for now, at the
other node or service, as the official clients do. Each phase lasts at least `--seconds`. Times are those of a request
until it is accepted, with everything that was sent again, from 2.2-megapixel photographs. Afterwards each acknowledged
document is compared with what was acknowledged. The exit code is 1 if one is lost or a request was given up.

Everything is on one machine, the clients included: believe what happens and the ratios, not the milliseconds.
"""

from __future__ import annotations

import base64
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from functools import partial
from pathlib import Path

import click
from elasticsearch import Elasticsearch
from rich.console import Console
from rich.table import Table

from benchmarks.load_clients import INDEX, Clients
from benchmarks.load_cluster import Cluster
from benchmarks.photographs import photographs
from embedded_node import EmbeddedNode

PICTURES = 40


class Report:
    """A table of the times, and one of what services and processors did."""

    def __init__(self, cluster: Cluster, clients: Clients) -> None:
        self._cluster, self._clients = cluster, clients
        self.times = Table(title="milliseconds until a request was accepted")
        for column in ("phase", "request", "count", "p50", "p95", "p99", "longest", "sent again after"):
            self.times.add_column(column, justify="left" if column in ("phase", "request") else "right")
        self.work = Table(
            title="pictures, and processor time of one in milliseconds, without that of processes that ended"
        )
        for column in ("phase", "seconds", "a second", "service one", "service two", "services, ms", "nodes, ms"):
            self.work.add_column(column, justify="right" if column != "phase" else "left")

    def phase(self, name: str, meanwhile: Callable[[], None], seconds: float) -> None:
        """Do something while the clients go on."""
        self._clients.forget_times()
        start, pictures, spent = time.monotonic(), self._cluster.pictures(), self._cluster.processor_seconds()
        known = len(self._clients.acknowledged)
        meanwhile()
        time.sleep(max(0.0, seconds - (time.monotonic() - start)))
        took = time.monotonic() - start
        new = len(self._clients.acknowledged) - known
        after, later = self._cluster.pictures(), self._cluster.processor_seconds()
        # What was started again counts from 0.
        counts = [
            str(int(now - before)) if now >= before else f">= {int(now)}"
            for before, now in zip(pictures, after, strict=True)
        ]
        costs = [
            f"{1000 * (now - before) / max(1, new):.0f}" if now >= before else "-"
            for before, now in zip(spent, later, strict=True)
        ]
        self.work.add_row(name, f"{took:.0f}", f"{new / took:.1f}", *counts, *costs)
        for kind, times in sorted(self._clients.took.items()):
            # Of what was measured: none is longer than the longest.
            of_all = statistics.quantiles(times, n=100, method="inclusive") if len(times) > 1 else 99 * times
            cuts = [1000 * cut for cut in of_all]
            again = ", ".join(f"{why} x {count}" for why, count in sorted(self._clients.again[kind].items()))
            values = (f"{value:.0f}" for value in (cuts[49], cuts[94], cuts[98], 1000 * max(times)))
            self.times.add_row(name, kind, str(len(times)), *values, again)
        self.times.add_section()
        click.echo(f"{name}: {new} pictures in {took:.0f} s", err=True)


def lost(url: str, acknowledged: dict[str, str]) -> list[str]:
    """Ids of documents that are not as they were acknowledged, or whose picture was not processed."""
    wrong = []
    with Elasticsearch(url, request_timeout=120) as es:
        es.indices.refresh(index=INDEX)
        ids = list(acknowledged)
        for first in range(0, len(ids), 500):
            some = ids[first : first + 500]
            found = es.mget(
                index=INDEX, ids=some, source_includes=["title", "image.mark", "image.width", "image.error"]
            )
            for document in found["docs"]:
                source = document.get("_source", {})
                image = source.get("image", {})
                processed = image.get("mark") and image.get("width") and "error" not in image
                if source.get("title") != acknowledged[document["_id"]] or not processed:
                    wrong.append(document["_id"])
    return wrong


SLOW = "bulks, service two half as fast"
PHASES: dict[str, Callable[[Cluster], None]] = {
    "nothing fails": lambda cluster: None,
    "a service is killed": Cluster.kill_a_service,
    "services restarted in turn": Cluster.restart_services,
    "a node is stopped": Cluster.restart_a_node,
    "nodes restarted in turn": Cluster.restart_nodes,
}
# As fast as it goes: two hosts that are mostly idle take turns.
BULKS: dict[str, Callable[[Cluster], AbstractContextManager[None]]] = {
    "bulks only": lambda cluster: nullcontext(),
    SLOW: Cluster.a_slow_service,
}


def run(cluster: Cluster, clients: Clients, report: Report, wanted: Sequence[str], seconds: float, pace: float) -> None:
    """Do the phases that are wanted."""
    clients.start(
        [
            (clients.put, pace),
            (clients.put, pace),
            (clients.bulk, pace / 2),
            (clients.update, 4 * pace),
            (clients.search, 5 * pace),
            (clients.render, 3 * pace),
        ]
    )
    try:
        time.sleep(min(30.0, seconds))  # The JVMs compile.
        for name, happens in PHASES.items():
            if name in wanted:
                report.phase(name, partial(happens, cluster), seconds)
    finally:
        clients.stop()
    clients.start([(clients.bulk, 1000.0)] * 3)
    try:
        for name, meanwhile in BULKS.items():
            if name in wanted:
                with meanwhile(cluster):
                    time.sleep(5)
                    report.phase(name, lambda: None, seconds)
    finally:
        clients.stop()


@click.command()
@click.option("--seconds", default=60.0, show_default=True, help="Least length of a phase.")
@click.option(
    "--pace", default=1.0, show_default=True, help="Times 6 pictures, 4 updates, 5 searches and 3 renderings a second."
)
@click.option(
    "--phase", "wanted", type=click.Choice([*PHASES, *BULKS]), multiple=True, help="Only this one; repeat for several."
)
@click.option("--es-version", default=None, help="Elasticsearch version.")
def main(seconds: float, pace: float, wanted: tuple[str, ...], es_version: str | None) -> None:
    """Print both tables, and what was lost."""
    texts = [base64.b64encode(data).decode() for data in photographs(PICTURES)]
    version = EmbeddedNode(es_version=es_version).version
    with ExitStack() as stack:
        cluster = Cluster(version, Path(stack.enter_context(tempfile.TemporaryDirectory())), stack)
        clients = Clients(cluster, texts)
        report = Report(cluster, clients)
        try:
            run(cluster, clients, report, wanted or [*PHASES, *BULKS], seconds, pace)
        finally:
            # Also after Ctrl-C.
            for table in (report.times, report.work):
                Console(width=130).print(table)
        wrong = lost(cluster.master.url, clients.acknowledged)
    click.echo(
        f"Elasticsearch {version}: {len(clients.acknowledged)} documents were acknowledged, {len(wrong)} are lost or "
        f"otherwise than acknowledged; {len(clients.failed)} requests were given up."
    )
    for line in (*wrong[:5], *clients.failed[:5]):
        click.echo(line)
    if wrong or clients.failed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()

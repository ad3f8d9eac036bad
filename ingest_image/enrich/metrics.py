"""What Prometheus is told about an enricher, and about what waits for all of them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import click
from elastic_transport import TransportError
from elasticsearch import ApiError
from prometheus_client import CollectorRegistry, make_wsgi_app, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from .backlog import Measure
from .done import Done
from .enricher import Enricher

# Seconds. A request ends sooner, even if nobody answers it, and then another round begins.
_STUCK = 1800.0
# The rate is `rate(image_enriched_documents_total[5m])`.
_COUNTERS = {
    "enriched": "Documents that this enricher has enriched",
    "changed": "Documents that somebody wrote while they were enriched",
    "failed": "Attempts that failed and are made again",
    "recorded": "Documents with a picture to which nothing can be added, which is recorded in them",
}


def told(total: Done, backlog: Measure | None) -> Iterator[Metric]:
    """All metrics: of what this enricher did, and of what waits for all of them, if that is known."""
    for name, meaning in _COUNTERS.items():
        yield CounterMetricFamily(f"image_{name}_documents", meaning, value=getattr(total, name))
    if backlog:
        yield GaugeMetricFamily("image_backlog_documents", "Documents that wait to be enriched", backlog.documents)
        yield GaugeMetricFamily(
            "image_backlog_oldest_seconds", "For how long the oldest of them has waited", backlog.oldest
        )


class BacklogMetrics(Collector):
    """Asks Elasticsearch for the backlog when it is scraped. While that does not answer, those metrics are missing."""

    def __init__(self, enricher: Enricher) -> None:
        self._enricher = enricher

    def collect(self) -> Iterator[Metric]:
        """All metrics."""
        backlog = None
        with suppress(ApiError, TransportError):
            backlog = self._enricher.backlog.measure()
        yield from told(self._enricher.total, backlog)


def _with_health(app: WSGIApplication, enricher: Enricher) -> WSGIApplication:
    """The app with `/healthz`: 200, or 503 when the work has not gone on for long. It asks nobody."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/healthz":
            return app(environ, start_response)
        alive = time.monotonic() - enricher.began < _STUCK
        start_response("200 OK" if alive else "503 Service Unavailable", [("Content-Type", "text/plain")])
        return [b"ok" if alive else b"stuck"]

    return answer


@contextmanager
def metrics_on(host: str, port: int, enricher: Enricher) -> Iterator[int]:
    """Serve the metrics, and `/healthz`, while the context lasts; gives the port. Raises ClickException."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(BacklogMetrics(enricher))
    try:
        server, thread = start_http_server(port, addr=host, registry=registry)
        server.set_app(_with_health(make_wsgi_app(registry), enricher))
    except OSError as error:
        sentence = f"cannot listen on {host}:{port} ({error.strerror}): give another --metrics-port"
        raise click.ClickException(sentence) from error
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""Prometheus metrics. They live in the one web process, so they are right for any number of workers."""

from __future__ import annotations

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from ...workers.pools import Pools

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The service's metrics in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.pictures = Counter("image_pictures", "Pictures answered, by code", ["code"], registry=self.registry)
        self.seconds = Histogram(
            "image_picture_seconds", "Seconds from request to answer", buckets=_BUCKETS, registry=self.registry
        )
        self.steps = Counter("image_step_seconds", "Seconds spent in each step", ["step"], registry=self.registry)
        self.received = Counter("image_received_bytes", "Bytes of request bodies", registry=self.registry)
        self.stored = Counter("image_stored_bytes", "Bytes of pictures handed back", registry=self.registry)
        self.replaced = Counter(
            "image_workers_replaced", "Workers replaced, by reason", ["reason"], registry=self.registry
        )
        self.recognizers_replaced = Counter(
            "image_recognizers_replaced", "Recognizers replaced, by reason", ["reason"], registry=self.registry
        )
        self.recognized = Counter(
            "image_recognized_pictures", "Pictures answered by a recognizer", registry=self.registry
        )
        self.rendered = Counter(
            "image_rendered",
            "Pictures asked for on the fly, by result",
            ["result"],
            registry=self.registry,
        )
        self.pending = Gauge("image_pending_pictures", "Pictures being processed or waiting", registry=self.registry)
        self.recognizing = Gauge(
            "image_pending_recognitions", "Those of them that a recognizer does", registry=self.registry
        )

    def watch(self, pools: Pools) -> None:
        """Tell how many recipes with recognition are in work or waiting."""
        if recognizers := pools.recognizers:
            self.recognizing.set_function(lambda: recognizers.pending)

    def record(self, summary: dict[str, Any], seconds: float, received: int) -> None:
        """Count one answered request; `seconds` from request to answer, `received` bytes."""
        self.pictures.labels(summary["code"]).inc()
        self.seconds.observe(seconds)
        self.received.inc(received)
        self.recognized.inc(bool(summary.get("recognized")))
        self.stored.inc(summary.get("stored_bytes", 0))
        for step, spent in summary["seconds"].items():
            self.steps.labels(step).inc(spent)

    def render(self) -> tuple[bytes, str]:
        """The text exposition and its content type."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST

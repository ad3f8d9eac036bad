"""A span for each picture, for OpenTelemetry (docs/traces.md).

Off unless OpenTelemetry's own variables name a collector, and the extra `telemetry` is installed.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import structlog
from flask import request
from structlog.contextvars import bind_contextvars

from ...extras import installing
from ...workers.protocol import Job

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

log = structlog.get_logger("processor_service")
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
# Attributes of a span, by key of the summary. Nothing that was read from the picture is among them.
_TOLD = {"code": "image.code", "status": "http.response.status_code", "stored_bytes": "image.stored_bytes"}


class Spans:
    """Makes spans of what was answered."""

    def __init__(self, provider: TracerProvider) -> None:
        from opentelemetry.trace import SpanKind, StatusCode, format_trace_id
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._tracer = provider.get_tracer("ingest-image")
        self._parent = TraceContextTextMapPropagator().extract
        self._kind, self._error, self._text = SpanKind.SERVER, StatusCode.ERROR, format_trace_id

    def record(self, job: Job, summary: dict[str, Any], seconds: float, received: int) -> None:
        """A span that ends now and lasted this many seconds, within the client's trace or a new one.

        `received`: bytes. What is logged of the request from now on carries the trace's id.
        """
        end = time.time_ns()
        span = self._tracer.start_span(
            job.name.lower(),
            self._parent({name: request.headers.get(name, "") for name in ("traceparent", "tracestate")}),
            self._kind,
            {
                "image.received_bytes": received,
                **{name: summary[key] for key, name in _TOLD.items() if key in summary},
                **{f"image.seconds.{step}": spent for step, spent in summary["seconds"].items()},
            },
            start_time=end - int(seconds * 1e9),
        )
        if summary["status"] >= 500:
            span.set_status(self._error, summary["code"])
        span.end(end)
        bind_contextvars(trace_id=self._text(span.get_span_context().trace_id))


def open_spans(environment: Mapping[str, str]) -> Spans | None:
    """Spans that go to the collector that the variables name; None when they name none, or the extra is missing."""
    if not any(environment.get(name) for name in _ENDPOINTS):
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        log.warning(
            "no spans",
            reason=f"a collector is named, but the package {error.name} is missing: {installing('telemetry')}",
        )
        return None
    name = environment.get("OTEL_SERVICE_NAME") or "ingest-image"
    provider = TracerProvider(resource=Resource.create({"service.name": name}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Spans(provider)

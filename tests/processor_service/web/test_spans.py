"""Traces and spans of the service: what a collector is sent, and what it is never told."""

from __future__ import annotations

import gzip
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import flask
import pytest
import requests
import structlog
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Sent
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from processor_service.extras import installing
from processor_service.web.monitoring.spans import Spans, open_spans
from processor_service.web.monitoring.traces import follow_traces, trace_id
from processor_service.workers.protocol import Job
from tests.helpers.pictures import b64, picture
from tests.helpers.service import Service, authorization, running_service

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01"
# Once the collector has this it is overloaded.
FULL = b""
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (PARENT, TRACE),
        (f"cc-{TRACE}-{SPAN}-01-what-comes-later", TRACE),
        ("", None),
        (f"ff-{TRACE}-{SPAN}-01", None),
        (f"00-{'0' * 32}-{SPAN}-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (PARENT.upper(), None),
        (f"00-{TRACE}\n-{SPAN}-01", None),
    ],
)
def test_a_trace_is_read_as_w3c_has_it(header: str, found: str | None) -> None:
    assert trace_id(header) == found


def test_the_next_request_on_a_thread_is_not_of_the_trace_before() -> None:
    app = flask.Flask("x")
    follow_traces(app)
    app.get("/")(lambda: structlog.contextvars.get_contextvars())
    client = app.test_client()
    assert client.get("/", headers={"traceparent": PARENT}).get_json() == {"trace_id": TRACE}
    assert client.get("/").get_json() == {}


@pytest.fixture
def exported() -> Iterator[tuple[Spans, InMemorySpanExporter]]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield Spans(provider), exporter
    provider.shutdown()
    structlog.contextvars.clear_contextvars()


def test_a_span_lies_in_the_client_s_trace_and_has_the_seconds_of_each_step(
    exported: tuple[Spans, InMemorySpanExporter],
) -> None:
    spans, exporter = exported
    summary = {"status": 200, "code": "ok", "stored_bytes": 7, "seconds": {"decode": 0.5}, "format": "jpeg"}
    with flask.Flask("x").test_request_context(headers={"traceparent": PARENT}):
        spans.record(Job.PROCESS, summary, 2.0, 9)
    (span,) = exporter.get_finished_spans()
    assert (span.name, span.kind, span.status.status_code) == ("process", SpanKind.SERVER, StatusCode.UNSET)
    assert span.parent and f"{span.parent.trace_id:032x}-{span.parent.span_id:016x}" == f"{TRACE}-{SPAN}"
    assert span.end_time and span.start_time and span.end_time - span.start_time == 2_000_000_000
    assert abs(span.end_time - time.time_ns()) < 60e9
    assert dict(span.attributes or {}) == {
        "image.code": "ok",
        "http.response.status_code": 200,
        "image.received_bytes": 9,
        "image.stored_bytes": 7,
        "image.seconds.decode": 0.5,
    }
    assert structlog.contextvars.get_contextvars() == {"trace_id": TRACE}


def test_without_a_client_s_trace_a_span_begins_one_which_the_log_names(
    exported: tuple[Spans, InMemorySpanExporter],
) -> None:
    spans, exporter = exported
    with flask.Flask("x").test_request_context():
        spans.record(Job.EMBED, {"status": 503, "code": "no_worker", "seconds": {}}, 0.1, 9)
    (span,) = exporter.get_finished_spans()
    assert (span.name, span.parent, span.status.status_code) == ("embed", None, StatusCode.ERROR)
    assert span.status.description == "no_worker"
    assert structlog.contextvars.get_contextvars() == {"trace_id": f"{span.context.trace_id:032x}"}


def test_a_request_that_is_not_sampled_has_none(exported: tuple[Spans, InMemorySpanExporter]) -> None:
    spans, exporter = exported
    with flask.Flask("x").test_request_context(headers={"traceparent": f"00-{TRACE}-{SPAN}-00"}):
        spans.record(Job.PROCESS, {"status": 200, "code": "ok", "seconds": {}}, 0.1, 9)
    assert exporter.get_finished_spans() == ()
    assert structlog.contextvars.get_contextvars() == {"trace_id": TRACE}


def test_spans_are_off_unless_a_collector_is_named_and_the_extra_is_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert open_spans({"OTEL_SERVICE_NAME": "pictures"}) is None
    assert capsys.readouterr().out == ""
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)
    assert open_spans({ENDPOINT: "http://127.0.0.1:1"}) is None
    said = capsys.readouterr().out
    assert f"opentelemetry.sdk.resources is missing: {installing('telemetry')}" in said


@pytest.fixture(scope="module")
def collected() -> Iterator[tuple[str, list[bytes]]]:
    """The address of a collector, and what it was sent."""
    bodies: list[bytes] = []

    class Collect(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            full = FULL in bodies
            bodies.append(gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
            self.send_response(503 if full else 200 if self.path == "/v1/traces" else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Collect)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", bodies
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def traced(collected: tuple[str, list[bytes]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ENDPOINT, collected[0])
        patch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
        with running_service(tmp_path_factory.mktemp("traced") / "service.log", workers="1") as running:
            yield running


def spans_of(bodies: list[bytes], trace: str) -> list[Sent]:
    """Waits until one has arrived."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = [
            span
            for body in list(bodies)
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
            if span.trace_id.hex() == trace
        ]
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("the collector got no span")


def test_a_collector_gets_a_span_for_each_picture_and_nothing_of_the_picture(
    traced: Service, collected: tuple[str, list[bytes]]
) -> None:
    secret = picture("exif-orientation/Landscape_6.jpg")
    body = f'{{"data": "{b64(secret)}", "properties": ["metadata"], "position": 1}}'.encode()
    headers = {"Content-Type": "application/json", "Authorization": authorization(traced.url, body)}
    named = {"traceparent": PARENT, "X-Opaque-Id": "anna.jpg"}
    assert requests.post(f"{traced.url}/v1/process", body, headers=headers | named, timeout=60).ok
    (span,) = spans_of(collected[1], TRACE)
    assert (span.name, span.parent_span_id.hex()) == ("process", SPAN)
    told = {attribute.key: attribute.value for attribute in span.attributes}
    steps = {name for name in told if name.startswith("image.seconds.")}
    assert {"image.seconds.decode", "image.seconds.encode"} <= steps
    known = {"image.code", "http.response.status_code", "image.received_bytes", "image.stored_bytes"}
    assert told.keys() - steps == known
    assert {told[name].WhichOneof("value") for name in steps} == {"double_value"}
    assert not span.events and b"anna.jpg" not in b"".join(collected[1])
    (line,) = [line for line in traced.logged("anna.jpg") if line["event"] == "picture"]
    assert line["trace_id"] == TRACE


def test_a_collector_that_is_gone_holds_up_no_picture_and_no_stop(
    traced: Service, collected: tuple[str, list[bytes]]
) -> None:
    url, bodies = collected
    # From now on it answers as one that is overloaded: spans are kept and tried again.
    bodies.append(FULL)
    body = b'{"data": "AAAA"}'
    headers = {"Authorization": authorization(traced.url, body), "traceparent": PARENT}
    began = time.monotonic()
    assert requests.post(f"{traced.url}/v1/process", body, headers=headers, timeout=60).status_code == 422
    traced.stop()
    assert time.monotonic() - began < 20, "a container has 35 s, and pictures may need 20 of them"
    assert bodies[-1] != FULL, f"{url} was asked"

"""What `ingest-image index` says while it waits."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from ingest_image.indexing.waiting import WaitingLines

DOWN = "[service_unavailable] http://10.0.0.7:8080: connection refused after {} tries, {} s (request id {}) "
SERVICE, NODE = "the processor service", "Elasticsearch"


def test_a_reason_is_told_once_and_then_in_short() -> None:
    said = StringIO()
    waiting = WaitingLines(Console(file=said, soft_wrap=True), silence=0)
    first, second = DOWN.format(3, 1.5, "1f0a"), DOWN.format(4, 21, "b77e2")
    full = "[queue_full] more pictures wait than 64"
    for whom, why in ((SERVICE, first), (SERVICE, second), (NODE, full), (SERVICE, first), (NODE, full)):
        waiting.tell(whom, why)
    assert said.getvalue().splitlines() == [
        f"waiting for {SERVICE}: {first}",
        f"waiting for {SERVICE}, as before",
        f"waiting for {NODE}: {full}",
        f"waiting for {SERVICE}, as before",
        f"waiting for {NODE}, as before",
    ]


def test_not_every_pause_is_told() -> None:
    said = StringIO()
    waiting = WaitingLines(Console(file=said, soft_wrap=True), silence=3600)
    for whom in (SERVICE, SERVICE, NODE):
        waiting.tell(whom, "it is busy")
    assert said.getvalue() == f"waiting for {SERVICE}: it is busy\n"

"""Limits that have to fit each other: those of the node, and those of the service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipelines.cluster.units import bytes_of, seconds_of, shown_bytes
from pipelines.wording import counted

from .finding import Finding, error, ok, warn
from .installation import Installation

# base64 makes four characters of three bytes.
_BASE64 = 4 / 3
_LARGEST = "ingest.image.max_image_bytes"
_TIMEOUT = "ingest.image.timeout"


def sizes(installation: Installation) -> Iterator[Finding]:
    """A picture that a node accepts fits into a request, into an answer, and into what the service accepts.

    As base64, `ingest.image.max_image_bytes` fits into `http.max_content_length` and `ingest.image.max_response_bytes`.
    It is at most `IMAGE_MAX_IMAGE_BYTES`, and all nodes have the same.
    """
    for node in installation.nodes:
        largest = installation.setting(_LARGEST, node)
        if largest is None:
            continue
        limit, request = bytes_of(largest), installation.setting("http.max_content_length", node)
        if limit * _BASE64 > bytes_of(request):
            yield warn(
                f"{node['name']}: {_LARGEST} is {largest}, which is {shown_bytes(limit * _BASE64)} as base64, larger "
                f"than a request may be (http.max_content_length: {request})",
                f"lower {_LARGEST}, or raise http.max_content_length",
            )
        answer = installation.setting("ingest.image.max_response_bytes", node)
        if limit * _BASE64 > bytes_of(answer):
            yield warn(
                f"{node['name']}: an answer of the service may be {answer} long, and a picture of {largest} is "
                "longer as base64",
                "raise ingest.image.max_response_bytes",
            )
        accepted = _of_service(installation, "max_image_bytes")
        if accepted is not None and limit > accepted:
            yield warn(
                f"{node['name']} sends pictures up to {largest}, the service accepts {shown_bytes(accepted)}",
                f"give {_LARGEST} and IMAGE_MAX_IMAGE_BYTES the same value",
            )
    values = {str(installation.said(_LARGEST, node) or "the default") for node in installation.nodes}
    if len(values) > 1:
        yield warn(
            f"the nodes have different {_LARGEST}: {', '.join(sorted(values))}",
            "set it once for all, with PUT _cluster/settings",
        )


def timeouts(installation: Installation) -> Iterator[Finding]:
    """A node waits longer for a picture than the service works on it; otherwise slow pictures are sent again forever.

    `ingest.image.timeout` is longer than `ingest.image.connect_timeout`, and than the service works on a picture by the
    clock: 2.5 x `IMAGE_PICTURE_TIMEOUT`. Three times that setting is advised.
    """
    for node in installation.nodes:
        timeout = installation.setting(_TIMEOUT, node)
        if timeout is None:
            continue
        picture, longest = (_of_service(installation, name) for name in ("picture_timeout", "most_seconds_per_picture"))
        if picture is not None and seconds_of(timeout) <= picture:
            yield error(
                f"{node['name']} gives up after {timeout}, the service only after {picture:g}s: a slow picture is "
                "answered 503 and sent again forever, instead of being recorded as picture_timeout",
                f"make {_TIMEOUT} {3 * picture:g}s, which is three times IMAGE_PICTURE_TIMEOUT, or longer",
            )
        elif picture is not None and longest is not None and seconds_of(timeout) <= longest:
            yield warn(
                f"{node['name']} gives up after {timeout}, but on a busy machine the service may work on a picture for "
                f"{longest:g}s before it says that the picture is not at fault",
                f"make {_TIMEOUT} {3 * picture:g}s, which is three times IMAGE_PICTURE_TIMEOUT, or longer",
            )
        connect = installation.setting("ingest.image.connect_timeout", node)
        if seconds_of(timeout) <= seconds_of(connect):
            yield warn(
                f"{node['name']}: {_TIMEOUT} ({timeout}) is not longer than ingest.image.connect_timeout ({connect}), "
                "so a host that is down leaves no time for another one",
                f"make {_TIMEOUT} longer",
            )


def in_flight(installation: Installation) -> Iterator[Finding]:
    """All nodes together send no more pictures at a time than the services accept.

    `ingest.image.max_in_flight` of all nodes is at most services x (`IMAGE_WORKERS` + `IMAGE_QUEUE_SIZE`).
    """
    workers, queue = _of_service(installation, "workers"), _of_service(installation, "queue_size")
    if workers is None or queue is None:
        return
    name = "ingest.image.max_in_flight"
    sent = sum(int(installation.setting(name, node) or 0) for node in installation.nodes)
    hosts = installation.setting("ingest.image.hosts")
    services = len(hosts) if isinstance(hosts, list) else 1
    room = services * (workers + queue)
    each = " each" if services > 1 else ""
    where = f"{counted(services, 'service')} with {counted(workers, 'worker')} and a queue of {queue}{each}"
    take = "take" if services > 1 else "takes"
    if sent > room:
        yield warn(
            f"the nodes send up to {sent} pictures at a time ({name}), but {where} {take} {room}: under load items are "
            "answered 429",
            f"lower {name}, or raise IMAGE_WORKERS and IMAGE_QUEUE_SIZE",
        )
    else:
        yield ok(f"the nodes send up to {sent} pictures at a time, {where} {take} {room}")


def rejections(installation: Installation) -> Iterator[Finding]:
    """No writes were refused with 429 since the nodes started."""
    answer = installation.client.nodes.stats(
        metric="indexing_pressure,thread_pool",
        filter_path=["nodes.*.name", "nodes.*.indexing_pressure.memory.total", "nodes.*.thread_pool.write.rejected"],
    ).body
    for node in answer.get("nodes", {}).values():
        total = node.get("indexing_pressure", {}).get("memory", {}).get("total", {})
        pressure = sum(count for key, count in total.items() if key.endswith("_rejections"))
        writes = node.get("thread_pool", {}).get("write", {}).get("rejected", 0)
        if pressure or writes:
            yield warn(
                f"{node['name']} refused {pressure + writes} writes with 429 since it started (memory: {pressure}, "
                f"threads: {writes})",
                "send smaller bulks (a few MB) and fewer at a time, or give the node more heap",
            )


def _of_service(installation: Installation, name: str) -> Any:
    limits = installation.service.limits if installation.service else None
    return limits.get(name) if limits else None

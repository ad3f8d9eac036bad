"""A bulk of 300 with slow pictures first: every good one is to be stored on the first or second try.

    .venv/bin/python -m tests.load.slow_pictures [--alone] [--picture-seconds 20] [--timeout 60s] [--radius 100]
        [12 30 90]

A node and a service with two workers. A slow picture takes some seconds of a core, up to the service's whole time for
one (`--picture-seconds`); the node waits as long as `--timeout` says. Each has operations of its own, so that none is
known by another; a larger `--radius` makes them slower. Prints what came of each bulk. With `--alone` a bulk has nothing
but slow ones, and is not sent again: a good picture right after it is to be stored.
"""

from __future__ import annotations

import io
import json
import sys
import time
from collections import Counter
from typing import Any

import requests
from PIL import Image

from tests.helpers.nodes import bootstrap
from tests.helpers.pictures import b64
from tests.load.real_parts import node_and_service, options

DOCUMENTS = 300


def jpeg(width: int, height: int, shade: int) -> str:
    buffer = io.BytesIO()
    gradient = Image.linear_gradient("L").resize((width, height)).point(lambda value: (value + shade) % 256)
    gradient.convert("RGB").save(buffer, "JPEG", quality=60)
    return b64(buffer.getvalue())


def documents(slow: int, radius: int) -> dict[str, dict[str, Any]]:
    """By id; the slow ones come first, each with 60 blurs of at least that radius."""
    large = jpeg(6000, 4000, 0)
    result: dict[str, dict[str, Any]] = {}
    for i in range(slow):
        operations = [{"blur": {"radius": radius + i}}] * 60
        result[f"slow-{i}"] = {"image": {"data": large, "operations": operations}}
    for i in range(DOCUMENTS - slow):
        result[f"good-{i}"] = {"image": {"data": jpeg(80, 60, i)}}
    return result


def bulk(url: str, index: str, of: dict[str, dict[str, Any]]) -> dict[str, int]:
    """The status of each id."""
    lines = "".join(
        json.dumps({"index": {"_index": index, "_id": id_}}) + "\n" + json.dumps(document) + "\n"
        for id_, document in of.items()
    )
    answer = requests.post(
        f"{url}/_bulk", data=lines, headers={"Content-Type": "application/x-ndjson"}, timeout=1200
    ).json()
    return {item["index"]["_id"]: item["index"]["status"] for item in answer["items"]}


def good(statuses: dict[str, int]) -> Counter[int]:
    return Counter(status for id_, status in statuses.items() if id_.startswith("good"))


def attempt(url: str, slow: int, radius: int) -> bool:
    """One bulk, and what failed of it once more. Whether every good one is stored."""
    index, of = f"images-slow-{slow}", documents(slow, radius)
    for number in (1, 2):
        start = time.monotonic()
        statuses = bulk(url, index, of)
        seconds = time.monotonic() - start
        others = Counter(status for id_, status in statuses.items() if id_.startswith("slow"))
        print(
            f"{slow} slow of {DOCUMENTS}, try {number}: good {dict(good(statuses))}, slow {dict(others)}, {seconds:.0f} s"
        )
        sys.stdout.flush()
        of = {id_: document for id_, document in of.items() if statuses[id_] in (429, 503)}
        if not any(id_.startswith("good") for id_ in of):
            return True
    return False


def only_slow(url: str, slow: int, radius: int) -> bool:
    """One bulk of slow pictures, then a good one. Whether that is stored on the first try."""
    of = documents(slow, radius)
    start = time.monotonic()
    statuses = bulk(url, "images-only-slow", {id_: document for id_, document in of.items() if id_.startswith("slow")})
    between = time.monotonic()
    (status,) = bulk(url, "images-only-slow", {"good": {"image": {"data": jpeg(80, 60, 1)}}}).values()
    seconds = (between - start, time.monotonic() - between)
    print(
        f"{slow} slow ones alone: {dict(Counter(statuses.values()))}, {seconds[0]:.0f} s; a good one: {status}", end=""
    )
    print(f", {seconds[1]:.1f} s", flush=True)
    return status == 201


def main() -> int:
    parser = options(__doc__)
    parser.add_argument("slow", type=int, nargs="*", default=[12, 30, 90])
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("--picture-seconds", default="20")
    parser.add_argument("--timeout", default="60s")
    parser.add_argument("--radius", type=int, default=100)
    given = parser.parse_args()
    settings = {"ingest.image.timeout": given.timeout}
    parts = node_and_service(given.es_version, "1g", settings, picture_timeout=given.picture_seconds)
    with parts as (node, service):
        bootstrap("--url", node.url, "--service-url", service.url)
        stored = [(only_slow if given.alone else attempt)(node.url, slow, given.radius) for slow in given.slow]
    return 0 if all(stored) else 1


if __name__ == "__main__":
    sys.exit(main())

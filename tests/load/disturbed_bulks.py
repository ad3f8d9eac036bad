"""Bulks that something disturbs all the time: what was acknowledged is there, the rest can be sent again, nothing is held.

    .venv/bin/python -m tests.load.disturbed_bulks [settings pipelines clients services token node] [--es-version 9.5.3]

`settings`: the node's settings change every few milliseconds, to extreme and to wrong values. `pipelines`: the pipeline
is put, changed and deleted. `clients`: others hang up before the end of their bulk, and while theirs is processed.
`services`: two services are restarted in turn, by SIGTERM and by kill. `token`: it is rotated as docs/security.md says,
again and again. `node`: the node gets SIGTERM in the middle of a bulk, and is started again.
Real parts on loopback. Ends with status 1 when something was not as it should be; each part takes a minute or two.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from elasticsearch import Elasticsearch

from tests.load.disturbances import JOBS, PIPELINE, Disturb, Parts, lines
from tests.load.node_memory import breaker

DOCUMENTS = 60


def bulk(parts: Parts, index: str, ids: list[int]) -> dict[int, str]:
    """The status of each item with its code; of all of them, when the request itself had none."""
    body = lines(index, ids)
    parts.up.wait()
    try:
        answer = requests.post(
            f"{parts.url}/_bulk?pipeline={PIPELINE}",
            data=body,
            headers={"Content-Type": "application/x-ndjson"},
            timeout=150,
        )
    except requests.RequestException:
        return dict.fromkeys(ids, "no answer")
    if not answer.ok:
        return dict.fromkeys(ids, f"{answer.status_code} {answer.json()['error']['reason'][:60]}")
    return {int(item["index"]["_id"]): outcome(item["index"]) for item in answer.json()["items"]}


def outcome(item: dict[str, Any]) -> str:
    reason = (item.get("error") or {}).get("reason", "")
    return f"{item['status']} {reason.partition(']')[0].lstrip('[')[:60]}".strip()


def works_until_stored(parts: Parts, index: str, disturb: Disturb, rounds: int, expected: set[str]) -> bool:
    """Bulks beside the disturbance, `rounds` of them; then without it until all is stored. Whether all is well."""
    over, good = threading.Event(), True
    disturbing = threading.Thread(target=disturb, args=(parts, over))
    left, acknowledged, seen = list(range(DOCUMENTS)), set[int](), Counter[str]()
    began = time.monotonic()
    disturbing.start()
    for number in itertools.count():
        if number == rounds:
            over.set()
            disturbing.join()
        # Also what is there already, so that there is work in each round.
        ids = left if number >= rounds else list(range(DOCUMENTS))
        outcomes = bulk(parts, index, ids)
        seen.update(outcomes.values())
        acknowledged |= {id for id, status in outcomes.items() if status in ("200", "201")}
        left = [id for id in range(DOCUMENTS) if id not in acknowledged]
        if number >= rounds and not left:
            break
        if number > rounds + 10:
            print("  NOT stored:", left)
            good = False
            break
    print(f"  {dict(seen)} in {time.monotonic() - began:.0f} s; disturbed: {dict(parts.seen)}")
    parts.seen.clear()
    strange = {status for status in seen if status not in {"200", "201"} | expected}
    parts.es.indices.refresh(index=index)
    hits = parts.es.search(index=index, size=1000, source_includes=["image.width", "image.mark"])["hits"]["hits"]
    stored = {int(hit["_id"]): hit["_source"]["image"] for hit in hits}
    missing = acknowledged - set(stored)
    half = [id for id, image in stored.items() if not (image.get("mark") and image.get("width") == 300)]
    held = nothing_held(parts.es)
    for what, wrong in (("status", strange), ("missing", missing), ("half done", half), ("held", held)):
        if wrong:
            print(f"  WRONG: {what}: {wrong}")
    return good and not (strange or missing or half or held)


def nothing_held(es: Elasticsearch, seconds: float = 70) -> int:
    """What the node's account still holds after at most that time, in bytes."""
    deadline = time.monotonic() + seconds
    while (held := int(breaker(es)["estimated_size_in_bytes"])) and time.monotonic() < deadline:
        time.sleep(0.2)
    return held


@contextmanager
def parts(version: str) -> Iterator[Parts]:
    with tempfile.TemporaryDirectory() as folder:
        # The node's own user has to get to it.
        Path(folder).chmod(0o755)
        running = Parts(Path(folder), version)
        try:
            running.start()
            yield running
        finally:
            running.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("jobs", nargs="*", choices=[[], *JOBS], default=[])
    parser.add_argument("--es-version", default="9.5.3")
    given = parser.parse_args()
    good = True
    with parts(given.es_version) as running:
        for job in given.jobs or JOBS:
            print(f"{job}:", flush=True)
            disturb, rounds, expected = JOBS[job]
            held = works_until_stored(running, f"images-{job}", disturb, rounds, expected)
            good &= held
            print("  held" if held else "  did NOT hold", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

"""Accidents of a node: what comes of bulks meanwhile, and afterwards.

    .venv/bin/python -m tests.load.node_accidents [frozen files] [--es-version 9.5.3]

`frozen`: of two services one is frozen (SIGSTOP, all its processes); three bulks of 20, each of which would wait half a
minute for it if nobody remembered. `files`: the node may open no more files (`prlimit`), 8 bulks of 20; then it may again,
and Elasticsearch is told to try its red index again. The heap is 512 MB.
Ends with status 1 when something is not as docs/reliability.md says, or the account of results is not at 0 afterwards.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
from elasticsearch import Elasticsearch

from embedded_node import EmbeddedNode
from tests.end_to_end.faults.test_faults import PHOTO, bulk
from tests.helpers.nodes import set_hosts
from tests.helpers.processes import with_pid
from tests.helpers.service import Service, running_service
from tests.load.disturbed_bulks import nothing_held, outcome
from tests.load.real_parts import node_and_service, options

RECIPE = {"image": {"operations": [{"resize": {"width": 300}}], "properties": []}}
# Without anything remembered, each bulk waits for half of a call's time.
FORGOTTEN = 30.0
BULKS = 8
Verdict = tuple[str, bool]


def stored(node: EmbeddedNode, index: str, documents: int = 20) -> Counter[str]:
    try:
        return Counter(map(outcome, bulk(node.url, index, "plain", documents, PHOTO)))
    except (requests.RequestException, KeyError) as error:
        return Counter({f"whole bulk: {type(error).__name__}": documents})


def frozen(node: EmbeddedNode, service: Service) -> Verdict:
    es = Elasticsearch(node.url, request_timeout=120)
    with tempfile.TemporaryDirectory() as folder, running_service(Path(folder, "log"), workers="1") as other:
        pids = [other.process.pid, *other.descendants()]
        for pid in pids:
            with_pid(pid, signal.SIGSTOP)
        try:
            set_hosts(es, other.url, service.url)
            seen, seconds = Counter[str](), []
            for number in range(3):
                began = time.monotonic()
                seen += stored(node, f"frozen-{number}")
                seconds.append(time.monotonic() - began)
        finally:
            for pid in pids:
                with_pid(pid, signal.SIGCONT)
            set_hosts(es, service.url)
    said = ", ".join(f"{one:.1f}" for one in seconds)
    return f"{dict(seen)}; the bulks took {said} s", seen == {"201": 60} and max(seconds) < FORGOTTEN


def may_open(pid: int, number: int) -> None:
    """From now on. The node has a user of its own when this runs as root, and only that one may say so."""
    of, command = Path(f"/proc/{pid}").stat(), ["prlimit", "--pid", str(pid), f"--nofile={number}:"]
    if of.st_uid == os.getuid():
        subprocess.run(command, check=True)
    else:
        subprocess.run(command, check=True, user=of.st_uid, group=of.st_gid, extra_groups=[])


def files(node: EmbeddedNode, service: Service) -> Verdict:
    es = Elasticsearch(node.url, request_timeout=120)
    before = stored(node, "files")
    (usual,) = re.findall(r"^Max open files +(\d+)", Path(f"/proc/{node.pid}/limits").read_text(), re.MULTILINE)
    # Enough for the connections, so that there is an answer.
    may_open(node.pid, len(list(Path(f"/proc/{node.pid}/fd").iterdir())) + BULKS)
    try:
        with ThreadPoolExecutor(BULKS) as threads:
            meanwhile = sum(threads.map(lambda _: stored(node, "files"), range(BULKS)), Counter[str]())
    finally:
        may_open(node.pid, int(usual))
    health = es.cluster.health()["status"]
    es.cluster.reroute(retry_failed=True)
    health_after = es.cluster.health(wait_for_status="yellow", timeout="60s")["status"]
    after = sum((stored(node, "files") for _ in range(BULKS)), Counter[str]())
    good = before == {"201": 20} and set(after) <= {"200", "201"} and health_after != "red" and node.poll() is None
    said = f"meanwhile {dict(meanwhile)}; health {health}, told to try again {health_after}; then {dict(after)}"
    return said, good


JOBS: dict[str, Callable[[EmbeddedNode, Service], Verdict]] = {"frozen": frozen, "files": files}


def main() -> int:
    parser = options(__doc__)
    parser.add_argument("jobs", nargs="*", choices=[[], *JOBS], default=[])
    given, all_good = parser.parse_args(), True
    with node_and_service(given.es_version, "512m") as (node, service):
        es = Elasticsearch(node.url, request_timeout=120)
        es.ingest.put_pipeline(id="plain", processors=[RECIPE])
        for job in given.jobs or JOBS:
            said, good = JOBS[job](node, service)
            held = nothing_held(es)
            all_good &= good and not held
            verdict = "held" if good and not held else f"did NOT hold; in the account: {held}"
            print(f"{job}: {said}; {verdict}", flush=True)
    return 0 if all_good else 1


if __name__ == "__main__":
    sys.exit(main())

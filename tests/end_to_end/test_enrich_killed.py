"""Enrichers as processes: ended by a signal, and killed."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from elasticsearch import Elasticsearch

from ingest_image.enrich.claims import Claims
from ingest_image.enrich.follow import follow
from tests.helpers.enrichers import enricher, index_with_later, let_wait, waiting
from tests.helpers.nodes import source
from tests.helpers.processes import wait_until, with_pid
from tests.helpers.service import Service, calls

# Starting Python costs seconds: one process forks an enricher for each line, says which, and reaps it.
FORKING = """
import os, sys, threading
from elasticsearch import Elasticsearch
from ingest_image.enrich.backlog import Backlog
from ingest_image.enrich.enricher import Enricher
from ingest_image.enrich.follow import follow
from ingest_image.enrich.log import Log
url, index = sys.argv[1:]
for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        with Elasticsearch(url, request_timeout=120) as client:
            follow(Enricher(client, Backlog(client, [index]), Log()), threading.Event(), once=line.strip() == "once")
        os._exit(0)
    print(pid, flush=True)
    print(os.waitpid(pid, 0)[1], flush=True)
"""


@pytest.fixture(autouse=True)
def later(es: Elasticsearch, index: str) -> Iterator[None]:
    with index_with_later(es, index):
        yield


def test_killed_at_ten_moments_nothing_is_lost_or_doubled(
    es: Elasticsearch, es_url: str, index: str, service: Service
) -> None:
    chance = random.Random(17)
    ids = [f"{number}" for number in range(80)]
    let_wait(es, index, *ids)
    before = {id: source(es, index, id)["image"] for id in ids}
    made = calls(service)
    command = [sys.executable, "-c", FORKING, es_url, index]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as forking:
        assert forking.stdin and forking.stdout
        for moment in range(10):
            print("follow", file=forking.stdin, flush=True)
            pid = int(forking.stdout.readline())
            # The first round begins after some hundredths of a second, and takes about as long.
            time.sleep(chance.uniform(0, 0.3))
            with_pid(pid, signal.SIGKILL)
            assert int(forking.stdout.readline()) == signal.SIGKILL
            # Something to be killed at.
            let_wait(es, index, f"more {moment}")
        print("once", file=forking.stdin, flush=True)
        forking.stdout.readline()
        assert int(forking.stdout.readline()) == 0
        forking.stdin.close()
    assert waiting(es, index) == []
    hits = es.search(index=index, size=1000, version=True)["hits"]["hits"]
    assert len(hits) == 90
    for hit in hits:
        image = hit["_source"]["image"]
        assert image["embedder"] == "builtin-v1" and not {"pending", "error", "enrich"} & image.keys()
        # Written when it was stored, and when it was enriched.
        assert hit["_version"] == 2
        if known := before.get(hit["_id"]):
            assert (image["data"], image["mark"]) == (known["data"], known["mark"])
    # At most a round's documents were in work twice when an enricher was killed just before it was heard of.
    assert calls(service) - made <= 90 + 10 + 10 * 8


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_exit_code_0(es: Elasticsearch, es_url: str, index: str, number: int) -> None:
    let_wait(es, index, "1")
    command = [sys.executable, "-m", "ingest_image", "enrich", "--url", es_url, "--index", index, "--json"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr
        lines = [json.loads(running.stderr.readline()) for _ in range(2)]
        running.send_signal(number)
        lines += [json.loads(line) for line in running.stderr]
    assert running.returncode == 0
    assert [line["event"] for line in lines] == ["started", "enriched", "ended"]
    assert (lines[2]["documents"], lines[2]["recorded"]) == (1, 0)
    assert waiting(es, index) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_it_while_a_request_is_under_way_and_nothing_is_lost(
    es: Elasticsearch, es_url: str, index: str, own_service: Service, number: int
) -> None:
    let_wait(es, index, "1")
    stopped = [own_service.process.pid, *own_service.descendants()]
    command = [sys.executable, "-m", "ingest_image", "enrich", "--url", es_url, "--index", index]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        try:
            for pid in stopped:
                with_pid(pid, signal.SIGSTOP)
            wait_until(lambda: not Claims(es).is_empty)
            running.send_signal(number)
            # It would have ended by now if it did not wait for the request.
            time.sleep(1)
            assert running.poll() is None

            def ended() -> bool:
                running.send_signal(number)
                return running.poll() is not None

            wait_until(ended)
            # Before the request did.
            assert not Claims(es).is_empty
        finally:
            for pid in stopped:
                with_pid(pid, signal.SIGCONT)
            running.kill()
    # A further one may come when it has ended but for the interpreter: to a shell both are the same.
    assert running.returncode in (128 + number, -number)
    # The node goes on with it.
    wait_until(lambda: Claims(es).is_empty)
    follow(enricher(es, index), threading.Event(), once=True)
    assert waiting(es, index) == []
    assert source(es, index)["image"]["embedder"] == "builtin-v1"

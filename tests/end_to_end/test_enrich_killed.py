"""Enrichers as processes: ended by a signal, and killed."""

from __future__ import annotations

import json
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

# Starting Python costs seconds: one process forks an enricher for each line, says which, and reaps it. The line names the
# moment at which the enricher kills itself: before a request, when it was sent, or after its answer, the how-manieth of
# its kind.
FORKING = """
import os, signal, sys, threading
from elastic_transport import Transport
from elasticsearch import Elasticsearch
from urllib3.connection import HTTPConnection
from ingest_image.enrich import enricher
from ingest_image.enrich.backlog import Backlog
from ingest_image.enrich.enricher import Enricher
from ingest_image.enrich.follow import follow
from ingest_image.enrich.log import Log
url, index = sys.argv[1:]
perform, answer = Transport.perform_request, HTTPConnection.getresponse
seen, now = {}, ""
def die(moment):
    if f"{moment} {now}" == wanted:
        os.kill(os.getpid(), signal.SIGKILL)
def performed(self, method, target, **more):
    global now
    kind = target.partition("?")[0].split("/")
    kind = next((part for part in kind if part.startswith("_")), "/")
    seen[kind] = seen.get(kind, 0) + 1
    now = f"{kind} {seen[kind]}"
    die("before")
    done = perform(self, method, target, **more)
    die("after")
    return done
def answered(self):
    die("sent")
    return answer(self)
Transport.perform_request, HTTPConnection.getresponse = performed, answered
for line in sys.stdin:
    wanted = line.strip()
    pid = os.fork()
    if pid == 0:
        with Elasticsearch(url, request_timeout=120) as client:
            working = Enricher(client, Backlog(client, [index]), Log())
            # Enough is left for each moment.
            working._size, enricher._MOST = 4, 4
            follow(working, threading.Event(), once=True)
        os._exit(0)
    print(pid, flush=True)
    print(os.waitpid(pid, 0)[1], flush=True)
"""
# In the order of a round: it looks up the indices, finds documents, sees what others do, reads, sends, and looks at what
# was made of them. The second ones are of the next round, but for the look.
MOMENTS = (
    *("before _settings 1", "after _ingest 1", "sent _search 1", "after _search 1", "before _mget 1", "after _mget 1"),
    *("after _tasks 2", "before _bulk 1", "sent _bulk 1", "after _bulk 1", "before _mget 2", "sent _mget 2"),
    *("before _bulk 2", "sent _bulk 2", "after _bulk 2"),
)


@pytest.fixture(autouse=True)
def later(es: Elasticsearch, index: str) -> Iterator[None]:
    with index_with_later(es, index):
        yield


def test_killed_at_each_moment_of_a_round_nothing_is_lost_or_doubled(
    es: Elasticsearch, es_url: str, index: str, service: Service
) -> None:
    ids = [f"{number}" for number in range(60)]
    let_wait(es, index, *ids)
    before = {id: source(es, index, id)["image"] for id in ids}
    made = calls(service)
    command = [sys.executable, "-c", FORKING, es_url, index]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as forking:
        assert forking.stdin and forking.stdout
        for moment in (*MOMENTS, "never"):
            print(moment, file=forking.stdin, flush=True)
            forking.stdout.readline()
            ended = int(forking.stdout.readline())
            assert ended == (0 if moment == "never" else signal.SIGKILL), moment
        forking.stdin.close()
    assert waiting(es, index) == []
    hits = es.search(index=index, size=1000, version=True)["hits"]["hits"]
    assert {hit["_id"] for hit in hits} == {*ids}
    for hit in hits:
        image, known = hit["_source"]["image"], before[hit["_id"]]
        assert image["embedder"] == "builtin-v1" and not {"pending", "error", "enrich"} & image.keys()
        assert (image["data"], image["mark"]) == (known["data"], known["mark"])
        # Written when it was stored, and when it was enriched.
        assert hit["_version"] == 2
    # What the node still has in work when an enricher is killed is left to it by the next one.
    assert calls(service) - made <= len(ids) * 1.1


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

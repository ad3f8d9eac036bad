"""The clients of `benchmarks.load`: each does one kind of request, at a set pace, and remembers what was acknowledged."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import requests

from benchmarks.load_cluster import Cluster
from tests.helpers.service import TOKEN

INDEX = "images"
BULK = 8
# Seconds. On a busy machine a node needs minutes to start.
PATIENCE = 300
# Answers after which clients send the same request again, to the next node or service.
AGAIN = (429, 502, 503, 504)
JSON = {"Content-Type": "application/json"}


class Clients:
    """Threads that put, update, search and render until `stop`."""

    def __init__(self, cluster: Cluster, texts: list[str]) -> None:
        self._cluster, self._texts = cluster, itertools.cycle(texts)
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        # By id: the title that was acknowledged last, and those that are under way.
        self.acknowledged: dict[str, str] = {}
        self.took: dict[str, list[float]] = defaultdict(list)
        self.again: dict[str, Counter[str]] = defaultdict(Counter)
        self.failed: list[str] = []

    def start(self, pace: Iterable[tuple[Callable[[Any], Any], float]]) -> None:
        """A thread for each of these, which does it so often a second at most."""
        self._over.clear()
        self._threads = [threading.Thread(target=self._repeat, args=(do, rate)) for do, rate in pace]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """When what is under way has ended."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def forget_times(self) -> None:
        self.took, self.again = defaultdict(list), defaultdict(Counter)

    def _repeat(self, do: Callable[[Any], Any], rate: float) -> None:
        with requests.Session() as session:
            due = time.monotonic()
            while not self._over.is_set():
                try:
                    do(session)
                except Exception as error:
                    self.failed.append(repr(error))
                # Who is late does not catch up: no burst follows an outage.
                due = max(due + 1 / rate, time.monotonic())
                self._over.wait(due - time.monotonic())

    def _new(self) -> tuple[str, dict[str, Any]]:
        with self._lock:
            return f"picture-{next(self._numbers)}", {"title": "first", "image": {"data": next(self._texts)}}

    def put(self, session: requests.Session) -> None:
        id_, document = self._new()
        self._send("PUT", session, "put", f"/{INDEX}/_doc/{id_}", json.dumps(document))
        self.acknowledged[id_] = "first"

    def bulk(self, session: requests.Session) -> None:
        """Items that were refused for now are sent again, as the official clients do."""
        left = dict(self._new() for _ in range(BULK))
        start, deadline = time.perf_counter(), time.monotonic() + PATIENCE
        while left:
            lines = [f'{{"index": {{"_id": "{id_}"}}}}\n{json.dumps(document)}\n' for id_, document in left.items()]
            answer = self._send("POST", session, "", f"/{INDEX}/_bulk", "".join(lines))
            for item in (one["index"] for one in answer["items"]):
                if item["status"] < 300:
                    self.acknowledged[item["_id"]] = left.pop(item["_id"])["title"]
                elif item["status"] in AGAIN and time.monotonic() < deadline:
                    self.again["bulk"][str(item["status"])] += 1
                else:
                    raise AssertionError(item)
            time.sleep(0.5 if left else 0)
        self.took["bulk"].append(time.perf_counter() - start)

    def update(self, session: requests.Session) -> None:
        """Give a picture that is there another title."""
        known = list(self.acknowledged)
        if not known:
            return
        id_, title = known[-min(len(known), 40)], f"changed {time.time_ns()}"
        self._send("POST", session, "update", f"/{INDEX}/_update/{id_}", json.dumps({"doc": {"title": title}}))
        self.acknowledged[id_] = title

    def search(self, session: requests.Session) -> None:
        query = {"query": {"match": {"title": "first"}}, "aggs": {"colors": {"terms": {"field": "image.orientation"}}}}
        query |= {"size": 20, "_source": {"excludes": ["image.data"]}}
        self._send("POST", session, "search", f"/{INDEX}/_search?ignore_unavailable=true", json.dumps(query))

    def render(self, session: requests.Session) -> None:
        known = list(self.acknowledged)
        if known:
            id_ = known[time.time_ns() % len(known)]
            self._send("GET", session, "render", f"/v1/images/{INDEX}/{id_}?w=300&h=200&fit=cover", None)

    def _send(self, method: str, session: requests.Session, kind: str, path: str, body: str | None) -> Any:
        """Its answer when it was accepted; until then again, at the other place.

        Raises:
            AssertionError: it was refused for good, or for too long.
        """
        places = [service.url for service in self._cluster.services] if kind == "render" else self._cluster.urls
        counted = kind or "bulk"
        start, deadline = time.perf_counter(), time.monotonic() + PATIENCE
        turn = next(self._numbers)
        while True:
            turn += 1
            try:
                headers = {"Authorization": f"Bearer {TOKEN}"} if kind == "render" else JSON
                answer = session.request(
                    method, places[turn % 2] + path, data=body and body.encode(), headers=headers, timeout=(5, 120)
                )
            except requests.RequestException as error:
                status, said = "no answer", repr(error)
            else:
                if answer.ok:
                    if kind:
                        self.took[kind].append(time.perf_counter() - start)
                    return answer.json() if kind != "render" else None
                status, said = str(answer.status_code), answer.text[:300]
                assert answer.status_code in AGAIN, said
            assert time.monotonic() < deadline, said
            self.again[counted][status] += 1
            time.sleep(0.2)

"""The only host answers each document of a bulk with megabytes that are no result: the node lives, and says 503.

    .venv/bin/python -m tests.load.strange_host [--megabytes 40] [--documents 32] [--heap 1g] [--es-version 9.5.3]

Each answer is a 200 with one long text. Prints the items' errors, the most results that the node's account held, and
what the heap has afterwards. Ends with status 1 when the node ended, an item got anything but 503 or 429, a document was
stored, the account is not at 0 afterwards, or a real service stores nothing then.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter

from elasticsearch import Elasticsearch

from tests.end_to_end.faults.programs import program
from tests.end_to_end.faults.test_faults import PHOTO, bulk
from tests.helpers.nodes import set_hosts
from tests.load.disturbed_bulks import nothing_held, outcome
from tests.load.node_memory import breaker
from tests.load.real_parts import node_and_service, options

RECIPE = {"image": {"operations": [{"resize": {"width": 300}}], "properties": []}}


class Account(threading.Thread):
    """Watches the node's account; `most` in bytes."""

    def __init__(self, es: Elasticsearch) -> None:
        super().__init__(daemon=True)
        self.es, self.most, self.over = es, 0, threading.Event()
        self.start()

    def run(self) -> None:
        while not self.over.wait(0.2):
            self.most = max(self.most, int(breaker(self.es)["estimated_size_in_bytes"]))


def main() -> int:
    parser = options(__doc__, heap="1g")
    parser.add_argument("--megabytes", type=int, default=40)
    parser.add_argument("--documents", type=int, default=32)
    given = parser.parse_args()
    answer = '{"fields": {"data": "' + "A" * (given.megabytes * 1_000_000) + '"}}'
    timeout = {"ingest.image.timeout": "20s"}
    with (
        program(lambda *_: (200, answer)) as strange,
        node_and_service(given.es_version, given.heap, timeout, workers="1") as (node, service),
    ):
        es = Elasticsearch(node.url, request_timeout=60)
        es.ingest.put_pipeline(id="plain", processors=[RECIPE])
        set_hosts(es, strange)
        account, start = Account(es), time.monotonic()
        seen = Counter(map(outcome, bulk(node.url, "images", "plain", given.documents, PHOTO)))
        seconds = time.monotonic() - start
        account.over.set()
        held, state = nothing_held(es), node.poll()
        set_hosts(es, service.url)
        after = Counter(map(outcome, bulk(node.url, "images", "plain", 5, PHOTO)))
        heap = breaker(es)["heap"] // 1_000_000
    print(f"{given.documents} answers of {given.megabytes} MB, heap {given.heap}: {dict(seen)} in {seconds:.0f} s")
    print(
        f"account: {account.most // 1_000_000} MB at most, {held} afterwards; heap {heap} MB; with a service: {dict(after)}"
    )
    refused = all(one.startswith(("503 ", "429 ")) for one in seen)
    return 0 if refused and state is None and not held and after == {"201": 5} else 1


if __name__ == "__main__":
    sys.exit(main())

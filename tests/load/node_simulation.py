"""One `_simulate` of 30 documents whose results are many times larger than the request, against a node with a small heap.

    .venv/bin/python -m tests.load.node_simulation [--verbose] [--processors 10] [--width 4600] [--heap 512m]

The documents are those of `tests.load.node_memory enlarged`, or enlarged to another width. With `--verbose` the answer
shows each once for every processor of the pipeline. Ends with status 1 when the node ended, a document had no answer, or the account is not at 0.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from typing import Any

import requests
from elasticsearch import Elasticsearch

from tests.load.node_memory import breaker, enlarged
from tests.load.real_parts import node_and_service, options


def outcome(document: dict[str, Any]) -> str:
    """What came of one document: the code of its error, or that it was processed."""
    last = document["processor_results"][-1] if "processor_results" in document else document
    return last["error"]["reason"].partition("]")[0].lstrip("[") if "error" in last else "processed"


def main() -> int:
    parser = options(__doc__, heap="512m")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--processors", type=int, default=10)
    parser.add_argument("--width", type=int, default=4600)
    parser.add_argument("--documents", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    absent = {"image": {"properties": [], "field": "none", "ignore_missing": True}}
    processors: list[dict[str, Any]] = [{"image": {"properties": [], "document_operations": ["resize", "convert"]}}]
    processors += [absent] * (given.processors - 1)
    operations = [{"resize": {"width": given.width, "enlarge": True}}, {"convert": {"format": "png"}}]
    image = {"data": enlarged()["data"], "operations": operations}
    body = {"pipeline": {"processors": processors}, "docs": [{"_source": {"image": image}}] * given.documents}
    good = True
    # Time enough on a busy machine: what is looked at is memory.
    with node_and_service(given.es_version, given.heap, {"ingest.image.timeout": "300s"}) as (node, _):
        es = Elasticsearch(node.url, request_timeout=60)
        for _ in range(given.rounds):
            began = time.monotonic()
            try:
                verbose = "?verbose=true" if given.verbose else ""
                answer = requests.post(f"{node.url}/_ingest/pipeline/_simulate{verbose}", json=body, timeout=500)
            except requests.RequestException as error:
                print(type(error).__name__, f"the node: {node.poll()}; its log ends:\n{node.log_tail(25)}")
                return 1
            size = len(answer.content) >> 20
            outcomes = Counter(outcome(document) for document in answer.json().get("docs", []))
            print(f"{answer.status_code}: {dict(outcomes)}, {size} MB in {time.monotonic() - began:.0f} s")
            good &= answer.status_code == 200 and outcomes.total() == given.documents
        print("account and heap:", breaker(es))
        return 0 if good and breaker(es)["estimated_size_in_bytes"] == 0 else 1


if __name__ == "__main__":
    sys.exit(main())

"""What costly words cost a real node, asked as they are and by way of the search command.

.venv/bin/python -m tests.load.costly_questions [documents]

It starts a node of its own with 20,000 documents of random words, asks each question once, with 60 s of patience, and
prints a table of seconds. docs/reliability.md has one.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from elastic_transport import ConnectionTimeout
from elasticsearch import ApiError, Elasticsearch, helpers

from embedded_node import EmbeddedNode, find_plugin_zip
from embedded_node.versions import versions
from ingest_image.search import Engine, Question, UserError
from ingest_image.search.requests.queries import WORD_FIELDS
from processor_service.wire.fields import mapping

LETTERS = "abcdefghijklmnop"
QUESTIONS = {
    "a word": "lake",
    "900 *": "*" * 900,
    "64 words between *": " ".join(f"*{a}{b}*" for a in LETTERS[:8] for b in LETTERS[:8]),
    "*a and 14 ?": "*a" + "?" * 14,
    "the same with 6 ?, allowed": "*a" + "?" * 6,
    "a regular expression": "/((((a{0,30}){0,30}){0,30}){0,30})/",
    "100 fuzzy words": "abcdef~2 " * 100,
    "4 long fuzzy words, allowed": "abcdefghijklmnopqrstuvwxyz~2 " * 4,
    "8 ranges, allowed": "[a TO z] " * 8,
    "500 parentheses, one in another": "(" * 500 + "a" + ")" * 500,
    "200 words": "abcd " * 200,
    "200 times *:a": "*:a " * 200,
    "a phrase of 192 words, slop 1000": '"' + " ".join(f"{a}{b}" for a in LETTERS for b in LETTERS[:12]) + '"~1000',
    "a boost of 10^9": "lake^1000000000",
}


def documents(count: int) -> Iterator[dict[str, Any]]:
    """Documents with the fields in which words are looked for."""
    chance = random.Random(1)
    words = ["".join(chance.choices(LETTERS, k=chance.randint(4, 12))) for _ in range(30_000)]
    for number in range(count):
        metadata = {"caption": " ".join(chance.sample(words, 20)), "keywords": chance.sample(words, 5)}
        image = {"format": "jpeg", "metadata": {"camera": chance.choice(words), **metadata}}
        title = " ".join(chance.sample(words, 8))
        yield {"_index": "photos", "_id": str(number), "title": title, "file_name": f"{title}.jpg", "image": image}


def seconds(ask: Callable[[], Any]) -> str:
    """How long it took, or how it ended."""
    start = time.monotonic()
    try:
        ask()
    except UserError:
        return "refused"
    except ConnectionTimeout:
        return "> 60"
    except ApiError as error:
        return f"{error.status_code} after {time.monotonic() - start:.2f}"
    return f"{time.monotonic() - start:.2f}"


def main() -> None:
    """Print the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    version = versions()[0].number
    with EmbeddedNode(es_version=version, plugin_zip=find_plugin_zip(version), heap="512m", quick_start=True) as node:
        client = Elasticsearch(node.url, request_timeout=60, max_retries=0)
        properties = {"title": {"type": "text"}, "file_name": {"type": "text"}, "image": mapping()}
        client.indices.create(index="photos", mappings={"properties": properties})
        helpers.bulk(client, documents(count), chunk_size=2000, refresh=True)
        engine = Engine(client, "photos")
        engine.search(Question("warm"))
        print(f"{'question':32}{'as it is':>16}{'our search':>16}")
        for name, words in sorted(QUESTIONS.items(), key=lambda pair: pair[0] == "a regular expression"):
            query = {"query_string": {"query": words, "fields": list(WORD_FIELDS), "lenient": True}}
            bare = seconds(lambda query=query: client.search(index="photos", query=query, timeout="10s"))  # type: ignore[misc]
            ours = seconds(lambda words=words: engine.search(Question(words)))  # type: ignore[misc]
            print(f"{name:32}{bare:>16}{ours:>16}", flush=True)


if __name__ == "__main__":
    main()

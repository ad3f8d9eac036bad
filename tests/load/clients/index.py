"""python index.py ADDRESS FOLDER default|careful: every picture of a folder, by `helpers.bulk` of elasticsearch-py."""

from __future__ import annotations

import base64
import sys
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch, helpers

ADDRESS, FOLDER, HOW = sys.argv[1:]
CAREFUL: dict[str, Any] = {
    "raise_on_error": False,
    "max_retries": 10,
    "retry_on_status": (429, 503),
    "max_chunk_bytes": 4_000_000,
}
actions = (
    {"_index": f"python-{HOW}", "_id": path.name, "image": {"data": base64.b64encode(path.read_bytes()).decode()}}
    for path in Path(FOLDER).iterdir()
)
stored, failed = helpers.bulk(
    Elasticsearch(ADDRESS, request_timeout=120), actions, **(CAREFUL if HOW == "careful" else {})
)
print(failed if isinstance(failed, int) else len(failed))

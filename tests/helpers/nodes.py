"""What tests do with nodes of their own."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from elasticsearch import Elasticsearch

HEAP = "512m"


def set_hosts(es: Elasticsearch, *urls: str) -> None:
    es.cluster.put_settings(persistent={"ingest.image.hosts": list(urls)})


def bootstrap(*arguments: str) -> str:
    """Run the command as users do; returns what it prints."""
    command = [sys.executable, "-m", "ingest_image", "bootstrap", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def source(es: Elasticsearch, index: str, id: str = "1") -> dict[str, Any]:
    """A document as it is stored."""
    return dict(es.get(index=index, id=id)["_source"])

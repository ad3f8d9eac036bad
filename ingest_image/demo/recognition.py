"""Has the demo's pictures recognized."""

from __future__ import annotations

from pathlib import Path

import click
import requests

from processor_service.embedders.lite0 import Lite0

from ..search.hits import hit_of

PIPELINE = "images-recognized"


def use_recognition(url: str, stored: Path) -> None:
    """Let the index have the pipeline that recognizes, so that plain requests go through it."""
    pipeline = {"index.default_pipeline": PIPELINE}
    if requests.head(f"{url}/images", timeout=30).ok:
        vectors = {"size": 1, "query": {"exists": {"field": "image.embedder"}}, "_source": ["image.embedder"]}
        found = requests.post(f"{url}/images/_search", json=vectors, timeout=30).json()["hits"]["hits"]
        if any(hit_of(hit).first.embedder != Lite0.label for hit in found):
            raise click.ClickException(
                f"an earlier demo has stored pictures with vectors of another embedder: remove {stored} to store them "
                "again, or name another folder with --data"
            )
        answer = requests.put(f"{url}/images/_settings", json=pipeline, timeout=30)
    else:
        answer = requests.put(f"{url}/images", json={"settings": pipeline}, timeout=30)
    answer.raise_for_status()

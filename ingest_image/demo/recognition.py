"""Whether the demo's pictures of an earlier time can be compared with those of now."""

from __future__ import annotations

from pathlib import Path

import click
import requests

from processor_service.embedders.lite0 import Lite0

from ..search.found.hits import hit_of


def check_embedder(url: str, stored: Path) -> None:
    """Raise ClickException if an earlier demo has stored vectors of another embedder than that of recognition."""
    if not requests.head(f"{url}/images", timeout=30).ok:
        return
    vectors = {"size": 1, "query": {"exists": {"field": "image.embedder"}}, "_source": ["image.embedder"]}
    found = requests.post(f"{url}/images/_search", json=vectors, timeout=30).json()["hits"]["hits"]
    if any(hit_of(hit).first.embedder != Lite0.label for hit in found):
        raise click.ClickException(
            f"an earlier demo has stored pictures with vectors of another embedder: remove {stored} to store them "
            "again, or name another folder with --data"
        )

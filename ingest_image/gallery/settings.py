"""What a gallery is told at its start."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GallerySettings:
    """`hosts` are the host names under which it may be asked; empty: under any."""

    index: str = "images*"
    upload_index: str = "images"
    pipeline: str = "images"
    read_only: bool = False
    max_upload_bytes: int = 20 << 20
    hosts: frozenset[str] = frozenset()
    page_size: int = 48
    # Where Elasticsearch is, for sentences about it.
    elasticsearch_url: str = ""

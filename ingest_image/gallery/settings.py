"""What a gallery is told at its start."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.resources import DEFAULT_PIPELINE

from ..defaults import LARGEST_PICTURE


@dataclass(frozen=True)
class GallerySettings:
    """`hosts` are the host names under which it may be asked; empty: under any."""

    index: str = "images*"
    upload_index: str = "images"
    pipeline: str = DEFAULT_PIPELINE
    read_only: bool = False
    max_upload_bytes: int = LARGEST_PICTURE
    hosts: frozenset[str] = frozenset()
    page_size: int = 48
    # Where Elasticsearch is, for sentences about it.
    elasticsearch_url: str = ""

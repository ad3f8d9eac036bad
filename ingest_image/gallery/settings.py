"""The settings of a gallery."""

from __future__ import annotations

from dataclasses import dataclass, field

from pipelines.resources import DEFAULT_PIPELINE

from ..defaults import LARGEST_PICTURE


@dataclass(frozen=True)
class GallerySettings:
    """Settings of a gallery; `hosts` are the host names to which it answers, empty for any."""

    index: str = "images*"
    upload_index: str = "images"
    pipeline: str = DEFAULT_PIPELINE
    read_only: bool = False
    # Whether each request has to bring a user of Elasticsearch, as whom it is answered.
    login: bool = False
    max_upload_bytes: int = LARGEST_PICTURE
    hosts: frozenset[str] = frozenset()
    page_size: int = 48
    # Address of Elasticsearch, for error messages.
    elasticsearch_url: str = ""
    # Address of the tiles of a map, with {z}, {x} and {y}, and whom they are by; without, an outline is drawn.
    tiles: str = ""
    tiles_credit: str = ""
    # The processor service, which gives the pictures that are in the store; empty: thumbnails are shown instead.
    service_url: str = ""
    service_token: str = field(default="", repr=False)

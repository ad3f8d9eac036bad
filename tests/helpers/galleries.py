"""A running gallery."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from elasticsearch import Elasticsearch

from ingest_image.gallery.launch import make_gallery, settings_for
from ingest_image.gallery.server import Server
from ingest_image.gallery.settings import GallerySettings

HOST = "127.0.0.1"


def gallery_settings(index: str = "images*", **more: Any) -> GallerySettings:
    """Of a gallery that only this machine reaches; `more` as in `settings_for`."""
    return settings_for("", HOST, index, **more)


@contextmanager
def running_gallery(client: Elasticsearch, settings: GallerySettings) -> Iterator[Server]:
    server = make_gallery(client, settings, HOST, 0)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()

"""A running gallery."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from elasticsearch import Elasticsearch
from flask.testing import FlaskClient

from ingest_image.gallery.app import create_app
from ingest_image.gallery.launch import make_gallery, settings_for
from ingest_image.gallery.serving.server import GalleryServer
from ingest_image.gallery.settings import GallerySettings
from pipelines.cluster.client import connect

HOST = "127.0.0.1"


def gallery_settings(index: str = "images*", **more: Any) -> GallerySettings:
    """Of a gallery that only this machine reaches; `more` as in `settings_for`."""
    return settings_for("", HOST, index, **more)


@contextmanager
def running_gallery(client: Elasticsearch, settings: GallerySettings) -> Iterator[GalleryServer]:
    server = make_gallery(client, settings, HOST, 0)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()


@contextmanager
def page_of(es_url: str, indices: str) -> Iterator[FlaskClient]:
    """A browser without a server: what fails is answered 500, as in production."""
    with connect(es_url) as client:
        app = create_app(client, GallerySettings(index=indices))
        app.config["PROPAGATE_EXCEPTIONS"] = False
        yield app.test_client()

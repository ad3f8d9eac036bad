"""What the routes share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from elasticsearch import Elasticsearch
from flask import abort, current_app, request

from pipelines.search import Engine

from .samples import Samples
from .settings import GallerySettings


@dataclass(frozen=True)
class Context:
    """The client, the settings, and the pictures that were dropped to search by."""

    client: Elasticsearch
    settings: GallerySettings
    samples: Samples

    def engine(self) -> Engine:
        """A new one for each request, as mappings change."""
        return Engine(self.client, self.settings.index)

    def allowed_engine(self, index: str) -> Engine:
        """An engine, when `index` is one of those that this gallery shows; else 404."""
        engine = self.engine()
        if index not in engine.schema.indices:
            abort(404)
        return engine


def context() -> Context:
    """The context of the app that answers."""
    return cast(Context, current_app.extensions["gallery"])


def asked_id() -> str:
    """The document's id. It is an argument, as an id may have any character, `/` and `..` too, that changes a path."""
    return request.args.get("id") or abort(404)

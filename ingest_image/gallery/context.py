"""What all routes of the gallery share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import cast

from elasticsearch import Elasticsearch
from flask import abort, current_app, request

from ..search import Engine
from .dropped import DroppedPictures
from .looking import Looking
from .serving.login import as_user
from .settings import GallerySettings

_LARGE = 3
_PATIENCE = 30
# Each of them occupies a thread of the server as long as its client reads.
_ZIPS = 3


@dataclass(frozen=True)
class Context:
    """The client, the settings, and the pictures that were dropped to search by."""

    own_client: Elasticsearch
    settings: GallerySettings
    dropped: DroppedPictures
    looking: Looking
    # While a stored picture is read from a document, several copies are in memory: base64, text, bytes.
    _large: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(_LARGE))
    _zips: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(_ZIPS))

    @property
    def client(self) -> Elasticsearch:
        """The client, as the user of the request if there is a login."""
        return as_user(self.own_client) if self.settings.login else self.own_client

    def begin_zip(self) -> Callable[[], None]:
        """Take one of the few places for zips; returns what gives it back. 503 when there is none."""
        if not self._zips.acquire(blocking=False):
            abort(503, "The gallery makes other zips; try again when they are done.")
        return self._zips.release

    def engine(self) -> Engine:
        """A new engine for each request, as mappings change."""
        return Engine(self.client, self.settings.index)

    def for_later(self) -> Context:
        """The same for what is done while the answer is sent: as the user of the request, which is over then."""
        return replace(self, own_client=self.client, settings=replace(self.settings, login=False))

    @contextmanager
    def one_of_few(self) -> Iterator[None]:
        """Wait until only a few other requests hold a stored picture; 503 when that takes too long."""
        if not self._large.acquire(timeout=_PATIENCE):
            abort(503, "The gallery is busy with other pictures; try again.")
        try:
            yield
        finally:
            self._large.release()

    def allowed_engine(self, index: str) -> Engine:
        """An engine if this gallery shows the index; otherwise 404."""
        engine = self.engine()
        if index not in engine.schema.indices:
            abort(404)
        return engine


def context() -> Context:
    """The context of the current app."""
    return cast(Context, current_app.extensions["gallery"])


def writable_context() -> Context:
    """The context of the current app; 403 if its gallery only shows pictures."""
    here = context()
    if here.settings.read_only:
        abort(403, "This gallery only shows pictures.")
    return here


def document_id() -> str:
    """The id of the document. It is an argument because an id may contain `/` and `..`, which would change a path."""
    return request.args.get("id") or abort(404)

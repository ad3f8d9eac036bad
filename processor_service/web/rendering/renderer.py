"""Turns a stored picture and operations into a rendered picture: from the cache, or by a worker."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import PIL
import pybase64

from ...errors import Code, ImageError
from ...settings import Settings
from ...workers.pools import Pools
from ...workers.protocol import Job
from ...workers.worker import Answer
from ..answering import hung_up
from .address import RenderRequest
from .cache import DiskCache

if TYPE_CHECKING:
    from .stored import Said, StoredDocuments

# Another version may render differently.
_RENDERER = f"{version('ingest-image')} {PIL.__version__}"


@dataclass(frozen=True)
class Rendered:
    """A picture to send. `sha256`: of the stored picture that it was made from; `etag`: of this rendering."""

    data: bytes
    format: str
    sha256: str
    etag: str
    cached: bool


class Refused(Exception):
    """A worker refused the picture; `answer` has the status and the JSON."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.summary["code"])
        self.answer = answer


class Renderer:
    """Finds, renders and keeps pictures."""

    def __init__(self, settings: Settings, pool: Pools, stored: StoredDocuments) -> None:
        self._stored, self._pool = stored, pool
        self._cache = DiskCache(Path(settings.cache_dir), settings.cache_bytes) if settings.cache_dir else None
        # Half of the workers: however many people look at pictures, documents are still stored.
        self._turns = threading.BoundedSemaphore(max(1, settings.workers // 2))

    def cached(self, sha256: str, tag: str, holds: Callable[[int], None]) -> Rendered | None:
        """A rendering from the cache; `holds` is told how many bytes it takes, and may raise ImageError."""
        if not self._cache or not tag or (entry := self._cache.get(tag)) is None:
            return None
        holds(len(entry))
        name, _, data = entry.partition(b"\n")
        return Rendered(data, name.decode(), sha256, tag, cached=True)

    def render(
        self, index: str, id: str, wanted: RenderRequest, said: Said, tag: str, holds: Callable[[int], None]
    ) -> Rendered:
        """Render when it is our turn; `holds` as above. Raises ImageError, or Refused with the worker's answer."""
        # The document is fetched only then: a request that waits holds no picture in memory.
        with self._turns:
            # The request before may have wanted for the same.
            return self.cached(said.sha256, tag, holds) or self._render(index, id, wanted, said, holds)

    def _render(self, index: str, id: str, wanted: RenderRequest, said: Said, holds: Callable[[int], None]) -> Rendered:
        stored = self._stored
        data = stored.kept(said.key, holds) if said.key else stored.picture(index, id, wanted, holds)
        # The cache key comes from the bytes, not from what a document says about them.
        sha256 = hashlib.sha256(data).hexdigest()
        # Encoded again: a document's text may be a data URL with anything in its head.
        body = orjson.dumps(
            {"data": pybase64.b64encode(data).decode("ascii"), "operations": wanted.operations, "properties": []}
        )
        del data
        holds(len(body))
        answer = self._pool.run(body, Job.RENDER, gone=hung_up())
        if answer.summary["status"] != 200:
            raise Refused(answer)
        tag, name = etag(index, sha256, wanted.operations), answer.summary["format"]
        if self._cache:
            self._cache.put(tag, name.encode() + b"\n" + answer.body)
        return Rendered(answer.body, name, sha256, tag, cached=False)


def etag(index: str, sha256: str, operations: list[Any]) -> str:
    """The name of a rendering. The index is part of it, so that nobody gets what was rendered from another index."""
    try:
        text = orjson.dumps([_RENDERER, index, sha256, operations], option=orjson.OPT_SORT_KEYS)
    except TypeError as error:
        raise ImageError(Code.INVALID_REQUEST, "operations cannot be written as JSON") from error
    return hashlib.sha256(text).hexdigest()[:40]

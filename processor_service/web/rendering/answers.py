"""The answers to requests for stored pictures: shown as they are, rendered, from the cache, or not modified."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import Response, request

from ...formats.registry import mime_type
from ...settings import Settings
from ..monitoring.request_ids import log_causes
from .address import RenderRequest, check_place, parse
from .conditions import check_match, make_conditional
from .kept import KeptPictures
from .renderer import Refused, Renderer, etag

if TYPE_CHECKING:
    # It needs the client of Elasticsearch, which only services that render load.
    from .stored import StoredDocuments

# Seconds.
YEAR = 31_536_000
# Behind a document's id, another form of `original=1`.
_ORIGINAL = "/original"


class Answers:
    """Answers the request that Flask has at hand."""

    def __init__(self, settings: Settings, stored: StoredDocuments, renderer: Renderer, kept: KeptPictures) -> None:
        self._settings, self._stored = settings, stored
        self._renderer, self._kept = renderer, kept

    def answer(self, index: str, id: str, left: int, holds: Callable[[int], None]) -> tuple[Response, str]:
        """The picture, and how it was made, for the metrics; `left`: seconds for which the address is valid.

        `holds` is told how many bytes the picture takes by now; it may raise ImageError `busy`. Raises ImageError.
        """
        arguments = list(request.args.items(multi=True))
        if self._settings.render_originals and id.endswith(_ORIGINAL):
            id, arguments = id.removesuffix(_ORIGINAL), [*arguments, ("original", "1")]
        check_place(index, id, self._settings.render_indices)
        wanted = parse(arguments, request.accept_mimetypes)
        try:
            response, how, sha256 = self._found(index, id, wanted, left, holds)
        except Refused as refused:
            return _refusal(refused)
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = _cache_control(self._settings, wanted.version, sha256, left)
        if wanted.negotiated:
            response.headers["Vary"] = "Accept"
        if response.status_code == 200:
            make_conditional(response)
        return response, how

    def _found(
        self, index: str, id: str, wanted: RenderRequest, left: int, holds: Callable[[int], None]
    ) -> tuple[Response, str, str]:
        """The answer with its etag, how it was made, and the SHA-256 of the stored picture. Raises Refused."""
        said = self._stored.of(index, id, wanted)
        sha256, tag = said.sha256, etag(index, said.sha256, wanted.operations) if said.sha256 else ""
        if tag and request.if_none_match.contains_weak(tag):
            response, how = Response(status=304), "not_modified"
        elif said.key and not wanted.operations:
            response, how = self._kept.answer(said.key, left, holds)
        else:
            found = self._renderer.cached(sha256, tag, holds)
            found = found or self._renderer.render(index, id, wanted, said, tag, holds)
            sha256, tag = found.sha256, found.etag
            how = "cached" if found.cached else "rendered"
            response = Response(found.data, mimetype=mime_type(found.format))
        if response.status_code != 302:
            check_match(tag)
            # A redirect whose target has expired must not be said to be good still.
            response.set_etag(tag)
        return response, how, sha256


def _refusal(refused: Refused) -> tuple[Response, str]:
    """The answer of the worker that refused the picture."""
    answer = refused.answer
    log_causes(answer.summary["code"], answer.summary.pop("causes", None))
    return Response(answer.body, answer.summary["status"], mimetype="application/json"), answer.summary["code"]


def _cache_control(settings: Settings, version: str, sha256: str, left: int) -> str:
    """`v=` with the beginning of the picture's SHA-256 names exactly one picture, which never changes."""
    if len(version) >= 8 and sha256.startswith(version):
        return f"private, max-age={min(YEAR, left)}, immutable"
    return f"private, max-age={min(settings.render_max_age, left)}"

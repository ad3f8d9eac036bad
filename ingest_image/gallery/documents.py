"""Documents as they are now, and changes that overwrite nobody else's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from elasticsearch import AuthorizationException, Elasticsearch
from flask import abort, request

from pipelines.cluster.simulate import PATIENCE

from ..search import Hit, UserError
from ..search.comparing.union import Key
from ..search.found.documents import read_documents
from ..search.found.hits import hit_of
from ..search.requests.queries import HEAVY
from .context import Context

_JSON = {"accept": "application/json", "content-type": "application/json"}
# Above Elasticsearch's numbers.
_LONG = 2**63
# Documents that one request may be about.
MOST = 1000


def is_version(seq_no: int, primary_term: int) -> bool:
    """Whether Elasticsearch can know a version of a document by these numbers."""
    return 0 <= seq_no < _LONG and 0 < primary_term < _LONG


@dataclass(frozen=True)
class Current:
    """A document, and the numbers by which Elasticsearch knows this version of it."""

    hit: Hit
    seq_no: int
    primary_term: int

    @property
    def unchanged(self) -> dict[str, int]:
        """The condition that it is still this version."""
        return {"if_seq_no": self.seq_no, "if_primary_term": self.primary_term}


def asked_keys() -> list[Key]:
    """Index and id of each document that the form of the request names as `doc`. Raises UserError."""
    keys = [(index, id) for index, _, id in (value.partition("/") for value in request.form.getlist("doc")) if id]
    if not keys:
        raise UserError("no picture is selected")
    if len(keys) > MOST:
        raise UserError(f"at most {MOST} pictures can be selected")
    return list(dict.fromkeys(keys))


def current(here: Context, index: str, id: str) -> Current:
    """A document of an index that the gallery shows, without its pictures; 404 if there is none."""
    return next(iter(current_ones(here, [(index, id)])), None) or abort(404)


def current_ones(here: Context, keys: Sequence[Key], includes: Iterable[str] = ()) -> list[Current]:
    """Those that there are, without their pictures, or with the fields `includes`. 404 for an index not shown here."""
    check_shown(here, keys)
    return found_ones(here.client, keys, includes)


def check_shown(here: Context, keys: Sequence[Key]) -> None:
    """404 if the gallery does not show one of the indices."""
    if not here.engine().schema.indices.issuperset(index for index, _ in keys):
        abort(404)


def found_ones(client: Elasticsearch, keys: Sequence[Key], includes: Iterable[str] = ()) -> list[Current]:
    """The same, for keys whose indices were checked."""
    if not keys:
        return []
    source: dict[str, Any] = {"source_includes": list(includes)} if includes else {"source_excludes": HEAVY}
    found = read_documents(client, keys, **source)
    return [Current(hit_of(raw), raw["_seq_no"], raw["_primary_term"]) for raw in found]


def update(client: Elasticsearch, document: Current, changes: dict[str, Any], *, visible: bool = True) -> None:
    """Merge `changes` into the document, if it is still this version; its pipeline runs.

    `visible`: whether searches see it at once.

    Raises ConflictError when somebody else changed it, NotFoundError when it was deleted.
    """
    # A second try after a lost answer would be a conflict with the first.
    once = client.options(request_timeout=PATIENCE, max_retries=0, retry_on_timeout=False)
    params = {**document.unchanged, "refresh": str(visible).lower()}
    params |= {"routing": document.hit.routing} if document.hit.routing else {}
    once.perform_request("POST", _path(document.hit), params=params, headers=_JSON, body={"doc": changes})


def refresh(client: Elasticsearch, indices: Iterable[str]) -> None:
    """Let searches see what was written, if the user may ask for that; otherwise they see it a second later."""
    with suppress(AuthorizationException):
        client.indices.refresh(index=sorted(set(indices)))


def _path(hit: Hit) -> str:
    # An id that is `..` must not be a step.
    return f"/{quote(hit.index, safe='')}/_update/{quote(hit.id, safe='').replace('.', '%2E')}"

"""Writes documents back, and sorts what was refused: what is the picture's fault, and what is to be waited for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from elasticsearch import ApiError

from pipelines.cluster.bulks import failure_of, is_by_pipeline, status_of, stop_if_hopeless
from pipelines.cluster.reasons import reason_of_cause
from processor_service.errors import Code

from ..reprocess.writer import Sent, Writer

_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _TIMEOUT, _TOO_LARGE, _BUSY = 401, 403, 404, 408, 413, 429
# The service lacks something that the pipeline asks for; another one may be started.
_OFF = frozenset(code.code for code in (Code.RECOGNITION_OFF, Code.IDENTITY_OFF, Code.STORE_OFF))
# All services have a defect, or too little memory, or are older than the pipeline: for this picture, or for any. The
# node has asked each of them, and names a defect of theirs `service_error`.
_UNCLEAR = frozenset(
    code.code
    for code in (
        *(Code.INTERNAL_ERROR, Code.EMBEDDER_FAILED, Code.OUT_OF_MEMORY),
        *(Code.INVALID_RECIPE, Code.INVALID_REQUEST),
    )
) | {"service_error"}
_SLOW = "service_timeout"


class Blame(Enum):
    """What is at fault when a document was not written."""

    # The document or its picture.
    PICTURE = auto()
    # Its pipeline refuses or drops it, maybe as the processor image failed: it is, if other pictures get through.
    PIPELINE = auto()
    # It is, if other pictures get through.
    UNCLEAR = auto()
    # It took too long: it is, if others get through soon.
    SLOW = auto()
    # Something else: waiting may be the cure.
    OTHERS = auto()


@dataclass
class NotWritten:
    """A document that was not written, and why."""

    id: str
    reason: str
    blame: Blame


@dataclass
class EnrichingWriter(Writer):
    """As `Writer`, but a failure stops nothing: `refusals` has them all. `stored` is called with id and number."""

    max_retries: int = 0
    stored: Callable[[str, int], None] = lambda id_, seq_no: None
    refusals: list[NotWritten] = field(default_factory=list)
    # Ids of those that were not there with the number that was read.
    conflicts: list[str] = field(default_factory=list)
    # Whether the index is another one by now, or none.
    is_gone: bool = False

    def accepted(self, document: Sent, item: dict[str, Any]) -> None:
        self.stored(document.id, item["_seq_no"])

    def conflicted(self, document: Sent) -> None:
        self.conflicts.append(document.id)

    def refused(self, document: Sent, item: dict[str, Any]) -> None:
        status = status_of(item)
        if status == _UNAUTHORIZED:
            stop_if_hopeless(item, document.id)
        if self._is_about_index(item.get("error")):
            self.is_gone = True
            return
        if isinstance(item.get("exception"), ApiError):
            # The whole request failed. One that is too large has a single document.
            blame = Blame.PICTURE if status == _TOO_LARGE else Blame.OTHERS
            self.refusals.append(NotWritten(document.id, failure_of(item), blame))
            return
        reason = reason_of_cause(item.get("error"))
        blame = _blame(status, reason)
        if blame is Blame.PICTURE and is_by_pipeline(item):
            blame = Blame.PIPELINE
        self.refusals.append(NotWritten(document.id, reason, blame))

    def _is_about_index(self, error: Any) -> bool:
        """Whether the index is not there; and not another one, or what else the pipeline asks for."""
        found = error if isinstance(error, dict) else {}
        return found.get("type") == "index_not_found_exception" and found.get("index") == self.index


def _blame(status: int, reason: str) -> Blame:
    found = re.match(r"\[(\w+)\]", reason)
    code = found[1] if found else ""
    if code in _UNCLEAR:
        return Blame.UNCLEAR
    if code == _SLOW:
        return Blame.SLOW
    waits = status >= 500 or status in (_FORBIDDEN, _NOT_FOUND, _TIMEOUT, _BUSY) or code in _OFF
    return Blame.OTHERS if waits else Blame.PICTURE

"""What is changed in a document that waits, before it is sent through its pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from processor_service.fields import PENDING_SINCE

from ..reprocess.mending import pictures_in

# The node knows this code: the picture beside it is as it should be, and nobody is to add anything unasked.
FAILED = "enrich_failed"
# What has a picture ask for what is pending: the processor image takes it away.
ENRICH = "enrich"
# A picture of a document: its target, and its position among the objects there.
OneOf = tuple[str, int]


def ask(source: Any, targets: Iterable[str], first_only: bool = False) -> tuple[OneOf, ...]:
    """Have the pictures that wait ask for what is pending, or the first of them; returns which ones do."""
    asked = []
    for place, picture in _waiting(source, targets):
        picture[ENRICH] = True
        asked.append(place)
        if first_only:
            break
    return tuple(asked)


def still_asks(source: Any, targets: Iterable[str]) -> bool:
    """Whether a picture of a document that was written asks for something, so no processor has looked at it."""
    return any(ENRICH in picture for target in targets for picture in pictures_in(source, target))


def record(source: Any, targets: Iterable[str], reason: str) -> None:
    """Write into the first picture that waits why nothing can be added to it. None asks for anything any more."""
    for target in targets:
        for picture in pictures_in(source, target):
            picture.pop(ENRICH, None)
    for _, picture in _waiting(source, targets):
        picture["error"] = {"code": FAILED, "reason": reason}
        # As the processor image does, if there is one.
        picture.pop(PENDING_SINCE, None)
        return


def _waiting(source: Any, targets: Iterable[str]) -> Iterator[tuple[OneOf, dict[str, Any]]]:
    for target in targets:
        for position, picture in enumerate(pictures_in(source, target)):
            error = picture.get("error")
            failed = isinstance(error, dict) and error.get("code") == FAILED
            if picture.get("pending") and not failed:
                yield (target, position), picture

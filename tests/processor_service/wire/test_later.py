"""Properties that are left out of an answer, because a pipeline adds them later."""

from __future__ import annotations

from typing import Any

import pytest

from processor_service.errors import ImageError
from processor_service.pipeline import process
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers.pictures import b64, picture

BODY: dict[str, Any] = {"data": b64(picture("pillow/hopper.jpg")), "properties": ["embedding", "statistics"]}


def made(**more: Any) -> dict[str, Any]:
    return process(Request.parse(BODY | more), Settings(), Stopwatch())


def test_what_is_left_out_is_named_and_the_marks_are_the_same() -> None:
    whole, later = made(), made(later=["embedding"])
    assert whole["pending"] is None
    assert later == whole | {"pending": ["embedding"], "embedding": None, "embedder": None}


def test_what_a_picture_never_gets_is_not_pending() -> None:
    assert made(later=["embedding"], position=1)["pending"] is None


def test_a_worker_is_enough_where_recognition_comes_later() -> None:
    body = BODY | {"properties": ["text", {"faces": {"identity": True}}]}
    assert Request.parse(body).recognizer() == "property [faces]"
    assert Request.parse(body | {"later": ["text"]}).recognizer() == "property [faces]"
    left = Request.parse(body | {"later": ["text", "faces"]})
    assert (left.recognizer(), left.identifies()) == (None, None)


@pytest.mark.parametrize("later", ["embedding", ["statistics"], ["text"], [1], {}])
def test_what_cannot_be_left_out_is_refused(later: Any) -> None:
    with pytest.raises(ImageError, match="later must be a list of properties of the recipe that can be added later"):
        Request.parse(BODY | {"later": later})

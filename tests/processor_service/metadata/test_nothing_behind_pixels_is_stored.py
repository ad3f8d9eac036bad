"""A name behind the pixels, or where a number should be: it is neither stored nor kept of a refused picture."""

from __future__ import annotations

import base64

import pytest

from processor_service.document import failure
from processor_service.errors import ImageError
from processor_service.pipeline import process
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers import secrets_behind_pixels as behind
from tests.helpers.pictures import b64

SETTINGS = Settings()
TOO_LARGE = Settings(max_pixels=1, max_slow_pixels=1)
FORMATS = ("jpeg", "png", "gif", "tiff", "bmp", "ico", "pnm")

PLACES = {f"{name}, {where}": data for name in FORMATS for where, data in getattr(behind, name)()}


def _kept(data: bytes, settings: Settings) -> bytes:
    """What is stored of a picture: the result, or what is kept when it is refused."""
    body = {"data": b64(data), "properties": []}
    try:
        text = process(Request.parse(body), settings, Stopwatch())["data"]
    except ImageError as refused:
        text = failure(refused, body)["fields"]["data"] or ""
    return base64.b64decode(text)


@pytest.mark.parametrize("data", PLACES.values(), ids=PLACES)
def test_a_name_is_not_stored(data: bytes) -> None:
    assert behind.is_in(data)
    assert not behind.is_in(_kept(data, SETTINGS))


@pytest.mark.parametrize("data", PLACES.values(), ids=PLACES)
def test_a_name_is_not_kept_of_a_picture_that_is_too_large(data: bytes) -> None:
    assert not behind.is_in(_kept(data, TOO_LARGE))

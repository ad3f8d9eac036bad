"""A name behind the pixels, or where a number should be: it is neither stored nor kept of a refused picture."""

from __future__ import annotations

import base64
import struct
import zlib

import pytest

from processor_service.document import failure
from processor_service.errors import ImageError
from processor_service.metadata.cut import cut_refused
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


def test_a_small_tiff_of_many_pixels_is_not_unpacked_to_its_end() -> None:
    sides = {tag: (4, struct.pack("<I", 2**15)) for tag in (256, 257, 278)}
    strip = zlib.compress(bytes(2**15))
    assert cut_refused(behind.built_tiff(8, strip, sides)) is not None
    sides[257] = sides[278] = (4, struct.pack("<I", 2**15 + 1))
    assert cut_refused(behind.built_tiff(8, strip, sides)) is None


@pytest.mark.parametrize("data", PLACES.values(), ids=PLACES)
def test_a_name_is_not_stored(data: bytes) -> None:
    assert behind.is_in(data)
    assert not behind.is_in(_kept(data, SETTINGS))


@pytest.mark.parametrize("data", PLACES.values(), ids=PLACES)
def test_a_name_is_not_kept_of_a_picture_that_is_too_large(data: bytes) -> None:
    assert not behind.is_in(_kept(data, TOO_LARGE))

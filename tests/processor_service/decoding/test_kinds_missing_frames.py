"""Animations and documents of pages that end before the last one, where all of them are kept."""

from __future__ import annotations

from typing import Any

import pytest
from PIL import Image

from processor_service.errors import Code, ImageError
from processor_service.formats.tiff_directories import chain
from processor_service.pipeline import process
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers.broken_icons import scene
from tests.helpers.kinds import SETTINGS, decoded, furthest, refused
from tests.helpers.pictures import b64, encoded

PAGES = [scene(9), scene(9).rotate(90), scene(9).transpose(Image.Transpose.FLIP_TOP_BOTTOM)]
FORMATS: dict[str, dict[str, Any]] = {
    "GIF": {},
    "PNG": {},
    "PNG with a still picture": {"default_image": True},
    "WEBP": {"lossless": True},
    "TIFF": {},
    "BigTIFF": {"big_tiff": True},
    "AVIF": {"quality": 50},
}


def several(name: str) -> bytes:
    pages = [page.quantize() for page in PAGES] if name == "GIF" else PAGES
    format = "TIFF" if name == "BigTIFF" else name.split()[0]
    return encoded(pages[0], format, save_all=True, append_images=pages[1:], **FORMATS[name])


@pytest.mark.parametrize("name", FORMATS)
def test_no_frame_or_page_is_lost_without_a_word(name: str) -> None:
    data = several(name)
    expected = decoded(data, all_frames=True).frames
    ends = []
    for end in range(60, len(data), 1 if len(data) < 1500 else 2):
        try:
            found = decoded(data[:end], all_frames=True).frames
        except ImageError as error:
            assert error.code in (Code.TRUNCATED_IMAGE, Code.CORRUPT_IMAGE), end
        else:
            same = len(found) == len(expected) and all(map(lambda *pair: furthest(*pair) == 0, found, expected))
            ends.append((end, same))
    # Between two frames of a GIF nobody can tell: only its last byte may be missing.
    assert sum(not same for _, same in ends) == (2 if name == "GIF" else 0), ends
    # The first one alone is enough where it alone is kept. Of an AVIF nothing is left.
    half = data[: len(data) * 2 // 3]
    if name == "AVIF":
        assert refused(half)[0] is Code.TRUNCATED_IMAGE
    else:
        assert furthest(decoded(half).image, decoded(data).image) == 0
        assert refused(half, all_frames=True)[0] is Code.TRUNCATED_IMAGE


@pytest.mark.parametrize("operations", [[], ["strip_metadata"], [{"strip_metadata": {"keep": ["all"]}}]], ids=str)
@pytest.mark.parametrize("name", FORMATS)
def test_a_file_that_is_kept_is_whole(name: str, operations: list[Any]) -> None:
    """Also where a recipe names no frames: what was stored of a WebP could not be decoded."""
    data = several(name)
    whole = {"data": b64(data), "operations": operations}
    assert process(Request.parse(whole), SETTINGS, Stopwatch())["data"]
    with pytest.raises(ImageError) as refusal:
        process(Request.parse(whole | {"data": b64(data[: len(data) * 2 // 3])}), SETTINGS, Stopwatch())
    assert refusal.value.code is Code.TRUNCATED_IMAGE


def test_a_number_in_place_of_the_next_page_is_none() -> None:
    """Some programs leave any number there."""
    data = bytearray(encoded(scene(9), "TIFF"))
    (page,) = chain(bytes(data))
    for number in (7, 2**32 - 2, 5 * len(data) | 1):
        data[page.next_at : page.next_at + 4] = number.to_bytes(4, "little")
        assert furthest(decoded(bytes(data), all_frames=True).image, scene(9)) == 0


def test_a_gif_of_one_frame_needs_no_end() -> None:
    data = encoded(scene(9).quantize(), "GIF")
    comment = b"\x21\xfe\3abc\0"
    for end in (b"", b"rubbish", comment, comment + b"\0"):
        assert furthest(decoded(data[:-1] + end, all_frames=True).image, decoded(data).image) == 0

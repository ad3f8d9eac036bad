"""Animations and documents of pages that end before the last one, where all of them are kept."""

from __future__ import annotations

from typing import Any

import pytest
from PIL import Image

from processor_service.errors import Code, ImageError
from tests.helpers.broken_icons import scene
from tests.helpers.kinds import decoded, furthest, refused
from tests.helpers.pictures import encoded

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


def test_a_gif_of_one_frame_needs_no_end() -> None:
    data = encoded(scene(9).quantize(), "GIF")
    comment = b"\x21\xfe\3abc\0"
    for end in (b"", b"rubbish", comment, comment + b"\0"):
        assert furthest(decoded(data[:-1] + end, all_frames=True).image, decoded(data).image) == 0

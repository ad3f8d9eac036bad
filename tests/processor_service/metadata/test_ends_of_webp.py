"""Coded pixels of a WebP that is kept end where they end: zeros may be pixels, and what a wrong length takes in is none."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest
from PIL import Image

from processor_service.errors import ImageError
from processor_service.metadata.cut import cut_refused
from processor_service.pipeline import process
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers.kinds import SETTINGS, decoded, furthest
from tests.helpers.pictures import b64, encoded
from tests.helpers.secrets_in_files import NAME, exif


def fading(width: int, height: int) -> Image.Image:
    """Colours and transparency that change by the row; packed, they end in many zeros."""
    y, x = np.mgrid[0:height, 0:width]
    channels = (x * 255 // width, y * 255 // height, x * y % 256, y * 255 // height)
    return Image.fromarray(np.dstack(channels).astype(np.uint8))


@pytest.mark.parametrize("options", [{}, {"lossless": True}], ids=["lossy", "lossless"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_zeros_that_are_pixels_stay(mode: str, options: dict[str, Any]) -> None:
    """All but four were taken for what fills up: nobody could decode the picture that was stored."""
    for width, height in ((11, 20), (32, 33), (64, 48)):
        image = fading(width, height).convert(mode)
        moving = {"save_all": True, "append_images": [image.rotate(180)], "duration": 100}
        for more in ({}, moving):
            data = encoded(image, "WEBP", **options, **more)
            request = Request.parse({"data": b64(data), "operations": ["strip_metadata"]})
            stored = base64.b64decode(process(request, SETTINGS, Stopwatch())["data"])
            frames = [decoded(one, all_frames=True).frames for one in (data, stored)]
            assert [furthest(*pair) for pair in zip(*frames, strict=True)] == [0] * len(frames[0])


@pytest.mark.parametrize("cut_off", [False, True])
def test_what_a_wrong_length_takes_in_is_not_kept_of_a_refused_picture(cut_off: bool) -> None:
    data = encoded(fading(64, 48), "WEBP", exif=exif(prefix=False))
    at = data.index(b"VP8 ") + 4
    length = int.from_bytes(data[at : at + 4], "little")
    wrong = data[:at] + (2 * length + 1000).to_bytes(4, "little") + data[at + 4 :]
    with pytest.raises(ImageError):
        decoded(wrong)
    assert NAME in wrong
    assert cut_refused(wrong, cut_off=cut_off) is None
    # One that was cut off, and says how long it was, is.
    assert cut_refused(data[: at + 4 + length // 2], cut_off=True) is not None

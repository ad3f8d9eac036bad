"""What the pipeline does before it works."""

from __future__ import annotations

import pytest

from processor_service.errors import ImageError
from processor_service.pipeline import process, target_of
from processor_service.recipe import parse_operations
from processor_service.request import Request
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from tests.support import b64, picture


def test_a_picture_is_decoded_at_a_smaller_size_only() -> None:
    smaller, larger = (
        target_of(tuple(parse_operations([{"resize": {"width": side, "height": side, "enlarge": True}}])))
        for side in (600, 6000)
    )
    assert smaller(1800, 1200, 1) == (600, 400)
    assert larger(1800, 1200, 1) is None


def test_an_enlargement_beyond_the_limits_is_refused_before_it_is_made() -> None:
    enlarge = [{"resize": {"width": 16000, "height": 16000, "enlarge": True}}]
    watch = Stopwatch()
    request = Request.parse({"data": b64(picture("exif-orientation/Landscape_1.jpg")), "operations": enlarge})
    with pytest.raises(ImageError, match="too_many_pixels"):
        process(request, Settings(), watch)
    assert sum(watch.seconds.values()) < 2

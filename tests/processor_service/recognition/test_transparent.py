"""What lies under transparent pixels is not kept, and what shines through a little is seen."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from processor_service.recognition.transparent import emptied, views


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_there_is_no_colour_where_nothing_is_seen(mode: str) -> None:
    noise = np.random.default_rng(0).integers(1, 256, (40, 256, 4), np.uint8)
    noise[..., 3] = np.arange(256)
    before = Image.fromarray(noise).convert(mode)
    after, old = np.asarray(emptied(before)), np.asarray(before)
    assert not after[:, :16, :-1].any() and old[:, :16, :-1].any()
    assert np.array_equal(after[:, 16:], old[:, 16:]) and np.array_equal(after[..., -1], old[..., -1])


@pytest.mark.parametrize("mode", ["L", "RGB", "LA", "RGBA"])
def test_an_opaque_picture_stays_and_is_looked_at_once(mode: str) -> None:
    image = Image.new(mode[:3].removesuffix("A"), (4, 4), "white").convert(mode)
    assert emptied(image) is image
    assert views(image) == [image]


def test_half_transparent_colours_are_looked_at_without_their_alpha() -> None:
    image = Image.new("RGBA", (4, 4), (10, 20, 30, 40))
    assert [(view.mode, view.getpixel((0, 0))) for view in views(image)] == [
        ("RGBA", (10, 20, 30, 40)),
        ("RGB", (10, 20, 30)),
    ]
    assert views(Image.new("LA", (4, 4), (10, 40)))[1].getpixel((0, 0)) == 10

"""`max_bytes`: the best quality that fits, found in few encodings."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from processor_service.encoding.encode import encode_image
from processor_service.encoding.fit_bytes import fitting
from processor_service.errors import Code, ImageError
from processor_service.picture import Output
from tests.helpers.pictures import opened, picture

LOWEST, HIGHEST = 10, 90


@cache
def encodings(format: str) -> dict[int, bytes]:
    """A photograph in each quality."""
    image = opened(picture("pillow/flower.jpg")).resize((240, 180))
    return {q: encode_image(image, format, Output(quality=q), False)[0] for q in range(LOWEST, HIGHEST + 1)}


@pytest.mark.parametrize("format", ["jpeg", "webp", "avif"])
@pytest.mark.parametrize(("enough", "most", "on_average"), [(1.0, 10, 6.5), (0.9, 6, 4.0)])
def test_the_best_quality_is_found_in_few_encodings(format: str, enough: float, most: int, on_average: float) -> None:
    known = encodings(format)
    counts = []
    for limit in {len(data) for data in known.values()}:
        tried: list[int] = []

        def encode(quality: int, tried: list[int] = tried) -> bytes:
            tried.append(quality)
            return known[quality]

        data = fitting(encode, LOWEST, HIGHEST, limit, enough=enough)
        best = max(quality for quality, data in known.items() if len(data) <= limit)
        assert limit * enough * 0.96 <= len(data) <= limit
        # WebP's sizes do not always grow with quality.
        assert enough < 1 or format == "webp" or len(data) == len(known[best])
        counts.append(len(tried))
    assert max(counts) <= most
    assert sum(counts) / len(counts) <= on_average


@given(
    st.lists(st.integers(1, 10**7), min_size=1, max_size=91),
    st.integers(1, 10**7),
    st.sampled_from([0.9, 1.0]),
)
@settings(deadline=None)
def test_whatever_the_sizes_are_nothing_too_large_comes_back_and_it_ends(
    sizes: list[int], max_bytes: int, enough: float
) -> None:
    tried = []

    def encode(quality: int) -> bytes:
        tried.append(quality)
        return bytes(min(sizes[quality], max_bytes + 1))

    max_bytes = 1 + max_bytes % 10_000
    try:
        assert len(fitting(encode, 0, len(sizes) - 1, max_bytes, enough=enough)) <= max_bytes
    except ImageError as refusal:
        assert refusal.code is Code.CANNOT_FIT
        assert sizes[0] > max_bytes, "the lowest quality fits"
    assert len(tried) == len(set(tried)) <= 12


def test_a_large_picture_is_encoded_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    image = opened(picture("exif-orientation/Landscape_1.jpg")).resize((3000, 2000))
    plain = len(encode_image(image, "webp", Output(), False)[0])
    saved: list[Image.Image] = []
    real = Image.Image.save

    def save(self: Image.Image, *more: Any, **options: Any) -> None:
        saved.append(self)
        real(self, *more, **options)

    monkeypatch.setattr(Image.Image, "save", save)
    data, _ = encode_image(image, "webp", Output(max_bytes=plain // 2, min_quality=1), False)
    assert plain // 2 * 0.9 <= len(data) <= plain // 2
    assert len(saved) <= 5

"""The parts of a large picture: together they are the whole, and what is small is whole in one of them."""

from __future__ import annotations

import pytest

from processor_service.recognition.box import Box
from processor_service.recognition.tiles import MOST, tiles


@pytest.mark.parametrize("size", [(1153, 20), (2048, 1365), (1365, 2048), (4000, 3000), (10000, 900)])
def test_what_is_small_is_whole_in_a_part(size: tuple[int, int]) -> None:
    parts = [part.pixels(size) for part in tiles(size)]
    assert 1 < len(parts) <= MOST
    assert all(right - left <= 960 and bottom - top <= 960 for left, top, right, bottom in parts)
    side = 190
    for left in range(0, max(1, size[0] - side + 1), 37):
        for top in range(0, max(1, size[1] - side + 1), 37):
            right, bottom = min(size[0], left + side), min(size[1], top + side)
            assert any(x0 <= left and y0 <= top and x1 >= right and y1 >= bottom for x0, y0, x1, y1 in parts), (
                left,
                top,
            )


def test_a_small_picture_has_none_and_a_very_large_one_too_many() -> None:
    assert tiles((1152, 1152)) == []
    assert len(tiles((6000, 4000))) > MOST


def test_a_box_of_a_part_is_one_of_the_whole() -> None:
    assert Box(0.5, 0, 0.5, 0.25).within(Box(0.5, 0.5, 0.5, 0.25)) == Box(0.75, 0.5, 0.25, 0.0625)


def test_parts_overlap_hardly_more_than_they_need() -> None:
    assert tiles((2048, 1365))[0].pixels((2048, 1365)) == (0, 0, 832, 800)
    for size in ((2048, 1365), (2048, 2048), (4000, 3000), (4096, 2160)):
        assert sum(part.area for part in tiles(size)) < 1.55

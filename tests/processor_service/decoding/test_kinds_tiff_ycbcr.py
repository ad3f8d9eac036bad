"""TIFFs of brightness and colour, of which several pixels may have the same: not packed, they look like packed ones."""

from __future__ import annotations

import numpy as np
import pytest

from processor_service.errors import Code
from processor_service.formats.tiff_directories import chain
from tests.helpers.built_tiffs import Page, tiff
from tests.helpers.kinds import decoded, furthest, refused

YCBCR = 6
WIDTH, HEIGHT = 40, 24


def page(across: int, down: int, *, width: int = WIDTH, height: int = HEIGHT, deflated: bool = False) -> Page:
    """Noise in which so many pixels across and down have one colour. A row of the page's values is a row of these."""
    rows = -(-height // down), -(-width // across) * (across * down + 2)
    values = np.random.default_rng(8).integers(16, 236, rows).astype(np.uint8)
    tags: dict[int, tuple[int, ...] | int] = {
        256: width,
        257: height,
        258: (8, 8, 8),
        277: 3,
        278: height,
        339: (1, 1, 1),
        530: (across, down),
    }
    return Page(values, YCBCR, deflated=deflated, tags=tags)


def in_strips(data: bytes, rows: int) -> bytes:
    """The same (in little-endian order) in strips of so many rows, which the file ends with."""
    directory, count = next(chain(data)), HEIGHT // rows
    start, length = directory.number(273), directory.number(279)
    numbers = {273: [len(data) + 8 * count + length // count * each for each in range(count)]}
    numbers |= {279: [length // count] * count, 278: [rows]}
    file = bytearray(data)
    for tag, values in numbers.items():
        _, _, at = directory.entries[tag]
        content = np.array(values, "<u4").tobytes()
        place = content if len(values) == 1 else len(file).to_bytes(4, "little")
        file[at - 6 : at + 4] = b"\4\0" + len(values).to_bytes(4, "little") + place
        file += content if len(values) > 1 else bytes(8 if tag == 273 else 0)
    return bytes(file) + data[start : start + length]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("across", "down"), [(1, 1), (2, 1), (1, 2), (2, 2), (4, 1), (4, 2), (4, 4)])
def test_pixels_that_are_not_packed_look_like_packed_ones(across: int, down: int, order: str) -> None:
    for width, height in ((WIDTH, HEIGHT), (WIDTH - 1, HEIGHT - 3)):
        plain = page(across, down, width=width, height=height)
        packed = page(across, down, width=width, height=height, deflated=True)
        expected = decoded(tiff(packed, order=order)).image
        assert furthest(decoded(tiff(plain, order=order)).image, expected) == 0
        kept = decoded(tiff(plain, packed, order=order), all_frames=True).frames
        assert [furthest(frame, expected) for frame in kept] == [0, 0]


@pytest.mark.parametrize(("across", "down"), [(1, 1), (2, 1), (2, 2), (4, 4)])
@pytest.mark.parametrize("rows", [HEIGHT, 4])
def test_only_what_is_missing_is_missed(rows: int, across: int, down: int) -> None:
    data = in_strips(tiff(page(across, down)), rows)
    assert furthest(decoded(data).image, decoded(tiff(page(across, down))).image) == 0
    for missing in (1, 20):
        assert refused(data[:-missing])[0] is Code.TRUNCATED_IMAGE

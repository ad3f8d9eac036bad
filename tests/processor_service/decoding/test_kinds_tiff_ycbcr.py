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
TILE = 48, 32


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


def in_a_tile(across: int, down: int) -> bytes:
    """At the top left of a larger tile, with which the file ends."""
    larger = page(across, down, width=TILE[0], height=TILE[1])
    larger.tags |= {256: WIDTH, 257: HEIGHT, 322: TILE[0]}
    file = bytearray(in_strips(tiff(larger), HEIGHT))
    entries = next(chain(bytes(file))).entries
    file[entries[278][2] : entries[278][2] + 4] = TILE[1].to_bytes(4, "little")
    for strips, tiles in ((273, 324), (279, 325), (278, 323)):
        at = entries[strips][2] - 8
        file[at : at + 2] = tiles.to_bytes(2, "little")
    return bytes(file)


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


@pytest.mark.parametrize(("across", "down"), [(1, 1), (2, 1), (2, 2), (4, 4)])
def test_a_tile_needs_no_more_than_the_picture(across: int, down: int) -> None:
    """Pixels of a tile of which others were missing were black."""
    data, together = in_a_tile(across, down), across * down + 2
    expected = decoded(tiff(page(across, down, width=TILE[0], height=TILE[1]))).image.crop((0, 0, WIDTH, HEIGHT))
    row = TILE[0] // across * together
    unused = (TILE[1] - HEIGHT) // down * row + (TILE[0] - WIDTH) // across * together
    for missing in (0, 1, unused):
        assert furthest(decoded(data[: len(data) - missing]).image, expected) == 0, missing
    assert refused(data[: -unused - 1])[0] is Code.TRUNCATED_IMAGE


@pytest.mark.parametrize(("across", "down"), [(1, 1), (2, 2)])
def test_what_is_missing_is_filled_up_if_that_is_accepted(across: int, down: int) -> None:
    expected = decoded(tiff(page(across, down))).image
    for rows in (HEIGHT, 4):
        data = in_strips(tiff(page(across, down)), rows)
        half = decoded(data[: -(WIDTH * HEIGHT // 2)], accept_truncated=True).image
        above = (0, 0, WIDTH, HEIGHT // 3)
        assert furthest(half.crop(above), expected.crop(above)) == 0
        assert half.getpixel((WIDTH - 1, HEIGHT - 1)) == (128, 128, 128)


@pytest.mark.parametrize(("across", "down"), [(1, 1), (2, 2)])
def test_lengths_that_are_wrong_or_missing_take_no_pixels_along(across: int, down: int) -> None:
    """Only strips that are packed need them."""
    data = in_strips(tiff(page(across, down)), 4)
    expected = decoded(data).image
    _, count, entry = next(chain(data)).entries[279]
    at = int.from_bytes(data[entry : entry + 4], "little")
    for wrong in (0, 10, 100_000, 2**32 - 1):
        changed = data[:at] + wrong.to_bytes(4, "little") * count + data[at + 4 * count :]
        assert furthest(decoded(changed).image, expected) == 0, wrong
    # Another tag in their place.
    assert furthest(decoded(data[: entry - 8] + b"\x18\1" + data[entry - 6 :]).image, expected) == 0

"""TIFFs that end too early, or that name what is behind their end without needing it."""

from __future__ import annotations

import base64
import struct

import numpy as np
import pytest
import pyvips
from numpy.typing import NDArray

from processor_service.errors import Code
from processor_service.formats.tiff_directories import Directory, chain
from processor_service.formats.tiff_ends import lacks_pixels
from processor_service.pipeline import process
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers.built_tiffs import one, packed
from tests.helpers.kinds import decoded, furthest, refused
from tests.helpers.pictures import b64

HEIGHT, WIDTH = 12, 20
RGB, PALETTE, PREMULTIPLIED = 2, 3, 1


def colors(count: int) -> NDArray[np.float64]:
    """Height x width x count, 0 to 1."""
    return np.random.default_rng(7).uniform(0, 1, (HEIGHT, WIDTH, count))


def with_entry(data: bytes, tag: int, count: int, place: int) -> bytes:
    """The same (in little-endian order) with other numbers in an entry of the first directory."""
    _, _, at = next(chain(data)).entries[tag]
    return data[: at - 4] + struct.pack("<II", count, place) + data[at + 4 :]


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
@pytest.mark.parametrize("tag", [279, 320, 339])
def test_what_the_pixels_do_not_need_may_be_lost(tag: int, depth: type[np.uint8 | np.uint16]) -> None:
    """Also what follows it is read: of what the last sample is, and that there are planes."""
    values = np.round(colors(4) * np.iinfo(depth).max).astype(depth)
    for planar in (False, True):
        data = one(values, RGB, extra=(PREMULTIPLIED,), planar=planar, tags={320: tuple(range(768))})
        lost = with_entry(data, tag, 768, len(data) + 5000)
        assert furthest(decoded(lost).image, decoded(data).image) == 0
        assert furthest(decoded(lost, all_frames=True).image, decoded(data).image) == 0


def test_what_the_pixels_need_must_not_be_lost() -> None:
    palette = packed(np.arange(240).reshape(HEIGHT, WIDTH, 1) % 256, 8, PALETTE, tags={320: tuple(range(768))})
    wide = one(colors(3).astype(np.float32), RGB)
    deflated = one(np.round(colors(3) * 255).astype(np.uint8), RGB, deflated=True)
    for data, tag, count in ((palette, 320, 768), (wide, 339, 3), (deflated, 279, 2), (wide, 258, 3), (wide, 273, 2)):
        assert refused(with_entry(data, tag, count, len(data) + 5000))[0] is Code.TRUNCATED_IMAGE


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("kind", ["uchar", "ushort"])
@pytest.mark.parametrize("bands", [1, 3])
def test_the_last_tile_may_end_behind_its_last_pixel(bands: int, kind: str, big: bool) -> None:
    values = np.round(np.random.default_rng(6).uniform(0, 255, (100, 100, bands)))
    image = pyvips.Image.new_from_array(values).cast(kind)
    image = image.copy(interpretation="b-w" if bands < 3 else "srgb")
    built = image.tiffsave_buffer(tile=True, tile_width=64, tile_height=64, bigtiff=big)
    expected = decoded(built).image
    size = bands * (2 if kind == "ushort" else 1)
    # The directory and its values come before the pixels, as in files of other programs.
    first, *_, last = next(chain(built)).numbers(324)
    data = moved_to_the_end(built, first, last + 64 * 64 * size)
    assert furthest(decoded(data).image, expected) == 0
    padding = (28 * 64 + 28) * size
    # Of 16 bits of colour, the decoder needs most of it.
    for cut in (20,) if size == 6 else (20, 1280, padding):
        assert furthest(decoded(data[:-cut]).image, expected) == 0
        assert furthest(decoded(data[:-cut], all_frames=True).image, expected) == 0
    assert refused(data[: -padding - 1])[0] is Code.TRUNCATED_IMAGE


def moved_to_the_end(data: bytes, start: int, end: int) -> bytes:
    """The same with a copy of its tiles at its end."""
    page = next(chain(data))
    kind, count, at = page.entries[324]
    letter, word = {4: "I", 16: "Q", 3: "H"}[kind], page.layout.word
    (place,) = struct.unpack_from(word, data, at)
    places = struct.unpack_from(f"<{count}{letter}", data, place)
    moved = struct.pack(f"<{count}{letter}", *(one - start + len(data) for one in places))
    changed = data[:place] + moved + data[place + len(moved) :]
    return changed + data[start:end]


def pages_that_share(pieces: int, pages: int, height: int, place: int = 8) -> bytes:
    """Pages of one pixel a row, whose strips are all in one list, at a place."""
    head, size = struct.pack("<2sHI", b"II", 42, 8 + 4 * pieces), 2 + 9 * 12 + 4
    body = head + struct.pack("<I", 8) * pieces
    for number in range(pages):
        entries = [
            (256, 1, 1),
            (257, 1, height),
            (258, 1, 8),
            (259, 1, 1),
            (262, 1, 1),
            (273, pieces, place),
            (277, 1, 1),
        ]
        entries += [(278, 1, 1), (279, pieces, 8)]
        packed = b"".join(struct.pack("<HHII", tag, 4, count, value) for tag, count, value in entries)
        following = 0 if number == pages - 1 else len(body) + size
        body += struct.pack("<H", len(entries)) + packed + struct.pack("<I", following)
    return body


def test_a_list_that_many_pages_share_is_not_read_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    data = pages_that_share(pieces=2000, pages=200, height=2000)
    read = []

    def array(page: Directory, tag: int, most: int) -> NDArray[np.float64]:
        read.append(len(found := whole(page, tag, most)))
        return found

    whole = Directory.array
    monkeypatch.setattr(Directory, "array", array)
    assert not lacks_pixels(data, all_pages=True)
    assert 2000 <= sum(read) <= 2 * len(data) + 2 * 2000 < 200 * 2000


def test_pages_are_counted_before_their_pixels_are_looked_for() -> None:
    data = pages_that_share(pieces=1, pages=5, height=2000, place=4000)
    assert refused(data, all_frames=True)[0] is Code.TRUNCATED_IMAGE
    assert refused(data, Settings(max_frames=4), all_frames=True)[0] is Code.TOO_MANY_FRAMES
    assert refused(data, Settings(max_dimension=1999), all_frames=True)[0] is Code.DIMENSION_TOO_LARGE


@pytest.mark.parametrize("count", [0, 2, HEIGHT * WIDTH * 3 - 1])
def test_a_strip_that_is_not_packed_is_as_long_as_its_rows_whatever_is_said(count: int) -> None:
    """Decoders go by the sides. Only what was said was stored, and could not be decoded."""
    data = packed(np.arange(HEIGHT * WIDTH * 3).reshape(HEIGHT, WIDTH, 3) % 256, 8, RGB)
    wrong = with_entry(data, 279, 1, count)
    for operations in ([], ["strip_metadata"]):
        request = Request.parse({"data": b64(wrong), "operations": operations})
        stored = base64.b64decode(process(request, Settings(), Stopwatch())["data"])
        assert furthest(decoded(stored).image, decoded(data).image) == 0

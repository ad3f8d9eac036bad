"""A name beyond the edge of a picture: in tiles of a TIFF, in bits behind rows, in samples that nobody shows."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from processor_service.formats.containers import png_chunk
from processor_service.metadata.cut import cut_refused
from processor_service.metadata.cut.tiff.packing import packed, unpacked
from tests.helpers.hidden import assert_gone
from tests.helpers.secrets_behind_pixels import built_tiff
from tests.helpers.secrets_in_files import NAME, small

# No compression, LZW, deflate, PackBits, LZMA.
COMPRESSIONS = [1, 5, 8, 32773, 34925]
TILE, SIDE = 16, 20
Bytes = NDArray[np.uint8]


def longs(*numbers: int) -> tuple[int, bytes]:
    return 4, struct.pack(f"<{len(numbers)}I", *numbers)


def picture() -> Bytes:
    return np.asarray(small().convert("L").resize((SIDE, SIDE)))


def tiled(compression: int, hidden: bytes, predictor: int = 1) -> bytes:
    """A grey TIFF of 20x20 pixels in four tiles, with something beside its pixels, and below them."""
    pixels = np.zeros((2 * TILE, 2 * TILE), np.uint8)
    pixels[:SIDE, :SIDE] = picture()
    tiles = [pixels[y : y + TILE, x : x + TILE].copy() for y in (0, TILE) for x in (0, TILE)]
    if predictor == 2:
        for tile in tiles:
            tile[:, 1:] = tile[:, 1:] - tile[:, :-1]
    tiles[1][2, SIDE - TILE :][: len(hidden[:12])] = np.frombuffer(hidden[:12], np.uint8)
    tiles[2][-3, : len(hidden)] = np.frombuffer(hidden, np.uint8)
    pieces = [tile.tobytes() if compression == 1 else packed(tile.tobytes(), compression, TILE) for tile in tiles]
    starts = [8 + sum(map(len, pieces[:number])) for number in range(4)]
    places = {324: longs(*starts), 325: longs(*map(len, pieces)), 322: longs(TILE), 323: longs(TILE)}
    strips = dict.fromkeys((273, 278, 279))
    sides = {256: longs(SIDE), 257: longs(SIDE), 317: (3, bytes((predictor, 0)))}
    return built_tiff(compression, b"".join(pieces), {**places, **strips, **sides})


def pixels_of(data: bytes | None) -> bytes:
    with Image.open(io.BytesIO(data or b"")) as image:
        return image.tobytes()


@pytest.mark.parametrize("predictor", [1, 2])
@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_what_tiles_have_beyond_the_edge_is_not_kept(compression: int, predictor: int) -> None:
    data = tiled(compression, NAME, predictor)
    kept = cut_refused(data)
    assert kept == cut_refused(tiled(compression, b"", predictor)), "there is nothing of it"
    assert pixels_of(kept) == pixels_of(data)


@pytest.mark.parametrize("compression", COMPRESSIONS[1:])
def test_bits_behind_packed_rows_of_a_tiff_are_zero(compression: int) -> None:
    bare = bytearray(small().convert("1").resize((45, 32)).tobytes())
    filled = bytearray(bare)
    filled[5::6] = bytes(byte | 7 for byte in filled[5::6])
    tags = {256: longs(45), 258: (3, b"\1\0")}
    one, other = (built_tiff(compression, packed(bytes(rows), compression, 6), tags) for rows in (filled, bare))
    assert one != other
    assert cut_refused(one) == cut_refused(other)
    assert pixels_of(cut_refused(one)) == pixels_of(one)


@pytest.mark.parametrize("compression", COMPRESSIONS[1:])
def test_rows_are_unpacked_as_they_were_packed(compression: int) -> None:
    rows = picture().tobytes()
    assert unpacked(packed(rows, compression, SIDE), compression, SIDE, SIDE) == rows


@pytest.mark.parametrize("extra", [b"\0\0", b""], ids=["of no meaning", "without a word"])
def test_a_sample_that_is_no_alpha_is_not_stored(extra: bytes) -> None:
    """In planes the second one follows the first as a whole: there is room for a text."""
    grey = picture().tobytes()
    hidden = (NAME * 40)[: len(grey)]
    tags = {256: longs(SIDE), 257: longs(SIDE), 258: (3, struct.pack("<2H", 8, 8)), 277: (3, b"\2\0")}
    tags |= {284: (3, b"\2\0"), 278: longs(SIDE), 273: longs(8, 8 + len(grey)), 279: longs(len(grey), len(grey))}
    data = built_tiff(1, grey + hidden, tags | ({338: (3, extra)} if extra else {}))
    assert cut_refused(data) is None
    assert_gone(data, NAME)


@pytest.mark.parametrize("filter_", [0, 1, 2])
def test_bits_behind_the_rows_of_a_png_are_not_stored(filter_: int) -> None:
    rows = np.frombuffer(small().convert("1").resize((45, 32)).tobytes(), np.uint8).reshape(32, 6)
    assert cut_refused(one_bit(rows, filter_)) is not None
    filled = rows.copy()
    filled[:, 5] |= 7
    assert cut_refused(one_bit(filled, filter_)) is None


def one_bit(rows: Bytes, filter_: int) -> bytes:
    """A PNG of 45 pixels a row, a bit each, all rows with the same filter: none, sub or up."""
    before = np.zeros_like(rows)
    if filter_ == 1:
        before[:, 1:] = rows[:, :-1]
    if filter_ == 2:
        before[1:] = rows[:-1]
    lines = np.insert(rows - before, 0, filter_, axis=1).tobytes()
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 45, len(rows), 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + png_chunk(b"IDAT", zlib.compress(lines)) + png_chunk(b"IEND", b"")

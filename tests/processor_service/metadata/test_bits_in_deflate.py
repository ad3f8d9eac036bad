"""Bits that fill up a byte in packed pixels of PNG and TIFF, before the checksum and in stored blocks, become zeros."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Callable

import pytest

from processor_service.formats.containers import PNG_SIGNATURE, png_chunk
from processor_service.metadata.cut import cut_refused
from processor_service.metadata.cut.codes import deflate
from processor_service.metadata.cut.codes.deflate import cleaned
from tests.helpers.secrets_behind_pixels import built_tiff

WIDTH, HEIGHT = 499, 300
CHANCE = random.Random(5)
NOISE = CHANCE.randbytes(WIDTH * HEIGHT)
# Much of it looks like the length of a stored block.
PATTERN = (b"\0\0\xff\xff\x12\x34\xed\xcb" * WIDTH * HEIGHT)[: WIDTH * HEIGHT]
SMOOTH = bytes(number // 256 % 256 for number in range(WIDTH * HEIGHT))


def is_same(one: bytes, other: bytes) -> bool:
    try:
        return zlib.decompress(one) == zlib.decompress(other)
    except zlib.error:
        return False


def filled(packed: bytes, at: int) -> bytes:
    """The stream with ones in all the bits of a byte that nobody needs, from the top."""
    for bits in range(1, 8):
        more = packed[:at] + bytes((packed[at] | 0xFF >> bits ^ 0xFF,)) + packed[at + 1 :]
        if is_same(packed, more):
            best = more
        else:
            break
    return best if bits > 1 else packed


def stored_blocks(packed: bytes, rows: bytes) -> list[int]:
    """Where the lengths of stored blocks are: bytes of the rows follow, and to change the length breaks the stream."""
    found, at = [], 3
    while at < len(packed) - 8:
        size, turned = struct.unpack_from("<HH", packed, at)
        likely = size ^ turned == 0xFFFF and size > 15 and packed[at + 4 : at + 20] in rows
        if likely and not is_same(packed, packed[: at + 2] + bytes((packed[at + 2] ^ 1,)) + packed[at + 3 :]):
            found.append(at)
            at += 4 + size
        at += 1
    return found


def rows(pixels: bytes) -> bytes:
    return b"".join(b"\0" + pixels[at : at + WIDTH] for at in range(0, len(pixels), WIDTH))


def png(packed: bytes) -> bytes:
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 0, 0, 0, 0))
    half = len(packed) // 2
    pixels = png_chunk(b"IDAT", packed[:half]) + png_chunk(b"IDAT", packed[half:])
    return PNG_SIGNATURE + head + pixels + png_chunk(b"IEND", b"")


def tiff(packed: bytes) -> bytes:
    sides = {256: WIDTH, 257: HEIGHT, 278: HEIGHT}
    return built_tiff(8, packed, {tag: (4, struct.pack("<I", number)) for tag, number in sides.items()})


STREAMS: dict[str, tuple[bytes, int]] = {
    "stored": (NOISE, 0),
    "stored, like lengths": (PATTERN, 0),
    "packed": (SMOOTH, 9),
    "noise": (NOISE, 6),
    "both": (SMOOTH[: WIDTH * 150] + NOISE[: WIDTH * 150], 6),
}


@pytest.mark.parametrize("name", STREAMS)
def test_all_bits_that_no_pixel_needs_are_zeros(name: str) -> None:
    pixels, level = STREAMS[name]
    files: tuple[tuple[Callable[[bytes], bytes], bytes], ...] = ((png, rows(pixels)), (tiff, pixels))
    for make, content in files:
        packed = zlib.compress(content, level)
        blocks = stored_blocks(packed, content)
        assert bool(blocks) == (name != "packed")
        hidden = packed
        for at in (*(block - 1 for block in blocks), len(packed) - 5):
            hidden = filled(hidden, at)
        assert (hidden != packed) == (name != "packed" or hidden[-5] != packed[-5])
        assert zlib.decompress(hidden) == content
        kept = cut_refused(make(hidden))
        assert kept is not None
        assert kept == cut_refused(make(packed))
        assert cleaned(hidden, len(content)) == packed


def test_any_number_of_bits_before_the_checksum_is_cut() -> None:
    seen = set()
    for length in range(40):
        packed = zlib.compress(SMOOTH[: 2000 + length] + bytes(range(length)))
        hidden = filled(packed, len(packed) - 5)
        seen.add((hidden[-5] ^ packed[-5]).bit_count())
        assert cleaned(hidden, 10_000) == packed
    assert seen >= {1, 2, 3, 4, 5, 6, 7}


def test_a_last_block_that_begins_at_any_bit_keeps_its_mark() -> None:
    seen = set()
    for length in range(40):
        packer = zlib.compressobj(9, zlib.DEFLATED, 15, 9)
        content = SMOOTH[: 40_000 + 7 * length] + NOISE[:50_000]
        packed = packer.compress(content) + packer.flush()
        block = stored_blocks(packed, content)[-1]
        hidden = filled(packed, block - 1)
        seen.add(hidden[block - 1] ^ packed[block - 1])
        assert cleaned(hidden, len(content)) == packed
    assert len(seen) > 3


@pytest.mark.parametrize("flush", [zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH])
def test_empty_blocks_are_not_kept(flush: int) -> None:
    packer = zlib.compressobj()
    packed = packer.compress(SMOOTH[:1000]) + packer.flush(flush) + packer.compress(SMOOTH) + packer.flush()
    with pytest.raises(ValueError, match="short blocks"):
        cleaned(packed, 2 * len(SMOOTH))


def test_what_is_packed_in_more_bytes_than_it_has_is_not_kept() -> None:
    packer = zlib.compressobj()
    packed = b"".join(packer.compress(b"x") + packer.flush(zlib.Z_PARTIAL_FLUSH) for _ in range(1000)) + packer.flush()
    assert cleaned(zlib.compress(b"x" * 1000), 1000)
    with pytest.raises(ValueError, match="many more bytes"):
        cleaned(packed, 1000)


def test_the_number_of_places_that_are_looked_at_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deflate, "_MOST_PLACES", 1)
    assert cleaned(zlib.compress(SMOOTH), len(SMOOTH))
    with pytest.raises(ValueError, match="too many blocks"):
        cleaned(zlib.compress(SMOOTH[:50_000] + NOISE), len(SMOOTH) + len(NOISE))


def test_a_short_block_may_be_the_last() -> None:
    for length in (0, 1, 65_535, 65_536, 65_540):
        packed = zlib.compress(NOISE[:length], 0)
        assert cleaned(filled(packed, 2), length) == packed
    short = b"\1\1\0\xfe\xff\x05"
    packed = b"\x78\1\0" + short[1:] + short + zlib.adler32(b"\5\5").to_bytes(4)
    assert zlib.decompress(packed) == b"\5\5"
    with pytest.raises(ValueError, match="short blocks"):
        cleaned(packed, 2)


def test_a_stream_that_was_cut_off_stays_so() -> None:
    packed = zlib.compress(NOISE, 0)
    hidden = packed[:2] + bytes((packed[2] | 0xF8,)) + packed[3:]
    assert cleaned(hidden[:100_000], len(NOISE)) == packed[:100_000]
    assert cleaned(hidden + b"behind", len(NOISE)) == packed

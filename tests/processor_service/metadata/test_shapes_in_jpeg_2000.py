"""Names hidden in numbers, tables and unused parts of JPEG 2000: none is stored."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from processor_service.formats.boxes import boxes
from processor_service.metadata.cut import cut_refused
from processor_service.metadata.cut.jp2 import codestream
from tests.helpers.hidden import assert_gone
from tests.helpers.secrets_in_files import NAME, box, saved, small

Change = Callable[[bytes], bytes]
SHORT = b"Zeb!"
# The name in bits: bytes of packets without pixels.
BITS = bytes(byte >> bit & 1 for byte in NAME for bit in range(8)).replace(b"\1", b"\x80")
SIZE, CODING, QUANTIZATION, TILE, DATA = b"\xff\x51", b"\xff\x52", b"\xff\x5c", b"\xff\x90", b"\xff\x93"


def in_box(path: bytes, change: Change, image: Image.Image | None = None) -> bytes:
    """A file with other content in a box, which may be one of the header."""

    def within(data: bytes) -> bytes:
        found = b""
        for name, begin, end in boxes(data):
            body = data[begin:end]
            found += box(name, change(body) if name == path else within(body) if name == b"jp2h" else body)
        return found

    return within(saved("JPEG2000", image))


def in_segment(marker: bytes, change: Change) -> bytes:
    def changed(stream: bytes) -> bytes:
        at = stream.index(marker)
        size = int.from_bytes(stream[at + 2 : at + 4])
        body = change(stream[at + 4 : at + 2 + size])
        return stream[: at + 2] + (len(body) + 2).to_bytes(2) + body + stream[at + 2 + size :]

    return in_box(b"jp2c", changed)


def another_segment(marker: int, body: bytes, before: bytes = TILE) -> bytes:
    """One more segment in the main header, or at the end of the header of the tile."""
    segment = bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2) + body

    def changed(stream: bytes) -> bytes:
        at, tile = stream.index(before), stream.index(TILE)
        found = stream[:at] + segment + stream[at:]
        if before == DATA:
            length = int.from_bytes(stream[tile + 6 : tile + 10]) + len(segment)
            found = found[: tile + 6] + length.to_bytes(4) + found[tile + 10 :]
        return found

    return in_box(b"jp2c", changed)


def behind(secret: bytes) -> Change:
    return lambda body: body + secret


def over(at: int, secret: bytes) -> Change:
    return lambda body: body[:at] + secret + body[at + len(secret) :]


def another_tile_part(number: bytes) -> bytes:
    part = TILE + b"\0\x0a" + number[:2] + (14 + len(NAME)).to_bytes(4) + number[2:] + DATA + NAME
    return in_box(b"jp2c", lambda stream: stream[:-2] + part + stream[-2:])


def behind_the_last_packet(secret: bytes) -> bytes:
    def changed(stream: bytes) -> bytes:
        at = stream.index(TILE)
        length = int.from_bytes(stream[at + 6 : at + 10]) + len(secret)
        return stream[: at + 6] + length.to_bytes(4) + stream[at + 10 : -2] + secret + stream[-2:]

    return in_box(b"jp2c", changed)


HIDDEN: dict[str, tuple[Callable[[], bytes], bytes]] = {
    "behind the last packet": (lambda: behind_the_last_packet(SHORT), SHORT),
    "packets without pixels": (lambda: behind_the_last_packet(BITS), BITS),
    "a few packets without pixels": (lambda: behind_the_last_packet(BITS[:4]), BITS[:4]),
    "brand": (lambda: in_box(b"ftyp", behind(SHORT)), SHORT),
    "minor version": (lambda: in_box(b"ftyp", over(4, SHORT)), SHORT),
    "behind the signature": (lambda: in_box(b"jP  ", behind(SHORT)), SHORT),
    "size in the header": (lambda: in_box(b"ihdr", over(0, b"Zebedee!")), b"Zebedee!"),
    "behind the size": (lambda: in_box(b"ihdr", behind(NAME)), NAME),
    "compression": (lambda: in_box(b"ihdr", over(11, b"Zq")), b"Zq"),
    "depths": (lambda: in_box(b"jp2h", behind(box(b"bpcc", NAME))), NAME),
    "a map without a palette": (lambda: in_box(b"jp2h", behind(box(b"cmap", NAME[:12]))), NAME[:12]),
    "a second definition of channels": (
        lambda: in_box(b"jp2h", behind(box(b"cdef", b"\0\2" + NAME[:12])), small().convert("LA")),
        NAME[:12],
    ),
    "channels that are not there": (lambda: in_box(b"jp2h", behind(box(b"cdef", b"\0\2" + NAME[:12]))), NAME[:12]),
    "number of a colour space": (lambda: in_box(b"colr", over(3, SHORT)), SHORT),
    "behind a colour space": (lambda: in_box(b"colr", behind(NAME)), NAME),
    "precedence of a colour space": (lambda: in_box(b"colr", over(1, b"Zq")), b"\1Zq"),
    "parameters of a colour space": (
        lambda: in_box(b"jp2h", behind(box(b"colr", b"\1\0\0\0\0\0\x0e" + NAME * 2 + b"!!"))),
        NAME,
    ),
    "a second colour space": (lambda: in_box(b"jp2h", behind(box(b"colr", b"\1Zq" + SHORT))), SHORT),
    "behind the sizes": (lambda: in_segment(SIZE, behind(NAME)), NAME),
    "sizes of tiles": (lambda: in_segment(SIZE, over(18, b"Zebedee!")), b"Zebedee!"),
    "behind the coding": (lambda: in_segment(CODING, behind(NAME)), NAME),
    "behind the quantization": (lambda: in_segment(QUANTIZATION, behind(NAME)), NAME),
    "a second coding": (lambda: another_segment(0x52, b"\0\0\0\1\0\5\4\4\0\1" + NAME), NAME),
    "coding of a component": (lambda: another_segment(0x53, b"\0\0\5\4\4\0\1" + NAME), NAME),
    "coding of a component that is not there": (lambda: another_segment(0x53, b"\x09\1\x0c\4\4\0\1" + NAME), NAME),
    "precincts": (lambda: another_segment(0x53, b"\0\1\x0c\4\4\0\1" + NAME), NAME),
    "quantization of a component": (lambda: another_segment(0x5D, b"\0\x40" + NAME * 4), NAME),
    "quantization of a tile": (lambda: another_segment(0x5C, b"\x40" + NAME * 4, DATA), NAME),
    "region": (lambda: another_segment(0x5E, b"\0\0\0" + NAME), NAME),
    "order of packets": (lambda: another_segment(0x5F, NAME + b"!"), NAME),
    "capabilities": (lambda: another_segment(0x50, bytes(4) + NAME + b"!"), NAME),
    "packed headers": (lambda: another_segment(0x60, b"\0" + NAME), NAME),
    "a tile that is not there": (lambda: another_tile_part(b"\0\7\0\1"), NAME),
    "a part of a tile that is not there": (lambda: another_tile_part(b"\0\0\1\1"), NAME),
}


@pytest.mark.parametrize("case", HIDDEN)
def test_nothing_hides_in_a_picture(case: str) -> None:
    make, secret = HIDDEN[case]
    assert_gone(make(), secret)


TILED: dict[str, Any] = {"tile_size": (48, 32), "offset": (3, 5)}


@pytest.mark.parametrize("number", range(4))
def test_nothing_hides_behind_the_last_packet_of_any_tile(number: int) -> None:
    data = saved("JPEG2000", small(), **TILED, irreversible=number % 2 == 0)
    at = [found.start() for found in re.finditer(TILE + b"\0\x0a", data)]
    assert len(at) == 4
    assert cut_refused(data) is not None
    start = at[number]
    length = int.from_bytes(data[start + 6 : start + 10])
    end = start + length
    hidden = data[: start + 6] + (length + len(SHORT)).to_bytes(4) + data[start + 10 : end] + SHORT + data[end:]
    with pytest.raises(ValueError, match="behind the pixels"):
        codestream(hidden[hidden.index(b"\xff\x4f\xff\x51") :])
    assert cut_refused(hidden) is None


@pytest.mark.parametrize(
    "options",
    [
        {"irreversible": True, "quality_layers": [40, 10, 1]},
        {"tile_size": (32, 32), "offset": (3, 3), "progression": "RPCL"},
        {"precinct_size": (64, 64), "no_jp2": True},
        {"mode": "LA"},
    ],
)
def test_a_sound_picture_keeps_its_pixels(options: dict[str, object]) -> None:
    mode = str(options.pop("mode", "RGB"))
    data = saved("JPEG2000", small().convert(mode), **options)
    kept = cut_refused(data)
    assert kept is not None
    with Image.open(io.BytesIO(data)) as before, Image.open(io.BytesIO(kept)) as after:
        assert after.tobytes() == before.tobytes()

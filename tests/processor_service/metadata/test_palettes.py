"""A name in colours of a palette that no pixel has, and in the bits behind the last pixel of a row: it is not kept."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import Image, ImageSequence

from processor_service.formats.containers import png_chunk, png_chunks
from processor_service.metadata.cut import cut_refused
from tests.helpers.secrets_behind_pixels import built_tiff
from tests.helpers.secrets_in_files import NAME, saved, small

COLORS = 8
FREE = (NAME * 2)[:24]


def colors() -> Image.Image:
    """A picture of eight colours."""
    return small().quantize(COLORS)


def frames(data: bytes) -> list[bytes]:
    with Image.open(io.BytesIO(data)) as image:
        return [frame.convert("RGBA").tobytes() for frame in ImageSequence.Iterator(image)]


def gif(free: bytes, *, own: bool = False) -> bytes:
    data = saved("GIF", colors())
    assert data[10] & 7 == 2
    table, rest = data[13 : 13 + 3 * COLORS] + free, data[13 + 3 * COLORS :]
    if not own:
        return data[:10] + bytes((data[10] + 1,)) + data[11:13] + table + rest
    image = rest.index(b"\x2c")
    black = bytes(3 * COLORS)
    return data[:13] + black + rest[: image + 9] + b"\x83" + table + rest[image + 10 :]


def png(free: bytes, alpha: bytes = b"") -> bytes:
    data = saved("PNG", colors(), bits=4)
    body = dict(png_chunks(data))[b"PLTE"][8:-4]
    more = png_chunk(b"tRNS", b"\xff" * COLORS + alpha) if alpha else b""
    return data.replace(png_chunk(b"PLTE", body), png_chunk(b"PLTE", body + free) + more)


def moving(free: bytes) -> bytes:
    """Two frames, of which each has other colours."""
    one, other = Image.new("P", (8, 8), 1), Image.new("P", (8, 8), 2)
    for image in (one, other):
        image.putpalette(bytes((9, 8, 7, 200, 0, 0, 0, 200, 0)) + free)
    return saved("PNG", one, save_all=True, append_images=[other], duration=100)


def bmp(free: bytes) -> bytes:
    data = saved("BMP", colors())
    count, table = struct.pack("<I", COLORS), 54 + 4 * COLORS
    assert data[46:50] == count
    start = struct.pack("<I", table + len(spread(free)))
    return (
        data[:10] + start + data[14:46] + struct.pack("<I", 2 * COLORS) + data[50:table] + spread(free) + data[table:]
    )


def spread(free: bytes) -> bytes:
    return b"".join(free[at : at + 3] + b"\0" for at in range(0, 24, 3))


def ico(free: bytes) -> bytes:
    bitmap = bmp(free)[14:]
    bitmap = bitmap[:8] + struct.pack("<i", 64) + bitmap[12:] + bytes(8 * 32)
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, 48, 32, 0, 0, 1, 8, len(bitmap), 22) + bitmap


def tiff(free: bytes, pack: Callable[[bytes], bytes] = bytes, compression: int = 1) -> bytes:
    picture = colors()
    table = bytearray(2 * 3 * 256)
    for channel in range(3):
        values = (picture.getpalette() or [])[channel : 3 * COLORS : 3]
        table[512 * channel : 512 * channel + 16] = struct.pack("<8H", *(257 * value for value in values))
        table[512 * channel + 16 : 512 * channel + 40] = free
    more = {262: (3, b"\3\0"), 320: (3, bytes(table))}
    return built_tiff(compression, pack(picture.tobytes()), more)


FILES: dict[str, Callable[[bytes], bytes]] = {
    "gif": gif,
    "gif, of an image": lambda free: gif(free, own=True),
    "png": png,
    "png, alpha": lambda free: png(bytes(24), free[:8] if any(free) else b"\xff" * 8),
    "apng": moving,
    "bmp": bmp,
    "ico": ico,
    "tiff": tiff,
    "tiff, deflate": lambda free: tiff(free, zlib.compress, 8),
}


@pytest.mark.parametrize("name", FILES)
def test_colours_that_no_pixel_has_are_black(name: str) -> None:
    hidden, bare = FILES[name](FREE), FILES[name](bytes(24))
    kept = cut_refused(hidden)
    assert hidden != bare
    assert kept is not None
    assert kept == cut_refused(bare)
    assert frames(kept) == frames(hidden)


@pytest.mark.parametrize("format_", ["BMP", "GIF"])
def test_a_palette_of_greys_stays(format_: str) -> None:
    data = saved(format_, Image.linear_gradient("L"))
    with Image.open(io.BytesIO(cut_refused(data) or b"")) as image:
        assert image.mode == "L"


def test_a_palette_of_a_png_that_was_cut_off_is_looked_into() -> None:
    part = png(FREE)[:-100]
    kept = cut_refused(part, cut_off=True) or b""
    assert NAME not in kept
    assert kept.endswith(part[-40:])


@pytest.mark.parametrize("width", [1, 5, 12, 31])
def test_bits_behind_the_last_pixel_of_a_row_are_zero(width: int) -> None:
    picture = small().convert("1").resize((width, 20))
    each = (width + 7) // 8
    for format_, step in (("PPM", each), ("BMP", (width + 31) // 32 * 4)):
        data = saved(format_, picture)
        start = len(data) - 20 * step
        filled = bytearray(data)
        for at in range(start + each - 1, len(data), step):
            filled[at] |= 0xFF >> (width % 8)
        assert cut_refused(bytes(filled)) == cut_refused(data)
        assert frames(cut_refused(bytes(filled)) or b"") == frames(data)


@pytest.mark.parametrize("order", [1, 2])
def test_bits_behind_the_rows_of_a_tiff_are_zero(order: int) -> None:
    bare = bytearray(small().convert("1").resize((45, 32)).tobytes())
    filled = bytearray(bare)
    for at in range(5, len(bare), 6):
        filled[at] |= 7
    tags = {256: (4, struct.pack("<I", 45)), 258: (3, b"\1\0"), 266: (3, bytes((order, 0)))}
    turned = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256)) if order == 2 else None
    one, other = (built_tiff(1, bytes(rows.translate(turned) if turned else rows), tags) for rows in (filled, bare))
    assert one != other
    assert cut_refused(one) == cut_refused(other)
    assert frames(cut_refused(one) or b"") == frames(one)

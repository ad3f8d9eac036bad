"""Bitmaps of 32 bits whose fourth byte means nothing, as many programs write them: they are opaque, as all see them."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from PIL import Image

from processor_service.errors import Code
from tests.helpers.kinds import decoded, refused, rgba
from tests.helpers.pictures import encoded

WIDTH, HEIGHT = 9, 5
COLORS = np.random.default_rng(1).integers(1, 255, (HEIGHT, WIDTH, 3)).astype(np.uint8)


def bgra(alpha: np.ndarray[tuple[int, ...], np.dtype[np.uint8]] | int) -> bytes:
    """The pixels, the last row first."""
    channel = np.broadcast_to(np.asarray(alpha, np.uint8), (HEIGHT, WIDTH))
    return np.dstack([COLORS[..., ::-1], channel])[::-1].tobytes()


def bmp(header: int, alpha: np.ndarray[tuple[int, ...], np.dtype[np.uint8]] | int, compression: int = 3) -> bytes:
    """A BMP of 32 bits a pixel whose masks say that the fourth byte is alpha; `header`: bytes of its second header."""
    pixels = bgra(alpha)
    body = struct.pack("<IiiHHIIiiII", header, WIDTH, HEIGHT, 1, 32, compression, len(pixels), 2835, 2835, 0, 0)
    masks = struct.pack("<4I", 0x00FF0000, 0x0000FF00, 0x000000FF, 0xFF000000)
    body = (body + masks).ljust(max(header, 56), b"\0")
    if header == 40:
        body = body[:56]
    start = 14 + len(body)
    return b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start) + body + pixels


def icon(
    kind: int, alpha: np.ndarray[tuple[int, ...], np.dtype[np.uint8]] | int, hidden: list[tuple[int, int]]
) -> bytes:
    """An icon (1) or cursor (2) of 32 bits with its mask, in which the `hidden` pixels (row, column) are set."""
    mask = np.zeros((HEIGHT, 32), np.uint8)
    for row, column in hidden:
        mask[HEIGHT - 1 - row, column] = 1
    body = struct.pack("<IiiHHIIiiII", 40, WIDTH, 2 * HEIGHT, 1, 32, 0, 0, 0, 0, 0, 0)
    body += bgra(alpha) + np.packbits(mask, axis=1).tobytes()
    planes = (1, 32) if kind == 1 else (0, 0)
    entry = struct.pack("<4B2H2I", WIDTH, HEIGHT, 0, 0, *planes, len(body), 22)
    return struct.pack("<3H", 0, kind, 1) + entry + body


def tga(alpha: np.ndarray[tuple[int, ...], np.dtype[np.uint8]] | int, packed: bool = False) -> bytes:
    pixels = bgra(alpha)
    if packed:
        pixels = b"".join(b"\0" + pixels[at : at + 4] for at in range(0, len(pixels), 4))
    return struct.pack("<3B5x4H2B", 0, 0, 10 if packed else 2, 0, 0, WIDTH, HEIGHT, 32, 8) + pixels


HIDDEN = {
    "BMP of bit fields": bmp(40, 0),
    "BMP V3": bmp(56, 0),
    "BMP V4": bmp(108, 0),
    "BMP V5": bmp(124, 0),
    "ICO": icon(1, 0, []),
    "CUR": icon(2, 0, []),
    "TGA": tga(0),
    "packed TGA": tga(0, packed=True),
}


@pytest.mark.parametrize("name", HIDDEN)
def test_a_bitmap_whose_alpha_is_zero_throughout_is_opaque(name: str) -> None:
    image = decoded(HIDDEN[name]).image
    assert image.mode == "RGB"
    assert (np.asarray(image) == COLORS).all()


ALPHA = np.zeros((HEIGHT, WIDTH), np.uint8)
ALPHA[2, 3:6] = (1, 128, 255)
SHOWN = {
    "BMP of bit fields": bmp(56, ALPHA),
    "BMP V4": bmp(108, ALPHA),
    "BMP V5": bmp(124, ALPHA),
    "ICO": icon(1, ALPHA, []),
    "CUR": icon(2, ALPHA, []),
    "TGA": tga(ALPHA),
}


@pytest.mark.parametrize("name", SHOWN)
def test_one_pixel_that_is_not_hidden_shows_that_alpha_is_meant(name: str) -> None:
    assert (rgba(decoded(SHOWN[name]).image)[..., 3] == ALPHA).all()


@pytest.mark.parametrize("kind", [1, 2])
def test_an_icon_without_alpha_has_its_mask(kind: int) -> None:
    pixels = rgba(decoded(icon(kind, 0, [(0, 0), (1, 8), (4, 2)])).image)
    assert {tuple(map(int, at)) for at in np.argwhere(pixels[..., 3] == 0)} == {(0, 0), (1, 8), (4, 2)}
    assert (pixels[2, :, :3] == COLORS[2]).all()


def test_a_png_in_an_icon_stays_transparent() -> None:
    data = encoded(Image.new("RGBA", (16, 16), (9, 9, 9, 0)), "ICO", sizes=[(16, 16)])
    assert decoded(data).image.getchannel("A").getextrema() == (0, 0)


@pytest.mark.parametrize("sizes", [[(16, 16)], [(16, 16), (48, 48)]])
def test_a_png_in_a_cursor_is_read_as_in_an_icon(sizes: list[tuple[int, int]]) -> None:
    """As cursors are since Windows Vista. A cursor has the place that it points to where an icon has its depth."""
    icon = bytearray(encoded(Image.new("RGBA", (48, 48), (9, 90, 200, 255)), "ICO", sizes=sizes))
    icon[2] = 2
    for number in range(len(sizes)):
        icon[6 + 16 * number + 4 : 6 + 16 * number + 8] = struct.pack("<HH", 7, 9)
    found = decoded(bytes(icon))
    assert found.image.size == max(sizes)
    assert found.image.getpixel((3, 3)) == (9, 90, 200, 255)
    assert found.source.format == "cur"


XBM = b"#define a_width 8\n#define a_height 2\nstatic char a_bits[] = {\n0x0f,0xf0};\n"


@pytest.mark.parametrize(
    "before", [b"", b"/* Created with GIMP */\n", b"\n/** two\n * lines **/ \n", b"/*" + b"*" * 1500 + b"*/"]
)
def test_an_xbm_may_begin_with_a_comment(before: bytes) -> None:
    assert (decoded(before + XBM).image.convert("L").tobytes()) == decoded(XBM).image.convert("L").tobytes()


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF", "AVIF"])
def test_other_formats_stay_transparent(format: str) -> None:
    options = {"lossless": True} if format == "WEBP" else {}
    data = encoded(Image.new("RGBA", (16, 16), (9, 9, 9, 0)), format, **options)
    assert decoded(data).image.getchannel("A").getextrema() == (0, 0)


@pytest.mark.parametrize("width", [1, 8, 13, 150])
def test_a_tga_of_one_bit_a_pixel_is_a_picture(width: int) -> None:
    image = Image.fromarray(np.random.default_rng(width).integers(0, 2, (7, width)).astype(bool))
    data = encoded(image, "TGA")
    # A TGA may end with its pixels.
    data = data[: 18 + 7 * -(-width // 8)]
    assert (data[2], data[16]) == (3, 1)
    result = decoded(data)
    assert result.source.format == "tga"
    assert (np.asarray(result.image.convert("L")) == np.asarray(image.convert("L"))).all()
    # Too few bytes for its pixels: nothing else says that it is a TGA.
    assert refused(data[:18])[0] is Code.NOT_AN_IMAGE


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize(
    ("first", "length", "bits"), [(0, 1, 24), (256, 0, 0), (0, 2, 0), (0, 256, 24), (0, 65535, 32), (65280, 3, 255)]
)
def test_a_tga_that_begins_like_a_cursor_is_a_tga(mode: str, first: int, length: int, bits: int) -> None:
    """Without a colour map, what is said of one is not used; a cursor has the number of its pictures there."""
    image = Image.fromarray(np.random.default_rng(3).integers(0, 256, (48, 64, len(mode)), np.uint8), mode)
    data = encoded(image, "TGA")
    data = data[:3] + struct.pack("<HHB", first, length, bits) + data[8:]
    result = decoded(data)
    assert (result.source.format, result.image.tobytes()) == ("tga", image.tobytes())
    # A TGA may end with its pixels.
    assert refused(data[: 17 + 48 * 64 * len(mode)])[0] is Code.TRUNCATED_IMAGE

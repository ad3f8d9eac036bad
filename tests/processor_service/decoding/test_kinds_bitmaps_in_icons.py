"""Bitmaps within icons and cursors: alpha, mask and colours are where their own headers say, whatever the icon says."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from PIL import Image

from processor_service.errors import Code
from tests.helpers.broken_icons import icon, scene
from tests.helpers.kinds import decoded, furthest, refused
from tests.helpers.pictures import encoded

SIDE = 32
# Of each row the first eight pixels are hidden.
MASK = b"\xff\0\0\0" * SIDE
LENGTH = slice(14, 18)


def bitmap(header: int, bits: int, side: int = SIDE) -> tuple[bytes, Image.Image]:
    """A bitmap with a header of that many bytes, without its mask, and what it shows with it."""
    image, rows, palette = scene(side), b"", b""
    if bits == 8:
        few = image.quantize(256)
        colors = np.zeros((256, 3 if header == 12 else 4), np.uint8)
        known = np.array(few.getpalette(), np.uint8).reshape(-1, 3)
        colors[: len(known), :3] = known[:, ::-1]
        palette, rows, image = colors.tobytes(), few.transpose(Image.Transpose.FLIP_TOP_BOTTOM).tobytes(), few.convert()
    shown = image.convert("RGBA")
    if bits == 32:
        shown.putalpha(Image.linear_gradient("L").resize((side, side)))
    else:
        shown.paste((0, 0, 0, 0), (0, 0, 8, side))
    if bits > 8:
        turned = (shown if bits == 32 else image).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        rows = turned.tobytes("raw", "BGRA" if bits == 32 else "BGR")
    if header == 12:
        head = struct.pack("<IHHHH", 12, side, 2 * side, 1, bits)
    else:
        head = struct.pack("<IiiHHIIiiII", header, side, 2 * side, 1, bits, *[0] * 6).ljust(header, b"\0")
    return head + palette + rows, shown


@pytest.mark.parametrize("kind", [1, 2])
@pytest.mark.parametrize(
    ("header", "bits"), [(header, bits) for header in (12, 40, 108, 124) for bits in (8, 24, 32) if header + bits != 44]
)
def test_a_bitmap_of_any_header_has_its_alpha_or_its_mask(kind: int, header: int, bits: int) -> None:
    data, expected = bitmap(header, bits)
    small = encoded(scene(16), "PNG")
    for pictures in ({SIDE: data + MASK}, {SIDE: data + MASK, 16: small}, {SIDE: [data + MASK, small[:40]]}):
        result = decoded(icon(kind, pictures))
        assert furthest(result.image, expected) == 0
        assert result.source.format == ("ico" if kind == 1 else "cur")


@pytest.mark.parametrize("kind", [1, 2])
@pytest.mark.parametrize("bits", [8, 24])
def test_a_wrong_length_does_not_move_the_mask(kind: int, bits: int) -> None:
    data, expected = bitmap(40, bits)
    whole = icon(kind, {SIDE: data + MASK})
    for length in (0, 1, len(data), len(data) + 500):
        changed = bytearray(whole)
        changed[LENGTH] = length.to_bytes(4, "little")
        assert furthest(decoded(bytes(changed)).image, expected) == 0
    assert refused(whole[:-1])[0] is Code.TRUNCATED_IMAGE


@pytest.mark.parametrize("kind", [1, 2])
def test_without_a_mask_nothing_is_hidden(kind: int) -> None:
    data, _ = bitmap(40, 24)
    for pictures in ({SIDE: data}, {SIDE: data, 16: bitmap(40, 24, 16)[0]}, {48: data, SIDE: data}):
        result = decoded(icon(kind, pictures)).image
        assert (result.mode, furthest(result, scene(SIDE))) == ("RGB", 0)


@pytest.mark.parametrize("kind", [1, 2])
@pytest.mark.parametrize("bits", [24, 32])
def test_rows_from_the_uppermost_on_have_their_alpha_or_their_mask(kind: int, bits: int) -> None:
    data, expected = bitmap(40, bits)
    row = SIDE * bits // 8
    upper = b"".join(data[at : at + row] for at in range(len(data) - row, 39, -row))
    turned = data[:8] + struct.pack("<i", -2 * SIDE) + data[12:40] + upper
    # The mask tells the rows apart, too.
    hidden = expected.copy()
    if bits != 32:
        hidden.paste((0, 0, 0, 0), (0, 0, SIDE, 4))
    mask = b"\xff" * 16 + MASK[16:]
    for pictures in ({SIDE: turned + mask}, {SIDE: turned + mask, 16: bitmap(40, 24, 16)[0]}):
        assert furthest(decoded(icon(kind, pictures)).image, hidden) == 0


@pytest.mark.parametrize("kind", [1, 2])
def test_256_pixels_are_written_as_0(kind: int) -> None:
    data, expected = bitmap(40, 32, 256)
    assert furthest(decoded(icon(kind, {0: data, SIDE: bitmap(40, 24)[0] + MASK})).image, expected) == 0


@pytest.mark.parametrize("kind", [1, 2])
def test_numbers_that_are_none_are_refused(kind: int) -> None:
    head = struct.pack("<IiiHHIIiiII", 40, 2**31 - 1, 2**31 - 2, 1, 0, 0, 0, 0, 0, 2**32 - 1, 0)
    for bits in (0, 1, 3, 24, 32):
        data = icon(kind, {SIDE: head[:14] + bits.to_bytes(2, "little") + head[16:] + bytes(200)})
        assert refused(data)[0] in (Code.CORRUPT_IMAGE, Code.TRUNCATED_IMAGE, Code.UNSUPPORTED_FORMAT,
                                    Code.TOO_MANY_PIXELS, Code.DIMENSION_TOO_LARGE)  # fmt: skip

"""Every type of PNG against a decoder of our own that follows the specification and shares nothing with Pillow."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
import pyvips
from PIL import Image

from tests.helpers.kinds import decoded, refused, rgba
from tests.helpers.paths import PICTURES
from tests.helpers.pictures import picture
from tests.helpers.png_chunks import chunk
from tests.helpers.png_reference import decode_apng, decode_png

SUITE = sorted(path.name for path in (PICTURES / "pngsuite").glob("*.png"))
VALID = [name for name in SUITE if not name.startswith("x")]


@pytest.mark.parametrize("name", VALID)
def test_a_png_is_what_the_specification_says(name: str) -> None:
    data = picture(f"pngsuite/{name}")
    expected = decode_png(data).astype(np.int64)
    expected[expected[..., 3] == 0] = 0
    assert np.abs(rgba(decoded(data).image) - expected).max() <= 1


def test_the_suite_is_whole() -> None:
    assert len(VALID) > 150


# xcsn0g01: a wrong checksum of the pixels, which decoders pass over; the pixels are whole.
@pytest.mark.parametrize("name", [name for name in SUITE if name.startswith("x") and name != "xcsn0g01.png"])
def test_an_invalid_png_is_refused(name: str) -> None:
    code, reason = refused(f"pngsuite/{name}")
    assert code.code in ("not_an_image", "corrupt_image", "truncated_image")
    assert len(reason) > 15


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("basn0g01", "L"),
        ("basn0g16", "L"),
        ("basn4a16", "LA"),
        ("basn6a16", "RGBA"),
        ("basn3p02", "RGB"),
        ("tbbn3p08", "RGBA"),
        ("tbbn0g04", "LA"),
        ("tbwn0g16", "LA"),
    ],
)
def test_grey_stays_grey_and_alpha_comes_only_where_it_is(name: str, mode: str) -> None:
    assert decoded(f"pngsuite/{name}.png").image.mode == mode


def keyed(depth: int, color: int, key: tuple[int, ...], values: np.ndarray[Any, Any], interlace: bool = False) -> bytes:
    """A PNG of grey (0) or RGB (2) with a colour key of 16-bit numbers, whatever its depth."""
    height, width = values.shape[:2]
    if interlace:
        image = pyvips.Image.new_from_array(values).copy(interpretation="rgb16" if color else "grey16")
        data = bytes(image.pngsave_buffer(interlace=True))
    else:
        if depth == 16:
            rows = values.astype(">u2").reshape(height, -1).view(np.uint8)
        else:
            bits = (values.reshape(height, -1)[..., None] >> np.arange(depth - 1, -1, -1)) & 1
            rows = np.packbits(bits.reshape(height, -1).astype(np.uint8), axis=1)
        raw = b"".join(b"\0" + row.tobytes() for row in rows)
        header = struct.pack(">2I5B", width, height, depth, color, 0, 0, 0)
        data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
    return data[:33] + chunk(b"tRNS", struct.pack(f">{len(key)}H", *key)) + data[33:]


@pytest.mark.parametrize("high", [0, 0x100, 0xAB00])
@pytest.mark.parametrize(("color", "depth"), [(0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (2, 8), (2, 16)])
def test_a_colour_key_is_compared_in_the_depth_of_the_picture(color: int, depth: int, high: int) -> None:
    """16 bits on 16; of fewer bits only these count, whatever stands above them."""
    channels = 1 if color == 0 else 3
    top = 2**depth
    values = np.random.default_rng(depth).integers(0, top, (16, 24, channels)).astype(np.uint16)
    key = tuple(int(value) for value in values[5, 7])
    if depth == 16:
        # Pixels that agree in their upper bytes, or in their lower ones, or in two of three colours.
        values[0, :8] = values[5, 7] ^ 1
        values[1, :8] = values[5, 7] ^ 0x100
        values[2, :8] = values[5, 7]
        values[3, :8, 0] = values[5, 7, 0]
    else:
        key = tuple(value | high >> 8 << 8 if depth == 8 else value | high for value in key)
    data = keyed(depth, color, key, values)
    expected = decode_png(data).astype(np.int64)
    assert 0 < (expected[..., 3] == 0).sum() < expected[..., 3].size
    expected[expected[..., 3] == 0] = 0
    assert np.abs(rgba(decoded(data).image) - expected).max() <= 1


@pytest.mark.parametrize("channels", [1, 3])
def test_a_colour_key_of_16_bits_in_an_interlaced_png(channels: int) -> None:
    values = np.random.default_rng(1).integers(0, 65536, (16, 24, channels)).astype(np.uint16)
    values[0, :8] = values[5, 7] ^ 1
    data = keyed(16, channels - 1, tuple(map(int, values[5, 7])), values, interlace=True)
    expected = decode_png(data).astype(np.int64)
    assert (expected[..., 3] == 0).sum() == 1
    expected[expected[..., 3] == 0] = 0
    assert np.abs(rgba(decoded(data).image) - expected).max() <= 1


def test_a_colour_key_of_16_bits_in_an_animation() -> None:
    values = np.random.default_rng(2).integers(0, 65536, (16, 24, 3)).astype(np.uint16)
    values[0, :8] = values[5, 7] ^ 1
    still = keyed(16, 2, tuple(map(int, values[5, 7])), values)
    control = [chunk(b"fcTL", struct.pack(">5I2H2B", n, 24, 16, 0, 0, 1, 10, 0, 0)) for n in (0, 1)]
    at, end = still.index(b"IDAT") - 4, still.index(b"IEND") - 4
    pixels = still[at + 8 : end - 4]
    frames = chunk(b"acTL", struct.pack(">2I", 2, 0)) + control[0] + still[at:end] + control[1]
    data = still[:at] + frames + chunk(b"fdAT", struct.pack(">I", 2) + pixels) + still[end:]
    result = decoded(data, all_frames=True)
    for frame, expected in zip(result.frames, decode_apng(data), strict=True):
        assert (expected[..., 3] == 0).sum() == 1
        assert (np.asarray(frame)[..., 3] == expected[..., 3]).all()


def test_the_case_has_8_transparent_pixels() -> None:
    image = decoded("cases/png16_trns.png").image
    assert (np.asarray(image.getchannel("A")) == 0).sum() == 8


def test_a_png_that_is_transparent_throughout_stays_so() -> None:
    buffer = io.BytesIO()
    Image.new("RGBA", (4, 4), (200, 30, 30, 0)).save(buffer, "PNG")
    assert decoded(buffer.getvalue()).image.getchannel("A").getextrema() == (0, 0)

"""PNGs whose pixels are unpacked by another library than Pillow's: the same pixels, and nothing is overlooked."""

from __future__ import annotations

import io
import zlib

import numpy as np
import pytest
from PIL import Image

from processor_service.decoding.fast_png import unpacked
from processor_service.formats.containers import PNG_SIGNATURE, png_chunk, png_chunks
from tests.helpers.pictures import encoded, opened

SIZE = (420, 400)
NOISE = Image.frombytes("RGBA", SIZE, np.random.default_rng(3).bytes(4 * SIZE[0] * SIZE[1]))
DATA = encoded(NOISE, "PNG")
PIXELS = b"".join(chunk[8:-4] for name, chunk in png_chunks(DATA) if name == b"IDAT")


def made(*packed: bytes, between: bytes = b"") -> bytes:
    """The same PNG with other packed pixels, each in a chunk of its own."""
    others = [chunk for name, chunk in png_chunks(DATA) if name != b"IDAT"]
    return PNG_SIGNATURE + others[0] + between.join(png_chunk(b"IDAT", part) for part in packed) + b"".join(others[1:])


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_pixels_are_those_of_pillow(mode: str) -> None:
    image = Image.frombytes("I;16", SIZE, NOISE.convert("LA").tobytes()) if mode == "I;16" else NOISE.convert(mode)
    data = encoded(image, "PNG")
    faster = unpacked(data)
    assert len(faster) > len(data) or faster != data
    assert opened(faster).tobytes() == opened(data).tobytes() == image.tobytes()


def test_everything_but_the_pixels_stays() -> None:
    buffer = io.BytesIO()
    NOISE.save(buffer, "PNG", dpi=(72, 72), exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0", icc_profile=b"profile")
    data = buffer.getvalue()
    kept = [chunk for chunk in png_chunks(unpacked(data)) if chunk[0] != b"IDAT"]
    assert kept == [chunk for chunk in png_chunks(data) if chunk[0] != b"IDAT"]
    assert unpacked(data) != data


def test_pixels_in_several_chunks_are_one() -> None:
    assert opened(unpacked(made(PIXELS[:1000], b"", PIXELS[1000:]))).tobytes() == NOISE.tobytes()


@pytest.mark.parametrize(
    "data",
    [
        made(PIXELS[:-1] + bytes([PIXELS[-1] ^ 1])),
        made(PIXELS[:-2000]),
        made(PIXELS + b"more"),
        made(zlib.compress(zlib.decompress(PIXELS) + b"more")),
        made(zlib.compress(zlib.decompress(PIXELS)[:-1])),
        made(zlib.compress(zlib.decompress(PIXELS), 1, 10)),
        made(PIXELS[:1000], PIXELS[1000:], between=png_chunk(b"tEXt", b"a\0b")),
        made(PIXELS).replace(PIXELS[5000:5010], bytes(10)),
        DATA[:-4000],
        DATA[:30],
        encoded(NOISE.resize((90, 90)), "PNG"),
        b"",
    ],
    ids=[
        *("checksum", "cut off", "rubbish behind", "too many", "too few", "window", "between", "crc", "end"),
        *("header", "small", "nothing"),
    ],
)
def test_whatever_is_not_as_it_should_be_is_left_to_pillow(data: bytes) -> None:
    assert unpacked(data) is data

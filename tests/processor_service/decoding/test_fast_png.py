"""PNGs whose pixels are unpacked by another library than Pillow's: the same pixels, and nothing is overlooked."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pyspng
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from processor_service.decoding import fast_png
from processor_service.decoding.decode import decode
from processor_service.decoding.fast_png import is_unfiltered, unpacked
from processor_service.formats.containers import PNG_SIGNATURE, png_chunk, png_chunks
from processor_service.settings import Settings
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


# Each filter alone, on lines of pixels that change in both directions, and one that does not exist.
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("number", range(6))
def test_filters_are_undone_as_by_pillow(mode: str, number: int) -> None:
    size = (251, 401)
    length = 1 + size[0] * len(mode)
    lines = np.random.default_rng(4).integers(0, 256, (size[1], length), np.uint8)
    lines[:, 0] = number
    header = struct.pack(">IIBBBBB", *size, 8, {"RGB": 2, "RGBA": 6}[mode], 0, 0, 0)
    packed = zlib.compress(lines.tobytes())
    found = [(b"IHDR", header), (b"IDAT", packed[:999]), (b"IDAT", packed[999:]), (b"tEXt", b"Title\0Hill")]
    data = PNG_SIGNATURE + b"".join(png_chunk(*chunk) for chunk in (*found, (b"IEND", b"")))
    with Image.open(io.BytesIO(data)) as image:
        assert isinstance(image, PngImageFile)
        assert is_unfiltered(image, data) is (number < 5)
        if number < 5:
            assert np.array_equal(np.asarray(image), np.asarray(opened(data)))
            # It stands behind the pixels, where Pillow reads on.
            assert image.text == {"Title": "Hill"}
        else:
            with pytest.raises(OSError):
                image.load()


@pytest.mark.parametrize("mode", ["L", "LA", "P", "I;16"])
def test_filters_of_others_are_left_to_pillow(mode: str) -> None:
    data = encoded(Image.new(mode, (1000, 1000)), "PNG")
    with Image.open(io.BytesIO(data)) as image:
        assert not is_unfiltered(image, data)


def test_an_animation_is_left_to_pillow() -> None:
    data = encoded(NOISE, "PNG", save_all=True, append_images=[NOISE.rotate(180)])
    with Image.open(io.BytesIO(data)) as image:
        assert not is_unfiltered(image, data)


def test_a_transparent_colour_stays_transparent() -> None:
    rgb, color = NOISE.convert("RGB"), (7, 8, 9)
    rgb.putpixel((5, 6), color)
    image = decode(encoded(rgb, "PNG", transparency=color), Settings()).image
    assert image.mode == "RGBA" and image.getpixel((5, 6)) == (*color, 0)
    assert image.convert("RGB").tobytes() == rgb.tobytes()


@pytest.mark.parametrize("lack", ["isal", "spng", "memory"])
def test_without_these_libraries_pixels_are_the_same(lack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise MemoryError

    if lack == "memory":
        monkeypatch.setattr(pyspng, "load", fails)
    else:
        monkeypatch.setattr(fast_png, f"HAS_{lack.upper()}", False)
    assert decode(DATA, Settings()).image.tobytes() == NOISE.tobytes()

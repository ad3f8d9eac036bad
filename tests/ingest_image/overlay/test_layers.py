"""What is laid over comes from documents, and anybody may write those."""

from __future__ import annotations

import struct
import tracemalloc
import zlib

import pytest
from PIL import Image

from ingest_image.overlay import Layer, layer_of, layer_of_bytes
from tests.helpers.pictures import b64, encoded, picture
from tests.processor_service.decoding.bombs import jpeg_of_many_scans

FLOWER = picture("pillow/flower.jpg")


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def claimed(width: int, height: int) -> bytes:
    """A PNG with a header of that size and a few bytes of pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "value",
    [
        None,
        17,
        True,
        [],
        {"data": "x"},
        "",
        "no base64!",
        b64(FLOWER)[:-1] + "\ud800",
        b64(b"no picture"),
        b64(FLOWER[: len(FLOWER) // 2]),
        b64(claimed(30_000, 30_000)),
        b64(claimed(4_000, 3_000)),
        b64(jpeg_of_many_scans()),
        # Formats that the service does not store.
        b64(picture("pillow/tiff_16bit_RGB.tiff")),
        b64(picture("pillow/hopper.sgi")),
        b64(picture("pillow/decompression_bomb.gif")),
        b64(picture("cases/svg_bom.svg")),
    ],
    ids=[
        *("none", "number", "truth", "list", "object", "empty", "no base64", "surrogate", "no picture", "half"),
        *("bomb", "large PNG", "scans", "TIFF", "SGI", "GIF", "SVG"),
    ],
)
def test_what_is_no_picture_of_ours_has_no_layer(value: object) -> None:
    assert layer_of(value) is None


def test_what_is_too_much_has_no_layer() -> None:
    assert layer_of("A" * 40_000_001) is None


def test_a_bomb_costs_nothing() -> None:
    value = b64(claimed(30_000, 30_000))
    tracemalloc.start()
    try:
        assert layer_of(value) is None
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("size", [(3000, 2000), (256, 100), (40, 60), (1, 1), (5000, 3)])
def test_all_layers_have_one_size(format: str, size: tuple[int, int]) -> None:
    found = layer_of(b64(encoded(Image.effect_noise(size, 80).convert("RGB"), format)))
    assert found is not None
    assert max(found.size) == 256 and min(found.size) >= 8


def test_a_stored_picture_lies_as_people_see_it() -> None:
    """Not every pipeline turns pictures upright."""
    sizes = [layer_size(f"exif-orientation/Landscape_{number}.jpg") for number in (1, 6)]
    assert sizes[0] == sizes[1] and sizes[0][0] == 256


def layer_size(name: str) -> tuple[int, int]:
    found = layer_of_bytes(picture(name))
    assert isinstance(found, Layer)
    return found.size


def test_transparent_parts_are_white() -> None:
    found = layer_of_bytes(encoded(Image.new("RGBA", (20, 20), (0, 0, 0, 0))))
    assert found is not None and found.gray.min() == 255


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "I;16", "CMYK"])
def test_every_mode_has_a_layer(mode: str) -> None:
    image = Image.new(mode, (30, 20))
    assert layer_of_bytes(encoded(image, "JPEG" if mode == "CMYK" else "PNG")) is not None

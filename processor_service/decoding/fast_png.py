"""Unpacks the pixels of ordinary PNGs with ISA-L, in less than half of the time that Pillow's zlib takes.

Of colours with 8 bits libspng undoes the filters, in six tenths of Pillow's time, and Pillow takes the pixels over. Of
others Pillow gets the same file whose pixels are not packed. In both cases Pillow reads everything else. Any PNG that
is not quite as it should be is left as it is, so that Pillow decides what can be saved.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

from PIL import Image, ImageFile
from PIL.PngImagePlugin import PngImageFile

from ..formats.containers import PNG_SIGNATURE, png_chunks
from .png_checksum import has_checksum

try:
    from isal import isal_zlib
except ImportError:
    # There are no wheels for some machines.
    HAS_ISAL = False
else:
    HAS_ISAL = True
try:
    import pyspng
except ImportError:
    HAS_SPNG = False
else:
    HAS_SPNG = True

_HEADER, _PIXELS = b"IHDR", b"IDAT"
# Samples of a pixel, by the type of colour.
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
# Unpacked bytes. Below, other work takes longer; above, two copies of the pixels would take too much memory.
_LEAST, _MOST = 128 * 1024, 48 * 1024**2
# How pixels begin that are packed with the usual window. With a smaller one zlib refuses what ISA-L takes.
_USUAL = 0x78
# Of a block of deflate that is not packed (RFC 1951, section 3.2.4).
_BLOCK = 65_535
_NOT_PACKED = b"\x78\x01"
# Modes whose filters libspng undoes. It has three copies of the pixels meanwhile.
_UNFILTERED, _MOST_UNFILTERED = ("RGB", "RGBA"), 32 * 1024**2
_END = b"\0\0\0\0IEND\xaeB`\x82"
# Pillow's name for the decoder below.
_DECODER = "png_pixels"


class _Pixels(ImageFile.PyDecoder):
    """Hands pixels over to Pillow that are decoded already. They are its second argument, after their mode."""

    _pulls_fd = True

    def decode(self, _: Any) -> tuple[int, int]:
        """Called by Pillow instead of a decoder of its own."""
        mode, pixels = self.args
        self.set_as_raw(pixels, mode)
        return -1, 0


Image.register_decoder(_DECODER, _Pixels)


def with_unpacked(image: Image.Image, data: bytes) -> Image.Image:
    """The same opened picture, not loaded yet, in a way that is faster to load if there is one."""
    if image.format != "PNG" or not HAS_ISAL:
        return image
    try:
        if is_unfiltered(image, data):
            return image
        faster = unpacked(data)
        return image if faster is data else Image.open(io.BytesIO(faster), formats=["PNG"])
    except MemoryError:
        return image


def is_unfiltered(image: Image.Image, data: bytes) -> bool:
    """Whether an opened PNG was given its pixels, which it takes over when it is loaded."""
    if not HAS_SPNG or not isinstance(image, PngImageFile) or image.is_animated or len(image.tile) != 1:
        return False
    # Where there is nothing more to say than the mode, the tile has 8 bits a sample, and no passes.
    mode = image.tile[0].args
    if mode not in _UNFILTERED or (found := _parts(data, _MOST_UNFILTERED)) is None:
        return False
    # It gets nothing of the file but its size and the pixels that are to be undone.
    bare = _file(found[0][:1], found[1], [_END])
    del found
    try:
        pixels = pyspng.load(bare, mode)
    except RuntimeError:
        # A filter that does not exist, or too little memory.
        return False
    image.tile = [image.tile[0]._replace(codec_name=_DECODER, args=(mode, pixels))]
    return True


def unpacked(data: bytes) -> bytes:
    """The same PNG with pixels that are not packed; one that is not as it should be is returned unchanged."""
    found = _parts(data, _MOST)
    return data if found is None else _file(*found)


def _parts(data: bytes, most: int) -> tuple[list[bytes], bytes, list[bytes]] | None:
    """Chunks before the pixels of a PNG, its unpacked pixels, chunks after them.

    None when it is not as it should be, or has more than `most` bytes of pixels.
    """
    chunks = list(png_chunks(data))
    size = _size(chunks[0][1]) if chunks and chunks[0][0] == _HEADER else 0
    places = [at for at, (name, _) in enumerate(chunks) if name == _PIXELS]
    if not _LEAST <= size <= most or not places or any(after - at > 1 for at, after in pairwise(places)):
        return None
    packed = [chunks[at][1] for at in places]
    if not all(len(chunk) == 12 + int.from_bytes(chunk[:4]) and has_checksum(chunk) for chunk in packed):
        return None
    if (pixels := _pixels(b"".join(memoryview(chunk)[8:-4] for chunk in packed), size)) is None:
        return None
    return [chunk for _, chunk in chunks[: places[0]]], pixels, [chunk for _, chunk in chunks[places[-1] + 1 :]]


def _file(before: Iterable[bytes], pixels: bytes, after: Iterable[bytes]) -> bytes:
    return b"".join((PNG_SIGNATURE, *before, *_chunk(pixels), *after))


def _size(header: bytes) -> int:
    """Unpacked bytes of the pixels; 0 when they are in several passes, or the header is broken."""
    if len(header) != 25:
        return 0
    width, height, bits, colors, *_, passes = struct.unpack(">IIBBBBB", header[8:21])
    return 0 if passes else height * (1 + (width * bits * _SAMPLES.get(colors, 0) + 7) // 8)


def _pixels(packed: bytes, size: int) -> bytes | None:
    """Exactly `size` bytes with the right checksum; None when there are more or fewer."""
    if packed[:1] != bytes([_USUAL]):
        return None
    unpacking = isal_zlib.decompressobj()
    try:
        pixels: bytes = unpacking.decompress(packed, size + 1)
    except Exception:
        # Its own error is declared wrongly.
        return None
    return pixels if len(pixels) == size and unpacking.eof and not unpacking.unused_data else None


def _chunk(pixels: bytes) -> Iterator[bytes | memoryview]:
    """The pieces of a chunk with these pixels."""
    parts = list(_blocks(pixels))
    checksum = isal_zlib.crc32(_PIXELS)
    for part in parts:
        checksum = isal_zlib.crc32(part, checksum)
    yield struct.pack(">I", sum(map(len, parts))) + _PIXELS
    yield from parts
    yield struct.pack(">I", checksum)


def _blocks(pixels: bytes) -> Iterator[bytes | memoryview]:
    yield _NOT_PACKED
    view = memoryview(pixels)
    for at in range(0, len(pixels), _BLOCK):
        part = view[at : at + _BLOCK]
        yield struct.pack("<BHH", at + _BLOCK >= len(pixels), len(part), len(part) ^ 0xFFFF)
        yield part
    yield struct.pack(">I", isal_zlib.adler32(pixels))

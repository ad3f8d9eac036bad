"""Finds damaged pixels of a PNG: its decoder makes a picture of whatever still looks like packed bytes."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence

from PIL import Image, ImageFile

from ..formats.containers import png_chunks

_PIXELS = b"IDAT"
_STEP = 1024**2


def check_pixels(image: Image.Image, data: bytes) -> None:
    """Raise ValueError when pixels of an opened PNG are not those that its writer packed."""
    if image.format == "PNG":
        check_chunks([chunk for name, chunk in png_chunks(data) if name == _PIXELS], image.size)


def check_chunks(chunks: Sequence[bytes], size: tuple[int, int], before: int = 0) -> None:
    """The same for the chunks with the pixels of a frame of that size. `before`: bytes in each before the pixels.

    A wrong checksum of a chunk alone does not say so: some programs write none. The pixels' own must be wrong, too. It
    is looked at only then, as all of them have to be unpacked for it.
    """
    if ImageFile.LOAD_TRUNCATED_IMAGES or not all(map(_is_whole, chunks)) or all(map(has_checksum, chunks)):
        return
    most = size[1] * (8 * size[0] + 1) * 2
    if _is_damaged((chunk[8 + before : -4] for chunk in chunks), most):
        raise ValueError("its pixels are not those that its checksums say")


def _is_whole(chunk: bytes) -> bool:
    return len(chunk) == 12 + int.from_bytes(chunk[:4])


def has_checksum(chunk: bytes) -> bool:
    """Whether the checksum at the end of a chunk is right."""
    return zlib.crc32(memoryview(chunk)[4:-4]) == int.from_bytes(chunk[-4:])


def _is_damaged(packed: Iterable[bytes], most: int) -> bool:
    """Whether the checksum behind the packed bytes is wrong, or missing. No more than `most` bytes are unpacked."""
    unpacking = zlib.decompressobj()
    try:
        for piece in packed:
            while piece and not unpacking.eof and most > 0:
                most -= len(unpacking.decompress(piece, _STEP))
                piece = unpacking.unconsumed_tail
    except zlib.error:
        return True
    return most > 0 and not unpacking.eof

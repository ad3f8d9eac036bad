"""Finds damaged pixels of a PNG: its decoder makes a picture of whatever still looks like packed bytes."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from PIL import Image, ImageFile

from ..formats.containers import png_chunks

_PIXELS = b"IDAT"
_STEP = 1024**2


def check_pixels(image: Image.Image, data: bytes) -> None:
    """Raise ValueError when pixels of an opened PNG are not those that its writer packed.

    A wrong checksum of a chunk alone does not say so: some programs write none. The pixels' own must be wrong, too. It
    is looked at only then, as all of them have to be unpacked for it.
    """
    if image.format != "PNG" or ImageFile.LOAD_TRUNCATED_IMAGES:
        return
    chunks = [chunk for name, chunk in png_chunks(data) if name == _PIXELS]
    if not all(map(_is_whole, chunks)) or all(map(_has_checksum, chunks)):
        return
    most = image.height * (8 * image.width + 1) * 2
    if _is_damaged((chunk[8:-4] for chunk in chunks), most):
        raise ValueError("its pixels are not those that its checksums say")


def _is_whole(chunk: bytes) -> bool:
    return len(chunk) == 12 + int.from_bytes(chunk[:4])


def _has_checksum(chunk: bytes) -> bool:
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

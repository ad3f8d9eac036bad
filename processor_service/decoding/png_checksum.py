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
    is looked at only then, or where that of a chunk is cut off, as all of them have to be unpacked for it.
    """
    ends = [8 + int.from_bytes(chunk[:4]) for chunk in chunks]
    parts = list(zip(chunks, ends, strict=True))
    if ImageFile.LOAD_TRUNCATED_IMAGES or all(len(chunk) == end + 4 and has_checksum(chunk) for chunk, end in parts):
        return
    most = size[1] * (8 * size[0] + 1) * 2
    is_whole = all(len(chunk) >= end for chunk, end in parts)
    if _is_damaged((chunk[8 + before : end] for chunk, end in parts), most, is_whole):
        raise ValueError("its pixels are not those that its checksums say")


def has_checksum(chunk: bytes) -> bool:
    """Whether the checksum at the end of a chunk is right."""
    return zlib.crc32(memoryview(chunk)[4:-4]) == int.from_bytes(chunk[-4:])


def _is_damaged(packed: Iterable[bytes], most: int, is_whole: bool) -> bool:
    """Whether the checksum behind the packed bytes is wrong, or missing in a whole file.

    No more than `most` bytes are unpacked.
    """
    unpacking = zlib.decompressobj()
    try:
        for piece in packed:
            while piece and not unpacking.eof and most > 0:
                most -= len(unpacking.decompress(piece, _STEP))
                piece = unpacking.unconsumed_tail
    except zlib.error:
        return True
    return is_whole and most > 0 and not unpacking.eof

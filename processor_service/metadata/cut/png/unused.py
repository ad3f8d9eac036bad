"""What no pixel of a PNG has: colours of its palette, bits behind its rows (W3C PNG, third edition, 7.2, 11.2.2)."""

from __future__ import annotations

import io
import zlib

import numpy as np
from PIL.PngImagePlugin import PngImageFile

from ....formats.containers import PNG_SIGNATURE, png_chunk
from ..palettes import Used, only_used, used_by
from .shapes import Header

_OPAQUE = 255
# Pixels that are decoded, a byte each: a second.
_MOST_PIXELS = 200_000_000
# A frame's sides in pixels, and its compressed rows.
Frame = tuple[int, int, bytes]


def used_colors(header: Header, frames: list[Frame]) -> Used:
    """The colours that any pixel of the frames has.

    Raises ValueError when there are too many pixels, or broken ones.
    """
    if sum(width * height for width, height, _ in frames) > _MOST_PIXELS:
        raise ValueError("too many pixels to see which colours they have")
    used: Used = np.logical_or.reduce([used_by(_numbers(header, *frame)) for frame in frames])
    return used


def check_edges(header: Header, frames: list[Frame]) -> None:
    """Raise ValueError when a bit that fills up the last byte of a row is set, or when it takes long to tell."""
    for width, height, packed in frames:
        in_byte = 8 // min(header.depth, 8)
        wide = -(-width // in_byte) * in_byte
        if wide == width:
            continue
        if header.interlaced or wide * height > _MOST_PIXELS:
            raise ValueError("rows of the PNG of which nobody looks at the last bits")
        # With them, as pixels.
        rows = np.frombuffer(_numbers(header, wide, height, packed), np.uint8).reshape(height, wide)
        if rows[:, width:].any():
            raise ValueError("bits behind the rows of the PNG")


def palette(body: bytes, header: Header, used: Used) -> bytes:
    """The content of the chunk PLTE."""
    return only_used(body[: min(len(body) // 3, header.most_colors) * 3], used)


def alpha(body: bytes, used: Used) -> bytes:
    """The content of the chunk tRNS; colours that no pixel has are opaque."""
    values = np.frombuffer(body, np.uint8)
    return np.where(used[: len(values)], values, _OPAQUE).astype(np.uint8).tobytes()


def _numbers(header: Header, width: int, height: int, packed: bytes) -> bytes:
    """The number of the colour of each pixel."""
    sides = width.to_bytes(4) + height.to_bytes(4)
    head = PNG_SIGNATURE + png_chunk(b"IHDR", sides + bytes((header.depth, 3, 0, 0, header.interlaced)))
    head += png_chunk(b"PLTE", bytes(3 << header.depth))
    try:
        try:
            return _decoded(head, packed)
        except OSError:
            # Rows are missing.
            rows = zlib.decompressobj().decompress(packed)
            return _decoded(head, zlib.compress(rows.ljust(header.size(width, height), b"\0"), 1))
    except (OSError, SyntaxError, zlib.error) as error:
        raise ValueError("the pixels of the PNG cannot be decoded") from error


def _decoded(head: bytes, packed: bytes) -> bytes:
    # Opened by its class: the number of pixels was checked.
    with PngImageFile(io.BytesIO(head + png_chunk(b"IDAT", packed) + png_chunk(b"IEND", b""))) as image:
        return image.tobytes()

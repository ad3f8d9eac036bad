"""Bitmaps whose alpha is zero everywhere: their writers left that byte unused, and other programs show them opaque."""

from __future__ import annotations

import numpy as np
from PIL import Image

from ..formats.containers import PNG_SIGNATURE
from ..picture import has_alpha

# Pillow's names of the formats whose fourth byte may be unused.
_BITMAPS = ("BMP", "DIB", "ICO", "CUR", "TGA")
_ICONS = ("ICO", "CUR")
_HEADER, _ENTRY = 6, 16


def with_visible_alpha(image: Image.Image, pixels: Image.Image, data: bytes) -> Image.Image:
    """The pixels of an opened picture. If alpha hides all of them, it is dropped; an icon gets its mask instead."""
    if image.format not in _BITMAPS or not has_alpha(pixels) or pixels.getchannel("A").getextrema() != (0, 0):
        return pixels
    opaque = pixels.convert(pixels.mode[:-1])
    if image.format not in _ICONS:
        return opaque
    found = _icon_at(data, pixels.size)
    if found is None:
        # A PNG within the icon: its alpha is intended.
        return pixels
    mask = _icon_mask(data, found, pixels.size)
    if mask is not None and 0 < np.count_nonzero(mask) < mask.size:
        opaque.putalpha(Image.fromarray(np.where(mask, 0, 255).astype(np.uint8)))
    return opaque


def cursor_as_icon(data: bytes) -> bytes | None:
    """A cursor with a PNG in it as an icon, because Pillow reads PNGs in icons only; None for other bytes."""
    if data[:4] != b"\0\0\2\0":
        return None
    count = min(int.from_bytes(data[4:6], "little"), (len(data) - _HEADER) // _ENTRY)
    starts = [_HEADER + number * _ENTRY for number in range(count)]
    offsets = [int.from_bytes(data[start + 12 : start + 16], "little") for start in starts]
    if not any(data.startswith(PNG_SIGNATURE, at) for at in offsets):
        return None
    icon = bytearray(data)
    icon[2] = 1
    for start in starts:
        # A cursor's hot spot is in the place of an icon's depth.
        icon[start + 4 : start + 8] = bytes(4)
    return bytes(icon)


def _icon_at(data: bytes, size: tuple[int, int]) -> int | None:
    """Where the bitmap of that size begins in an icon or cursor; None when there is none."""
    for number in range(int.from_bytes(data[4:6], "little")):
        entry = data[_HEADER + number * _ENTRY : _HEADER + (number + 1) * _ENTRY]
        at = int.from_bytes(entry[12:16], "little")
        width, height = (int.from_bytes(data[place : place + 4], "little") for place in (at + 4, at + 8))
        # Both masks count as height.
        if data[at : at + 4] == b"\x28\0\0\0" and (width, height) == (size[0], 2 * size[1]):
            return at
    return None


def _icon_mask(data: bytes, at: int, size: tuple[int, int]) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]] | None:
    """1 for each pixel that is not shown, from the mask after 32-bit pixels. Its rows are upside down."""
    width, height = size
    row = (width + 31) // 32 * 4
    start = at + 40 + width * height * 4
    octets = np.frombuffer(data[start : start + row * height], np.uint8)
    if octets.size < row * height:
        return None
    return np.unpackbits(octets.reshape(height, row), axis=1)[::-1, :width]

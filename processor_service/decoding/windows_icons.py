"""ICO and CUR: which picture is shown, and the same icon as Pillow reads it without a mistake.

Pillow believes what the directory says of a bitmap: by its depth it looks for alpha, by its length for the mask. Both
are often wrong there, and right in the bitmap's own header. Of a cursor it reads neither alpha nor mask nor PNG.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from ..formats.containers import PNG_SIGNATURE

ICON, CURSOR = b"\0\0\1\0", b"\0\0\2\0"
WINDOWS = (ICON, CURSOR)
_HEADER, _ENTRY = 6, 16
# Headers of bitmaps, by their length: the oldest has shorter numbers.
_OLD, _HEADERS = 12, frozenset((12, 40, 52, 56, 64, 108, 124))
_DEPTHS = frozenset((1, 2, 4, 8, 16, 24, 32))
_PLAIN, _FIELDS = 0, 3
_WITH_ALPHA, _WITHOUT = 32, 24
_MOST_OF_PALETTE = 8
# Entries that are looked at, each with the header of its picture. Icons have about ten.
_MOST_ENTRIES = 256


@dataclass(frozen=True)
class _Bitmap:
    """Of an uncompressed bitmap: bits of a pixel, where its rows begin and end, and bytes of the mask behind them."""

    depth: int
    start: int
    end: int
    mask: int
    height: int
    top_down: bool

    @classmethod
    def at(cls, data: bytes, place: int) -> _Bitmap | None:
        """The bitmap that begins there; None when there is none whose rows can be told from its header."""
        size = int.from_bytes(data[place : place + 4], "little")
        if size not in _HEADERS or place + size > len(data):
            return None
        compression, used = _PLAIN, 0
        if size == _OLD:
            width, height, _, depth = struct.unpack_from("<HHHH", data, place + 4)
        else:
            width, height, _, depth, compression = struct.unpack_from("<iiHHI", data, place + 4)
            (used,) = struct.unpack_from("<I", data, place + 32)
        # Both masks count as height.
        top_down, height = height < 0, abs(height) // 2
        if compression not in (_PLAIN, _FIELDS) or depth not in _DEPTHS or width <= 0 or height <= 0:
            return None
        colors = (used or 1 << depth) if depth <= _MOST_OF_PALETTE else 0
        start = (
            place + size + colors * (3 if size == _OLD else 4) + (12 if compression == _FIELDS and size == 40 else 0)
        )
        end = start + (width * depth + 31) // 32 * 4 * height
        return cls(depth, start, end, (width + 31) // 32 * 4 * height, height, top_down)

    def bottom_up(self, data: bytes, place: int) -> bytes:
        """The same file with the lowest row first, also of the mask: only so does Pillow read alpha and mask."""
        if not self.top_down or self.end > len(data):
            return data
        mask_end = self.end + self.mask if self.end + self.mask <= len(data) else self.end
        height = struct.pack("<i", 2 * self.height)
        rows = _turned(data[self.start : self.end], self.height) + _turned(data[self.end : mask_end], self.height)
        return data[: place + 8] + height + data[place + 12 : self.start] + rows + data[mask_end:]


def count_of(data: bytes) -> int:
    """Entries that are looked at of as many as the directory says."""
    return min(int.from_bytes(data[4:6], "little"), _MOST_ENTRIES)


def entries(data: bytes) -> list[bytes]:
    """The first ones of the directory, as far as they are there."""
    end = _HEADER + count_of(data) * _ENTRY
    return [data[at : at + _ENTRY] for at in range(_HEADER, min(end, len(data) - _ENTRY + 1), _ENTRY)]


def with_entries(data: bytes, kept: list[bytes]) -> bytes:
    """The same file with these entries in its directory, behind which nothing moves."""
    end = _HEADER + int.from_bytes(data[4:6], "little") * _ENTRY
    return data[:4] + len(kept).to_bytes(2, "little") + b"".join(kept).ljust(end - _HEADER, b"\0") + data[end:]


def by_size(data: bytes) -> list[bytes]:
    """The entries of an icon, that of the shown picture first: the largest, of those the one with most colours."""
    return sorted(entries(data), key=lambda entry: (_pixels(entry), _depth(data, entry)), reverse=True)


def place_of(entry: bytes) -> int:
    """Where the picture begins."""
    return int.from_bytes(entry[12:16], "little")


def shows_picture(data: bytes) -> bool:
    """Whether a picture begins where the directory says that the shown one does. Some TGAs begin like a cursor."""
    return any(_depth(data, entry) for entry in by_size(data)[:1])


def plain_icon(data: bytes) -> bytes | None:
    """An icon with nothing but the shown bitmap in its directory, and with what is true of it; None for other bytes.

    A bitmap that has no mask, or whose alpha is zero everywhere (its writer left that byte unused), has none.
    """
    if data[:4] not in WINDOWS or not (found := by_size(data)):
        return None
    entry, place = found[0], place_of(found[0])
    length = int.from_bytes(entry[8:12], "little")
    bitmap = _Bitmap.at(data, place)
    depth = 0 if bitmap is None else bitmap.depth
    more = b""
    if bitmap is not None:
        data = bitmap.bottom_up(data, place)
        if depth == _WITH_ALPHA and not any(data[bitmap.start + 3 : bitmap.end : 4]):
            depth = _WITHOUT
        behind = min((at for at in map(place_of, found) if at > place), default=len(data))
        if bitmap.end + bitmap.mask <= behind:
            length = bitmap.end + bitmap.mask - place
        elif max(bitmap.end, place + length) <= len(data):
            length, more = len(data) + bitmap.mask - place, bytes(bitmap.mask)
    kept = entry[:2] + struct.pack("<HHHII", 0, 1, depth, length, place)
    return ICON + with_entries(data, [kept])[4:] + more


def _turned(rows: bytes, height: int) -> bytes:
    return np.frombuffer(rows, np.uint8).reshape(height, -1)[::-1].tobytes()


def _pixels(entry: bytes) -> int:
    return (entry[0] or 256) * (entry[1] or 256)


def _depth(data: bytes, entry: bytes) -> int:
    """Bits of a pixel, by the header of the picture: that in the directory is often missing. A PNG counts as 32."""
    place = place_of(entry)
    bitmap = _Bitmap.at(data, place)
    return bitmap.depth if bitmap else _WITH_ALPHA if data.startswith(PNG_SIGNATURE, place) else 0

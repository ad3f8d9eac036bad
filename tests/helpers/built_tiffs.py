"""TIFFs written by hand, of kinds that Pillow does not write: any samples, any directories, one after or below another."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LONG, _SHORT = 4, 3
_SUB_DIRECTORIES = 330


@dataclass
class Page:
    """A directory: its pixels (height x width x samples), entries that replace or add to the usual, pages below it."""

    values: NDArray[Any]
    photometric: int = 1
    extra: tuple[int, ...] = ()
    planar: bool = False
    deflated: bool = False
    predictor: int = 1
    tags: dict[int, tuple[int, ...] | int] = field(default_factory=dict)
    below: list[Page] = field(default_factory=list)

    def entries(self, order: str) -> tuple[dict[int, tuple[int, ...]], list[bytes]]:
        """Tags but for places, and the strips."""
        values = self.values if self.values.ndim == 3 else self.values[..., None]
        height, width, count = values.shape
        strips = [values[..., number] for number in range(count)] if self.planar else [values]
        octets = [self._packed(strip, order) for strip in strips]
        entries: dict[int, tuple[int, ...]] = {
            256: (width,),
            257: (height,),
            258: (values.dtype.itemsize * 8,) * count,
            259: (8 if self.deflated else 1,),
            262: (self.photometric,),
            277: (count,),
            278: (height,),
            284: (2 if self.planar else 1,),
            317: (self.predictor,),
            339: ({"u": 1, "i": 2, "f": 3}[values.dtype.kind],) * count,
        }
        if self.extra:
            entries[338] = self.extra
        entries |= {tag: value if isinstance(value, tuple) else (value,) for tag, value in self.tags.items()}
        return entries, octets

    def _packed(self, strip: NDArray[Any], order: str) -> bytes:
        if self.predictor == 2:
            first = np.zeros_like(strip[:, :1])
            unsigned = np.concatenate([first, strip], axis=1).view(f"u{strip.dtype.itemsize}")
            strip = np.diff(unsigned, axis=1)
        octets = strip.astype(strip.dtype.newbyteorder("<" if order == "<" else ">")).tobytes()
        return zlib.compress(octets) if self.deflated else octets


def tiff(*pages: Page, order: str = "<", magic: bytes | None = None) -> bytes:
    """A file of these pages, in a byte order."""
    body = bytearray((b"II*\0" if order == "<" else b"MM\0*") if magic is None else magic)
    body += bytes(4)
    place = 4
    for page in pages:
        offset, place_of_next = _write(body, page, order)
        struct.pack_into(order + "I", body, place, offset)
        place = place_of_next
    return bytes(body)


def one(values: NDArray[Any], photometric: int = 1, *, order: str = "<", **options: Any) -> bytes:
    return tiff(Page(values, photometric, **options), order=order)


def packed_bits(values: NDArray[Any], bits: int) -> NDArray[np.uint8]:
    """Rows of numbers (height x anything) as bytes without a gap, the highest bit first."""
    rows = values.reshape(len(values), -1).astype(np.uint16)
    single = (rows[..., None] >> np.arange(bits - 1, -1, -1)) & 1
    return np.packbits(single.reshape(len(values), -1).astype(np.uint8), axis=1)


def packed(values: NDArray[Any], bits: int, photometric: int, **options: Any) -> bytes:
    """A picture of samples that do not fill bytes."""
    _, width, count = values.shape
    tags = {256: width, 258: (bits,) * count, 277: count} | options.pop("tags", {})
    return tiff(Page(packed_bits(values, bits), photometric, tags=tags, **options))


def _write(body: bytearray, page: Page, order: str) -> tuple[int, int]:
    """Append pixels and directory; returns where the directory is, and where the offset of the next one stands."""
    below = [_write(body, child, order)[0] for child in page.below]
    entries, strips = page.entries(order)
    if below:
        entries[_SUB_DIRECTORIES] = tuple(below)
    places = []
    for strip in strips:
        places.append(len(body))
        body += strip + bytes(len(strip) % 2)
    entries = {273: tuple(places), 279: tuple(map(len, strips))} | entries
    written = []
    for tag, values in sorted(entries.items()):
        # Colour maps and depths are SHORT; what is larger, or a place, is LONG.
        kind = _SHORT if max(values) < 65536 and tag not in (273, 279, 330) else _LONG
        octets = struct.pack(f"{order}{len(values)}{'H' if kind == _SHORT else 'I'}", *values)
        if len(octets) > 4:
            at, octets = len(body), octets + bytes(len(octets) % 2)
            body += octets
            octets = struct.pack(order + "I", at)
        written.append(struct.pack(order + "HHI", tag, kind, len(values)) + octets.ljust(4, b"\0"))
    offset = len(body)
    body += struct.pack(order + "H", len(written)) + b"".join(written)
    next_at = len(body)
    body += bytes(4)
    return offset, next_at

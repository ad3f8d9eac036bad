"""The exact shape of each chunk of a PNG that may stay (W3C PNG, third edition, 11.2 to 11.3)."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

# Samples of a pixel, by colour type.
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
# Sides of the seven passes of an interlaced picture: where each begins and how far its pixels are apart (8.1).
_PASSES = ((0, 8, 0, 8), (4, 8, 0, 8), (0, 4, 4, 8), (2, 4, 0, 4), (0, 2, 2, 4), (1, 2, 0, 2), (0, 1, 1, 2))


@dataclass(frozen=True)
class Header:
    """The first chunk, IHDR: sides in pixels, bits of a sample."""

    width: int
    height: int
    depth: int
    color_type: int
    interlaced: bool

    @classmethod
    def of(cls, chunks: list[tuple[bytes, bytes]]) -> Header:
        """The header, when it is the first chunk and has its shape. Raises ValueError otherwise."""
        name, body = chunks[0] if chunks else (b"", b"")
        if name != b"IHDR" or len(body) != 13:
            raise ValueError("the PNG does not begin with its header")
        width, height, depth, kind, *methods = struct.unpack(">IIBBBBB", body)
        if kind not in _SAMPLES or depth not in (1, 2, 4, 8, 16) or not width or not height:
            raise ValueError("a kind of PNG that is not known")
        if methods[:2] != [0, 0] or methods[2] > 1:
            raise ValueError("a kind of PNG that is not known")
        return cls(width, height, depth, kind, methods[2] == 1)

    @property
    def most_colors(self) -> int:
        return 1 << min(self.depth, 8)

    @property
    def bits(self) -> int:
        """Bits of a pixel."""
        return self.depth * _SAMPLES[self.color_type]

    def transparency(self, body: bytes, colors: int) -> bytes:
        """The alpha of each entry of a palette with this many colours, or a transparent colour; empty for none.

        Of each of its numbers only the bits that a sample has count (11.3.1.1).
        """
        if self.color_type == 3:
            return body[: min(colors, self.most_colors)]
        size = {0: 2, 2: 6}.get(self.color_type, 0)
        if len(body) < size:
            return b""
        most = (1 << self.depth) - 1
        return b"".join((int.from_bytes(body[at : at + 2]) & most).to_bytes(2) for at in range(0, size, 2))

    def size(self, width: int | None = None, height: int | None = None) -> int:
        """Bytes of all rows with their filters, of the picture or of a frame of these sides in pixels."""
        width, height = width or self.width, height or self.height
        bits = self.bits
        passes = _PASSES if self.interlaced else ((0, 1, 0, 1),)
        total = 0
        for left, across, top, down in passes:
            columns, rows = max(0, -(-(width - left) // across)), max(0, -(-(height - top) // down))
            total += rows * (1 + (columns * bits + 7) // 8) if columns else 0
        return total


def is_sound(name: bytes, body: bytes, header: Header) -> bool:
    """Whether a chunk has its length, and numbers within their ranges."""
    length, check = _SHAPES[name]
    return (length is None or len(body) == length) and check(body, header)


def _is_frame(body: bytes, header: Header) -> bool:
    _, width, height, left, top, _, _, dispose, blend = struct.unpack(">IIIIIHHBB", body)
    within = left + width <= header.width and top + height <= header.height
    return bool(within and width > 0 and height > 0 and dispose <= 2 and blend <= 1)


def _are_significant_bits(body: bytes, header: Header) -> bool:
    samples = 3 if header.color_type == 3 else _SAMPLES[header.color_type]
    return len(body) == samples and all(0 < bits <= 16 for bits in body)


def _any(_body: bytes, _header: Header) -> bool:
    return True


_SHAPES: dict[bytes, tuple[int | None, Callable[[bytes, Header], bool]]] = {
    b"IHDR": (13, _any),
    b"IDAT": (None, _any),
    b"IEND": (0, _any),
    b"acTL": (8, _any),
    b"fcTL": (26, _is_frame),
    b"fdAT": (None, lambda body, _: len(body) >= 4),
    b"sRGB": (1, lambda body, _: body[0] <= 3),
    b"cICP": (4, lambda body, _: body[0] <= 22 and body[1] <= 18 and body[2] <= 16 and body[3] <= 1),
    b"sBIT": (None, _are_significant_bits),
}

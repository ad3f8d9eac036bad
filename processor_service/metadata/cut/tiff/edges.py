"""What lies beyond the edge of a TIFF: bits that fill up a row, rows and columns of tiles (TIFF 6.0, section 15)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL.ExifTags import Base as Tag

from ....formats.tiff_directories import Directory

_IN_PLANES = 2


@dataclass(frozen=True)
class Shown:
    """The part of a strip or tile that is within the picture: its rows, and bits of each; `row_bits` with the rest."""

    rows: int
    bits: int
    all_rows: int
    row_bits: int

    @property
    def is_whole(self) -> bool:
        """Whether no row and no column is beyond the edge."""
        return self.rows == self.all_rows and self.bits == self.row_bits

    @property
    def is_all(self) -> bool:
        """Whether no bit is."""
        return self.is_whole and not self.bits % 8

    @property
    def each(self) -> int:
        """Bytes of a row."""
        return (self.row_bits + 7) // 8

    def only(self, pixels: bytes) -> bytes:
        """The same number of bytes, with zeros for all that is not within the picture."""
        if self.is_all:
            return pixels
        whole = len(pixels) // self.each * self.each
        table = np.frombuffer(pixels[:whole], np.uint8).reshape(-1, self.each).copy()
        # A row that was cut off, which may be said to have millions of pixels.
        rest = np.frombuffer(pixels[whole:], np.uint8).reshape(1, -1).copy()
        column, more = divmod(self.bits, 8)
        for rows in (table, rest):
            if more:
                rows[:, column : column + 1] &= 0xFF << (8 - more) & 0xFF
            rows[:, column + (more > 0) :] = 0
        table[self.rows :] = 0
        return table.tobytes() + (rest.tobytes() if len(table) < self.rows else bytes(rest.size))


@dataclass(frozen=True)
class Grid:
    """The strips or tiles of a page, of each plane if it has several: their sides and those of the page in pixels."""

    width: int
    height: int
    across: int
    down: int
    pixel_bits: int

    @classmethod
    def of(cls, directory: Directory) -> Grid:
        width, height = directory.number(Tag.ImageWidth), directory.number(Tag.ImageLength)
        samples = directory.number(Tag.SamplesPerPixel, 1)
        in_planes = directory.number(Tag.PlanarConfiguration, 1) == _IN_PLANES
        bits = max(directory.numbers(Tag.BitsPerSample), default=1) * (1 if in_planes else samples)
        if Tag.TileWidth in directory.entries:
            across, down = directory.number(Tag.TileWidth) or width, directory.number(Tag.TileLength) or height
            return cls(width, height, across, down, bits)
        # A strip has no rows beyond the edge.
        return cls(width, height, width, 0, bits)

    def shown(self, number: int) -> Shown:
        """Of the strip or tile with this number, from 0."""
        bits = self.across * self.pixel_bits
        if not self.down:
            return Shown(self.height, bits, self.height, bits)
        in_row = -(-self.width // self.across)
        row, column = divmod(number % (in_row * -(-self.height // self.down)), in_row)
        rows, columns = (
            min(self.down, self.height - row * self.down),
            min(self.across, self.width - column * self.across),
        )
        return Shown(rows, columns * self.pixel_bits, self.down, bits)

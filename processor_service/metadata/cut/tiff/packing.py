"""Unpacks a strip or tile of a TIFF and packs it again, as rows of bytes (TIFF 6.0, sections 9 and 13).

Predictors are left alone: rows are what was packed. LZW and PackBits are done by libtiff, through a small TIFF of grey.
"""

from __future__ import annotations

import io
import lzma
import struct
import zlib

from PIL import Image, TiffImagePlugin
from PIL.ExifTags import Base as Tag

LZW, PACKED_BITS, LZMA, DEFLATE = 5, 32773, 34925, (8, 32946)
_OF_LIBTIFF = {LZW: "tiff_lzw", PACKED_BITS: "packbits"}
_LONG = 4


def unpacked(piece: bytes, compression: int, each: int, rows: int) -> bytes:
    """The rows of a piece that is sound, of `each` bytes. Raises ValueError when that cannot be done."""
    try:
        if compression in DEFLATE:
            return zlib.decompressobj().decompress(piece, each * rows)
        if compression == LZMA:
            return lzma.LZMADecompressor(lzma.FORMAT_XZ).decompress(piece, each * rows)
        with TiffImagePlugin.TiffImageFile(io.BytesIO(_grey(piece, compression, each, rows))) as image:
            return image.tobytes()
    except MemoryError:
        raise
    except Exception as error:
        raise ValueError("packed pixels of the TIFF that cannot be unpacked") from error


def packed(pixels: bytes, compression: int, each: int) -> bytes:
    """The piece that has these rows."""
    if compression in DEFLATE:
        return zlib.compress(pixels)
    if compression == LZMA:
        return lzma.compress(pixels, lzma.FORMAT_XZ)
    buffer = io.BytesIO()
    image = Image.frombytes("L", (each, len(pixels) // each), pixels)
    image.save(buffer, "TIFF", compression=_OF_LIBTIFF[compression], strip_size=len(pixels))
    with TiffImagePlugin.TiffImageFile(io.BytesIO(buffer.getvalue())) as written:
        (place,), (length,) = (written.tag_v2[tag] for tag in (Tag.StripOffsets, Tag.StripByteCounts))
    return buffer.getvalue()[place : place + length]


def _grey(piece: bytes, compression: int, each: int, rows: int) -> bytes:
    """A TIFF whose only strip is the piece, with a byte a pixel."""
    tags = {
        Tag.ImageWidth: each,
        Tag.ImageLength: rows,
        Tag.BitsPerSample: 8,
        Tag.Compression: compression,
        Tag.PhotometricInterpretation: 1,
        Tag.StripOffsets: 8,
        Tag.RowsPerStrip: rows,
        Tag.StripByteCounts: len(piece),
    }
    entries = b"".join(struct.pack("<HHII", tag, _LONG, 1, number) for tag, number in sorted(tags.items()))
    place = 8 + len(piece) + len(piece) % 2
    head = b"II*\0" + struct.pack("<I", place)
    return head + piece.ljust(place - 8, b"\0") + struct.pack("<H", len(tags)) + entries + bytes(4)

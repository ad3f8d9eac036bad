"""The pixels of a TIFF's page: its strips or tiles, each up to the last byte that a decoder needs."""

from __future__ import annotations

import lzma
import struct
import sys
from bisect import bisect
from collections.abc import Iterator
from itertools import chain

from PIL.ExifTags import Base as Tag

from ....formats.tiff_directories import SIZES, Directory
from ..codes.deflate import cleaned
from ..codes.lzw import without_rest
from ..codes.packed import end_of_packed_bits, end_of_stream, fax_without_rest
from .edges import Grid, Shown
from .packing import DEFLATE, LZMA, LZW, PACKED_BITS, packed, unpacked

# Tags for positions and numbers of bytes of the pixels: in strips, in tiles.
PLACES = ((Tag.StripOffsets, Tag.StripByteCounts), (Tag.TileOffsets, Tag.TileByteCounts))
# Tags whose values are positions of further directories.
_BELOW = (Tag.SubIFDs, Tag.ExifOffset, Tag.GPSInfo)
_RAW, _FAX4, JPEG = 1, 4, 7
# What the end is found of. Not: JPEG in its old form (6) and JPEG 2000, which hold whole files; other codes of fax
# machines, and Zstandard.
COMPRESSIONS = frozenset((_RAW, _FAX4, LZW, JPEG, *DEFLATE, PACKED_BITS, LZMA))
# Bytes of all pages without compression: a second or two.
_MOST_UNPACKED = 1024**3
_PLANES, _LOW_BIT_FIRST, _YCBCR = 2, 2, 6
# No predictor, and differences of neighbours: a zero is a zero, or says the same as the pixel before.
_SAMPLE_BY_SAMPLE = (1, 2)
_TURNED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def check_size(pages: list[Directory]) -> None:
    """Raise ValueError when it would take too long to see where the pixels end; pages may share their bytes."""
    left = _MOST_UNPACKED
    for size in chain.from_iterable(map(_sizes, pages)):
        left -= size
        if left < 0:
            raise ValueError("too many pixels to see where they end")


def pixels(directory: Directory) -> list[bytes]:
    """Each strip or tile. Raises ValueError when it holds more than pixels, or when nobody can tell."""
    pairs = [pair for pair in PLACES if pair[0] in directory.entries]
    if len(pairs) != 1:
        raise ValueError("the TIFF does not say where its pixels are")
    sizes = list(_sizes(directory))
    places, lengths = (directory.numbers(tag, len(directory.data)) for tag in pairs[0])
    if not len(places) == len(lengths) == len(sizes):
        raise ValueError("the TIFF does not say where its pixels are, or of other pixels, too")
    if directory.number(Tag.Compression, _RAW) == _RAW:
        # Some writers say more, as the bytes of the whole file, or less; decoders go by the sides.
        lengths = tuple(sizes)
    ranges = sorted(zip(places, lengths, strict=True))
    for at in _places_of_others(directory):
        before = bisect(ranges, (at, len(directory.data))) - 1
        if before >= 0 and at < sum(ranges[before]):
            raise ValueError("the pixels of the TIFF are said to reach over its tags")
    pieces = [directory.data[place : place + length] for place, length in zip(places, lengths, strict=True)]
    grid = Grid.of(directory)
    return [
        _ended(directory, piece, size, grid.shown(number))
        for number, (piece, size) in enumerate(zip(pieces, sizes, strict=True))
    ]


def _ended(directory: Directory, piece: bytes, size: int, shown: Shown) -> bytes:
    """A strip or tile up to the end of its pixels. `size`: its bytes without compression."""
    compression = directory.number(Tag.Compression, _RAW)
    if compression == JPEG:
        return piece
    if directory.number(Tag.FillOrder, 1) == _LOW_BIT_FIRST:
        return _high_bit_first(directory, piece.translate(_TURNED), size, shown).translate(_TURNED)
    return _high_bit_first(directory, piece, size, shown)


def _high_bit_first(directory: Directory, piece: bytes, size: int, shown: Shown) -> bytes:
    compression = directory.number(Tag.Compression, _RAW)
    if compression == _RAW:
        return shown.only(piece)
    if shown.is_all or (compression == _FAX4 and shown.is_whole):
        return _packed(compression, piece, size)
    if compression == _FAX4 or directory.number(Tag.Predictor, 1) not in _SAMPLE_BY_SAMPLE:
        raise ValueError("packed pixels of the TIFF beyond its edge")
    ended = _packed(compression, piece, size)
    before = unpacked(ended, compression, shown.each, size // shown.each)
    after = shown.only(before)
    # What writers leave there is mostly zeros.
    return ended if before == after else packed(after, compression, shown.each)


def _packed(compression: int, piece: bytes, size: int) -> bytes:
    if compression == LZW:
        return without_rest(piece, 8, size, tiff=True)[0]
    if compression == _FAX4:
        return fax_without_rest(piece)
    if compression == PACKED_BITS:
        end = end_of_packed_bits(piece, size)
    elif compression == LZMA:
        end = end_of_stream(lzma.LZMADecompressor(lzma.FORMAT_XZ), piece, size)
    else:
        return cleaned(piece, size)
    return piece[:end]


def _sizes(directory: Directory) -> Iterator[int]:
    """Bytes of each strip or tile without compression, by what the tags say."""
    width, height = directory.number(Tag.ImageWidth), directory.number(Tag.ImageLength)
    samples = directory.number(Tag.SamplesPerPixel, 1)
    bits = max(directory.numbers(Tag.BitsPerSample), default=1)
    if not width or not height:
        raise ValueError("a page of the TIFF without pixels")
    planes, together = (samples, 1) if directory.number(Tag.PlanarConfiguration, 1) == _PLANES else (1, samples)
    in_jpeg = directory.number(Tag.Compression, _RAW) == JPEG
    own_sizes = directory.number(Tag.PhotometricInterpretation) == _YCBCR and not in_jpeg
    if own_sizes and set(directory.numbers(Tag.YCbCrSubSampling)) != {1}:
        raise ValueError("pixels of the TIFF whose colours have a size of their own")
    if Tag.TileWidth in directory.entries:
        across, down = directory.number(Tag.TileWidth) or width, directory.number(Tag.TileLength) or height
        count, height, width = -(-height // down) * -(-width // across), sys.maxsize, across
    else:
        down = min(directory.number(Tag.RowsPerStrip) or height, height)
        count = -(-height // down)
    if count * planes > len(directory.data):
        raise ValueError("the TIFF has more pieces than bytes")
    rows = [min(down, height - number * down) for number in range(count)]
    for _ in range(planes):
        yield from (count * ((width * together * bits + 7) // 8) for count in rows)


def _places_of_others(directory: Directory) -> Iterator[int]:
    """Where in the file this directory is, those below it, and values that are too long for an entry."""
    yield directory.offset
    for tag, (kind, count, at) in directory.entries.items():
        if SIZES.get(kind, 0) * count > struct.calcsize(directory.layout.word):
            yield int(struct.unpack_from(directory.layout.word, directory.data, at)[0])
        if tag in _BELOW:
            yield from directory.numbers(tag)

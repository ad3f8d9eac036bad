"""TIFF and BigTIFF: directories, written again with the tags that say how pixels are stored (TIFF 6.0)."""

from __future__ import annotations

import struct
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain as joined

from PIL.ExifTags import Base as Tag

from ...formats.tiff_directories import SIZES, Directory, Layout, chain
from ...formats.tiff_repair import repaired
from . import jpeg
from .kept import Kept

# Tags for positions and numbers of bytes of the pixels: in strips, in tiles.
_PLACES = ((Tag.StripOffsets, Tag.StripByteCounts), (Tag.TileOffsets, Tag.TileByteCounts))
# Tags that say how to read the pixels, and how many numbers each may have. Of 16: one for each sample.
_ONCE = (
    *(Tag.NewSubfileType, Tag.SubfileType, Tag.ImageWidth, Tag.ImageLength, Tag.Compression, Tag.FillOrder),
    *(Tag.PhotometricInterpretation, Tag.Orientation, Tag.SamplesPerPixel, Tag.RowsPerStrip, Tag.XResolution),
    *(Tag.YResolution, Tag.ResolutionUnit, Tag.PlanarConfiguration, Tag.T4Options, Tag.T6Options, Tag.Predictor),
    *(Tag.TileWidth, Tag.TileLength, Tag.InkSet, Tag.NumberOfInks, Tag.YCbCrPositioning),
)
_OF_SAMPLES = (Tag.BitsPerSample, Tag.MinSampleValue, Tag.MaxSampleValue, Tag.ExtraSamples, Tag.SampleFormat)
_NUMBERS: dict[int, int] = {**dict.fromkeys(_ONCE, 1), **dict.fromkeys(_OF_SAMPLES, 16)}
_NUMBERS |= {Tag.PageNumber: 2, Tag.YCbCrSubSampling: 2, Tag.WhitePoint: 2, Tag.YCbCrCoefficients: 3}
_NUMBERS |= {Tag.PrimaryChromaticities: 6, Tag.ReferenceBlackWhite: 6}
_KEPT = {*_NUMBERS, *joined.from_iterable(_PLACES), Tag.ColorMap, Tag.JPEGTables, Tag.InterColorProfile}
_MOST_COLORS = 3 * 65536
_TEXT, _BYTES, _LONG, _LONG8 = 2, 7, 4, 16
_RAW, _JPEG = 1, 7
_PLANES = 2
# Tags whose values are positions of further directories.
_BELOW = (Tag.SubIFDs, Tag.ExifOffset, Tag.GPSInfo)
# None, CCITT, LZW, JPEG, deflate, packed bits, LZMA, Zstandard. Not old JPEG (6) and JPEG 2000, which hold whole files.
_COMPRESSIONS = frozenset((1, 2, 3, 4, 5, _JPEG, 8, 32773, 32946, 34925, 50000))
_MOST_PAGES = 10_000


@dataclass(frozen=True)
class _Value:
    """The value of a tag: numbers of one type, as in the file."""

    kind: int
    content: bytes

    @property
    def count(self) -> int:
        return len(self.content) // SIZES[self.kind]


_Page = dict[int, _Value]


def parts(data: bytes, kept: Kept) -> Iterator[bytes]:
    """Pixels of all pages, the numbers that say how to read them, the colour profile. Not previews."""
    data = repaired(data)
    pages = list(chain(data, _MOST_PAGES))
    pages = [page for page in pages if not page.is_reduced] or pages
    if not pages:
        raise ValueError("the TIFF has no picture")
    layout = pages[0].layout
    start = layout.first + struct.calcsize(layout.word)
    yield data[: layout.first] + struct.pack(layout.word, start)
    written: dict[bytes, int] = {}
    for number, directory in enumerate(pages, 1):
        page, pixels = _cleaned(directory, kept)
        if number == 1:
            # The turn is a tag of the file itself.
            page |= {int(tag): _Value(_TEXT, text.encode() + b"\0") for tag, text in kept.names.items()}
        block = _written(page, pixels, written, layout, start, last=number == len(pages))
        start += len(block)
        yield block


def _cleaned(directory: Directory, kept: Kept) -> tuple[_Page, list[bytes]]:
    """What stays of a page, and its pixels by strip or tile. Their positions are written later."""
    compression = directory.number(Tag.Compression, 1)
    if compression not in _COMPRESSIONS:
        raise ValueError("pixels of the TIFF are files of their own")
    page = {tag: value for tag in _KEPT & directory.entries.keys() if (value := _value(directory, tag)) is not None}
    if Tag.InterColorProfile in page and (profile := kept.checked_profile(page.pop(Tag.InterColorProfile).content)):
        page[Tag.InterColorProfile] = _Value(_BYTES, profile)
    pixels = _pixels(directory)
    tables = page.pop(Tag.JPEGTables, None)
    if compression == _JPEG:
        pixels = [b"".join(jpeg.parts(piece, Kept())) for piece in pixels]
        if tables is not None:
            page[Tag.JPEGTables] = _Value(_BYTES, b"".join(jpeg.parts(tables.content, Kept())))
    return page, pixels


def _value(directory: Directory, tag: int) -> _Value | None:
    """The value of a tag; None when it has too many numbers, or is a text."""
    kind, count, at = directory.entries[tag]
    if kind == _TEXT or kind not in SIZES or not 0 < count <= _NUMBERS.get(tag, count):
        return None
    if tag == Tag.ColorMap and count > _MOST_COLORS:
        return None
    size = count * SIZES[kind]
    if size > struct.calcsize(directory.layout.word):
        (at,) = struct.unpack_from(directory.layout.word, directory.data, at)
    if at + size > len(directory.data):
        raise ValueError("a value of the TIFF lies beyond the file")
    return _Value(kind, directory.data[at : at + size])


def _pixels(directory: Directory) -> list[bytes]:
    pairs = [pair for pair in _PLACES if pair[0] in directory.entries]
    if len(pairs) != 1:
        raise ValueError("the TIFF does not say where its pixels are")
    places, lengths = (directory.numbers(tag, len(directory.data)) for tag in pairs[0])
    if not places or len(places) != len(lengths):
        raise ValueError("the TIFF does not say where its pixels end")
    if directory.number(Tag.Compression, _RAW) == _RAW:
        most = _raw_bytes(directory)
        lengths = tuple(min(length, most) for length in lengths)
    ranges = sorted(zip(places, lengths, strict=True))
    for at in _places_of_others(directory):
        before = bisect(ranges, (at, len(directory.data))) - 1
        if before >= 0 and at < sum(ranges[before]):
            raise ValueError("the pixels of the TIFF are said to reach over its tags")
    return [directory.data[place : place + length] for place, length in zip(places, lengths, strict=True)]


def _raw_bytes(directory: Directory) -> int:
    """Bytes of a whole strip or tile that is not compressed. Some writers say more: those of the whole file."""
    tiled = Tag.TileWidth in directory.entries
    width = directory.number(Tag.TileWidth if tiled else Tag.ImageWidth)
    height = directory.number(Tag.ImageLength)
    rows = directory.number(Tag.TileLength) if tiled else min(directory.number(Tag.RowsPerStrip, height), height)
    samples = directory.number(Tag.SamplesPerPixel, 1)
    bits = max(directory.numbers(Tag.BitsPerSample), default=1)
    together = 1 if directory.number(Tag.PlanarConfiguration, 1) == _PLANES else samples
    return rows * ((width * together * bits + 7) // 8)


def _places_of_others(directory: Directory) -> Iterator[int]:
    """Where in the file this directory is, those below it, and values that are too long for an entry."""
    yield directory.offset
    for tag, (kind, count, at) in directory.entries.items():
        if SIZES.get(kind, 0) * count > struct.calcsize(directory.layout.word):
            yield int(struct.unpack_from(directory.layout.word, directory.data, at)[0])
        if tag in _BELOW:
            yield from directory.numbers(tag)


def _written(
    page: _Page, pixels: list[bytes], written: dict[bytes, int], layout: Layout, start: int, *, last: bool
) -> bytes:
    """A page as it is written from `start` on: the directory, values that are too long for it, pixels.

    `written`: where pixels are that were written before. Pages can share them, and the result must not be many times as
    large as the file because they do.
    """
    places, lengths = next(pair for pair in _PLACES if pair[0] in page)
    word = struct.calcsize(layout.word)
    kind, numbers = (_LONG8 if layout.big else _LONG), f"{layout.order}{len(pixels)}{layout.word[-1]}"
    # The positions are not known yet, but their length is.
    page = page | {lengths: _Value(kind, struct.pack(numbers, *map(len, pixels)))}
    page[places] = _Value(kind, bytes(word * len(pixels)))
    at = start + struct.calcsize(layout.count) + layout.entry_size * len(page) + word
    end = at + sum(_even(len(value.content)) for value in page.values() if len(value.content) > word)
    new = []
    for piece in pixels:
        if piece not in written:
            written[piece] = end
            end += _even(len(piece))
            new.append(piece)
    offsets = [written[piece] for piece in pixels]
    page[places] = _Value(kind, struct.pack(numbers, *offsets))
    entries, outside = [struct.pack(layout.count, len(page))], []
    for tag, value in sorted(page.items()):
        content = value.content.ljust(word, b"\0")
        if len(content) > word:
            outside.append(_padded(content))
            content, at = struct.pack(layout.word, at), at + _even(len(content))
        entries.append(struct.pack(f"{layout.order}HH{layout.word[-1]}", tag, value.kind, value.count) + content)
    return b"".join([*entries, struct.pack(layout.word, 0 if last else end), *outside, *map(_padded, new)])


def _even(size: int) -> int:
    return size + size % 2


def _padded(value: bytes) -> bytes:
    return value + bytes(len(value) % 2)

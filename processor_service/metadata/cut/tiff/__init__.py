"""TIFF and BigTIFF: directories, written again with the tags that say how pixels are stored (TIFF 6.0)."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL.ExifTags import Base as Tag
from PIL.TiffImagePlugin import TiffImageFile

from ....formats.tiff_directories import SIZES, Directory, Layout, chain
from ....formats.tiff_repair import repaired
from .. import jpeg
from ..kept import GREY, INKS, LAB, RGB, Kept
from ..palettes import used_by
from .pixels import COMPRESSIONS, JPEG, PLACES, check_size, pixels
from .tags import kept_values

_BYTES, _LONG, _LONG8, _TEXT = 7, 4, 16, 2
_MOST_PAGES = 10_000
# By PhotometricInterpretation: grey of both kinds, inks, Lab of both kinds; colours otherwise (TIFF 6.0).
_SPACES = {0: GREY, 1: GREY, 5: INKS, 8: LAB, 9: LAB}


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
    check_size(pages)
    layout = pages[0].layout
    start = layout.first + struct.calcsize(layout.word)
    yield data[: layout.first] + struct.pack(layout.word, start)
    written: dict[bytes, int] = {}
    for number, directory in enumerate(pages, 1):
        page, pieces = _cleaned(directory, kept)
        if number == 1:
            # The turn is a tag of the file itself.
            page |= {int(tag): _Value(_TEXT, text.encode() + b"\0") for tag, text in kept.names.items()}
        block = _written(page, pieces, written, layout, start, last=number == len(pages))
        start += len(block)
        yield block


def _cleaned(directory: Directory, kept: Kept) -> tuple[_Page, list[bytes]]:
    """What stays of a page, and its pixels by strip or tile. Their positions are written later."""
    compression = directory.number(Tag.Compression, 1)
    if compression not in COMPRESSIONS:
        raise ValueError("nobody can tell where the pixels of the TIFF end, or they are files of their own")
    page = {tag: _Value(kind, content) for tag, (kind, content) in kept_values(directory).items()}
    pieces = pixels(directory)
    tables = _content(directory, Tag.JPEGTables) if compression == JPEG else b""
    if compression == JPEG:
        pieces = [b"".join(jpeg.of_tiff(piece, tables)) for piece in pieces]
    if tables:
        page[Tag.JPEGTables] = _Value(_BYTES, b"".join(jpeg.tables_of_tiff(tables, pieces)))
    space = _SPACES.get(directory.number(Tag.PhotometricInterpretation, 1), RGB)
    if profile := kept.checked_profile(_content(directory, Tag.InterColorProfile), space):
        page[Tag.InterColorProfile] = _Value(_BYTES, profile)
    page |= {int(tag): _Value(_LONG, b"") for tag in next(pair for pair in PLACES if pair[0] in directory.entries)}
    if Tag.ColorMap in page:
        page[Tag.ColorMap] = _colors(page, pieces, directory)
    return page, pieces


def _colors(page: _Page, pieces: list[bytes], directory: Directory) -> _Value:
    """The palette, in which colours that no pixel has are black. Raises ValueError when pixels cannot be decoded."""
    layout, kind = directory.layout, page[Tag.ColorMap].kind
    start = layout.first + struct.calcsize(layout.word)
    head = directory.data[: layout.first] + struct.pack(layout.word, start)
    try:
        # Opened by its class: the number of pixels was checked.
        with TiffImageFile(io.BytesIO(head + _written(page, pieces, {}, layout, start, last=True))) as image:
            used = used_by(image.getchannel(0).tobytes()) if image.mode in ("P", "PA") else None
    except Exception as error:
        raise ValueError("pixels of a TIFF with a palette that cannot be decoded") from error
    if used is None:
        raise ValueError("a palette of a TIFF that cannot be looked into")
    # All reds, all greens, all blues, as the writer's numbers.
    table = np.frombuffer(page[Tag.ColorMap].content, np.uint8).reshape(3, -1, SIZES[kind]).copy()
    table[:, ~used[: table.shape[1]]] = 0
    return _Value(kind, table.tobytes())


def _content(directory: Directory, tag: int) -> bytes:
    """The bytes of a tag; none when it is missing. Raises ValueError when they lie beyond the file."""
    kind, count, at = directory.entries.get(tag, (_BYTES, 0, 0))
    size = count * SIZES.get(kind, 0)
    if size > struct.calcsize(directory.layout.word):
        (at,) = struct.unpack_from(directory.layout.word, directory.data, at)
    if at + size > len(directory.data):
        raise ValueError("a value of the TIFF lies beyond the file")
    return directory.data[at : at + size]


def _written(
    page: _Page, pieces: list[bytes], written: dict[bytes, int], layout: Layout, start: int, *, last: bool
) -> bytes:
    """A page as it is written from `start` on: the directory, values that are too long for it, pixels.

    `written`: where pixels are that were written before. Pages can share them, and the result must not be many times as
    large as the file because they do.
    """
    places, lengths = next(pair for pair in PLACES if pair[0] in page)
    word = struct.calcsize(layout.word)
    kind, numbers = (_LONG8 if layout.big else _LONG), f"{layout.order}{len(pieces)}{layout.word[-1]}"
    # The positions are not known yet, but their length is.
    page = page | {lengths: _Value(kind, struct.pack(numbers, *map(len, pieces)))}
    page[places] = _Value(kind, bytes(word * len(pieces)))
    at = start + struct.calcsize(layout.count) + layout.entry_size * len(page) + word
    end = at + sum(_even(len(value.content)) for value in page.values() if len(value.content) > word)
    new = []
    for piece in pieces:
        if piece not in written:
            written[piece] = end
            end += _even(len(piece))
            new.append(piece)
    offsets = [written[piece] for piece in pieces]
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

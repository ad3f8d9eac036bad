"""Boxes of the ISO base media file format, as JPEG 2000 (ISO 15444-1, annex I) has them, and AVIF (ISO 14496-12)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_UUID_LENGTH = 16
_MOST_BOXES, _MOST_ITEMS = 1000, 1000
_XMP_TYPE = b"application/rdf+xml"


@dataclass
class _Numbers:
    """Big-endian numbers, one after the other."""

    data: bytes
    position: int

    def next(self, size: int) -> int:
        """A number of that many bytes; raises ValueError at the end."""
        if self.position + size > len(self.data):
            raise ValueError("a box ends too early")
        self.position += size
        return int.from_bytes(self.data[self.position - size : self.position])


def jp2_blocks(data: bytes) -> Iterator[bytes]:
    """Content of each box of XML, and of each box of a kind of its own (uuid): EXIF, XMP, IPTC and others."""
    for kind, start, end in _boxes(data, 0, len(data)):
        if kind == b"uuid":
            yield data[start + _UUID_LENGTH : end]
        elif kind == b"xml ":
            yield data[start:end]


def avif_blocks(data: bytes) -> Iterator[bytes]:
    """EXIF and XMP of an AVIF as they lie in the file.

    Pillow writes EXIF anew where its turn is not that of the container, and question marks for what is not ASCII.
    Raises ValueError for a broken box.
    """
    meta = next(((start + 4, end) for kind, start, end in _boxes(data, 0, len(data)) if kind == b"meta"), (0, 0))
    inside = {kind: (start, end) for kind, start, end in _boxes(data, *meta)}
    if not {b"iinf", b"iloc"} <= inside.keys():
        return
    types = dict(_items(data, *inside[b"iinf"]))
    held, _ = inside.get(b"idat", (0, 0))
    for item, content in _contents(data, inside[b"iloc"][0], held):
        kind, described = types.get(item, (b"", b""))
        if kind == b"Exif":
            # Before EXIF stands how far behind that its TIFF begins.
            yield content[4 + int.from_bytes(content[:4]) :]
        elif kind == b"mime" and _XMP_TYPE in described:
            yield content


def _boxes(data: bytes, position: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind of each box, and where its content begins and ends."""
    for _ in range(_MOST_BOXES):
        size, kind = int.from_bytes(data[position : position + 4]), data[position + 4 : position + 8]
        start = position + 8
        if size == 1:
            size, start = int.from_bytes(data[start : start + 8]), start + 8
        following = position + size if size else end
        if start > end or following < start:
            return
        yield kind, start, min(following, end)
        position = following


def _items(data: bytes, start: int, end: int) -> Iterator[tuple[int, tuple[bytes, bytes]]]:
    """Number of each item, its type and what is said of it (name, type of its content)."""
    wide = data[start] > 0
    for _, inner, inner_end in _boxes(data, start + (8 if wide else 6), end):
        numbers = _Numbers(data, inner + 4)
        item = numbers.next(4 if data[inner] > 2 else 2)
        at = numbers.position + 2
        yield item, (data[at : at + 4], data[at + 4 : inner_end])


def _contents(data: bytes, start: int, held: int) -> Iterator[tuple[int, bytes]]:
    """Number and content of each item that lies in the file, or in the box `idat`, whose content begins at `held`."""
    version, numbers = data[start], _Numbers(data, start + 4)
    sizes = numbers.next(2)
    of_offset, of_length, of_base, of_index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    wide = 4 if version == 2 else 2
    for _ in range(min(numbers.next(wide), _MOST_ITEMS)):
        item = numbers.next(wide)
        method = numbers.next(2) & 15 if version else 0
        numbers.next(2)
        base, content = numbers.next(of_base) + (held if method == 1 else 0), b""
        for _ in range(numbers.next(2)):
            numbers.next(of_index if version else 0)
            offset = base + numbers.next(of_offset)
            length = numbers.next(of_length) or len(data)
            # Parts that overlap must not make more of a file than it is.
            if len(content) < len(data):
                content += data[offset : offset + length]
        if method < 2:
            yield item, content

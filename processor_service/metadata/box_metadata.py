"""Finds metadata in the boxes of JPEG 2000 and AVIF."""

from __future__ import annotations

from collections.abc import Iterator

from ..formats.boxes import boxes, item_places, items

_UUID_LENGTH = 16
_XMP_TYPE, _EXIF, _OF_A_TYPE = b"application/rdf+xml", b"Exif", b"mime"
_WITH_METADATA = (_EXIF, _OF_A_TYPE)


def jp2_blocks(data: bytes) -> Iterator[bytes]:
    """Content of each XML box, and of each box of a private type (uuid): EXIF, XMP, IPTC and others."""
    for kind, start, end in boxes(data):
        if kind == b"uuid":
            yield data[start + _UUID_LENGTH : end]
        elif kind == b"xml ":
            yield data[start:end]


def avif_blocks(data: bytes) -> Iterator[bytes]:
    """EXIF and XMP of an AVIF as the file has them.

    Pillow writes EXIF again when its orientation differs from the container's, with question marks for what is not
    ASCII. Raises ValueError for a broken box.
    """
    for at, end, content in _items(data):
        if data[at : at + 4] == _EXIF:
            yield _tiff_of(content)
        elif data[at : at + 4] == _OF_A_TYPE and _XMP_TYPE in data[at + 4 : end]:
            yield content


def exif_items(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Where the type of each item with EXIF stands, and the EXIF. Raises ValueError for a broken box."""
    for at, _, content in _items(data):
        if data[at : at + 4] == _EXIF:
            yield at, _tiff_of(content)


def _tiff_of(content: bytes) -> bytes:
    """A number before the EXIF says how far after it the TIFF begins."""
    return content[4 + int.from_bytes(content[:4]) :]


def _items(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Of each item with metadata: where its type begins, where what is said of it ends, its content.

    Raises ValueError for a broken box, and when items are longer in all than the file, twice.
    """
    meta = next(((start + 4, end) for kind, start, end in boxes(data) if kind == b"meta"), (0, 0))
    inside = {kind: (start, end) for kind, start, end in boxes(data, *meta)}
    if not {b"iinf", b"iloc"} <= inside.keys():
        return
    listed = items(data, *inside[b"iinf"])
    described = {item: (at, end) for item, at, end in listed if data[at : at + 4] in _WITH_METADATA}
    left = 2 * len(data)
    held, _ = inside.get(b"idat", (0, 0))
    contents: dict[int, bytes] = {}
    for place in item_places(data, inside[b"iloc"][0]):
        start = place.start + (held if place.method == 1 else 0)
        if place.item in described and place.method < 2:
            part = data[start : start + (place.length or len(data))]
            left -= len(part)
            if left < 0:
                raise ValueError("items that overlap")
            contents[place.item] = contents.get(place.item, b"") + part
    for item, content in contents.items():
        yield *described[item], content

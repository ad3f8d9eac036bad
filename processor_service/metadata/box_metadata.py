"""Finds metadata in the boxes of JPEG 2000 and AVIF."""

from __future__ import annotations

from collections.abc import Iterator

from ..formats.boxes import boxes, item_places, items

_UUID_LENGTH = 16
_XMP_TYPE = b"application/rdf+xml"


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
    meta = next(((start + 4, end) for kind, start, end in boxes(data) if kind == b"meta"), (0, 0))
    inside = {kind: (start, end) for kind, start, end in boxes(data, *meta)}
    if not {b"iinf", b"iloc"} <= inside.keys():
        return
    described = {item: (kind, said) for item, kind, said in items(data, *inside[b"iinf"])}
    held, _ = inside.get(b"idat", (0, 0))
    contents: dict[int, bytes] = {}
    for place in item_places(data, inside[b"iloc"][0]):
        start = place.start + (held if place.method == 1 else 0)
        before = contents.get(place.item, b"")
        # Overlapping parts must not make more data than the file has.
        if place.method < 2 and len(before) < len(data):
            contents[place.item] = before + data[start : start + (place.length or len(data))]
    for item, content in contents.items():
        kind, said = described.get(item, (b"", b""))
        if kind == b"Exif":
            # A number before the EXIF says how far after it the TIFF begins.
            yield content[4 + int.from_bytes(content[:4]) :]
        elif kind == b"mime" and _XMP_TYPE in said:
            yield content

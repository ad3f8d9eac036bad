"""Metadata in the boxes of a JPEG 2000 file (ISO 15444-1, annex I), which Pillow does not look at."""

from __future__ import annotations

from collections.abc import Iterator

_UUID, _XML = b"uuid", b"xml "
_UUID_LENGTH = 16
_MOST_BOXES = 1000


def jp2_blocks(data: bytes) -> Iterator[bytes]:
    """Content of each box of XML, and of each box of a kind of its own (uuid): EXIF, XMP, IPTC and others."""
    position = 0
    for _ in range(_MOST_BOXES):
        size, kind = int.from_bytes(data[position : position + 4]), data[position + 4 : position + 8]
        start = position + 8
        if size == 1:
            size, start = int.from_bytes(data[start : start + 8]), start + 8
        end = position + size if size else len(data)
        if end <= position or start > len(data):
            return
        if kind == _UUID:
            yield data[start + _UUID_LENGTH : end]
        elif kind == _XML:
            yield data[start:end]
        position = end

"""Boxes of JPEG 2000 and of ISO base media files: length, name, content."""

from __future__ import annotations

from collections.abc import Iterator


def boxes(data: bytes, *, start: int = 0, to_the_end: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
    """Name and content of each box from `start` on.

    The box named `to_the_end` may be cut off at the end of the file. Raises ValueError for any other.
    """
    for name, begin, end in placed(data, start=start, to_the_end=to_the_end):
        yield name, data[begin:end]


def placed(
    data: bytes, *, start: int = 0, end: int | None = None, to_the_end: bytes = b""
) -> Iterator[tuple[bytes, int, int]]:
    """Name of each box between `start` and `end`, and where its content begins and ends."""
    position, most = start, len(data) if end is None else end
    while position + 8 <= most:
        size, name, begin = int.from_bytes(data[position : position + 4]), data[position + 4 : position + 8], 8
        if size == 1:
            size, begin = int.from_bytes(data[position + 8 : position + 16]), 16
        following = position + size if size else most
        if following < position + begin or (following > most and name != to_the_end):
            raise ValueError("a box reaches beyond what it lies in")
        yield name, position + begin, min(following, most)
        position = following


def box(name: bytes, content: bytes) -> bytes:
    """A box of that content."""
    return (8 + len(content)).to_bytes(4) + name + content

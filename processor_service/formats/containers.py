"""Walks through JPEG, PNG, WebP and GIF files, part by part.

Each iterator yields bytes that, joined, are the file up to the picture's end. What follows (trailers, second pictures)
is left out. They raise ValueError when the file has not the structure of its format.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# A marker within the compressed data of a JPEG: not an escaped 0xFF, not a restart. A pattern that begins with a single
# byte is searched 20 times as fast as one that begins with a repeated one.
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_ALONE = {0x01, *range(0xD0, 0xD9)}
_SCAN, _END = 0xDA, 0xD9
_GIF_EXTENSION, _GIF_IMAGE, _GIF_END = 0x21, 0x2C, 0x3B


def jpeg_segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and bytes of each segment.

    A scan's compressed data come with its header. A missing end is not an error.
    """
    if not data.startswith(b"\xff\xd8"):
        raise ValueError("no JPEG")
    position = 0
    while position < len(data):
        if data[position] != 0xFF:
            raise ValueError("bytes between the segments of the JPEG")
        while data[position + 1 : position + 2] == b"\xff":
            position += 1
        if position + 2 > len(data):
            return
        marker, end = data[position + 1], position + 2
        if marker not in _ALONE and marker != _END:
            end += _length(data, end)
        if marker == _SCAN:
            end = _scan_end(data, end)
        yield marker, data[position:end]
        if marker == _END:
            return
        position = end


def is_metadata(marker: int) -> bool:
    """Whether a segment of a JPEG is a comment, or an application's: pixels are decoded without it."""
    return 0xE0 <= marker <= 0xEF or marker == 0xFE


def _scan_end(data: bytes, start: int) -> int:
    """Where the next marker begins, with the 0xFF that may precede it any number of times."""
    found = _MARKER.search(data, start)
    if found is None:
        return len(data)
    end = found.start()
    while end > start and data[end - 1] == 0xFF:
        end -= 1
    return end


def _length(data: bytes, position: int) -> int:
    length = int.from_bytes(data[position : position + 2])
    if length < 2 or position + length > len(data):
        raise ValueError("a segment of the JPEG reaches beyond its end")
    return length


def jpeg_header(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """Marker and bytes of the segments before the first scan, and all that follows.

    Takes broken files, too: bytes between segments are left out.
    """
    segments, position = [], 2
    while 0 <= (position := data.find(b"\xff", position)) < len(data) - 3:
        marker = data[position + 1]
        if marker == _SCAN:
            break
        if marker in (0x00, 0xFF):
            position += 1
            continue
        length = 0 if marker in _ALONE else max(2, int.from_bytes(data[position + 2 : position + 4]))
        end = position + 2 + length
        segments.append((marker, data[position:end]))
        position = end
    return segments, data[max(2, position) :] if position >= 0 else b""


def png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and bytes (length, name, content, checksum) of each chunk, up to the one that ends the picture."""
    position = len(PNG_SIGNATURE)
    while position + 8 <= len(data):
        end = position + 12 + int.from_bytes(data[position : position + 4])
        name = data[position + 4 : position + 8]
        yield name, data[position:end]
        if name == b"IEND":
            return
        position = end


def png_chunk(name: bytes, content: bytes) -> bytes:
    """A chunk with this content."""
    return len(content).to_bytes(4) + name + content + zlib.crc32(name + content).to_bytes(4)


def riff_chunks(data: bytes, *, all_of_it: bool = False) -> Iterator[tuple[bytes, bytes]]:
    """Name and bytes (name, length, content, padding) of each chunk of a WebP; `all_of_it` ignores its length."""
    position, end = 12, len(data) if all_of_it else min(len(data), 8 + int.from_bytes(data[4:8], "little"))
    while position + 8 <= end:
        length = int.from_bytes(data[position + 4 : position + 8], "little")
        following = position + 8 + length + length % 2
        yield data[position : position + 4], data[position : min(following, end)]
        position = following


def webp_with_alpha(data: bytes) -> bytes:
    """An animated WebP whose header says that it may be transparent (RFC 9649, 2.7)."""
    return data[:20] + bytes([data[20] | 0x10]) + data[21:]


def gif_blocks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and bytes of each block: `header`, `image`, `end`, or an extension by its label and first sub-block."""
    position = 13 + _gif_colors(data, 10)
    yield b"header", data[:position]
    while position < len(data):
        kind, start = data[position], position
        if kind == _GIF_END:
            yield b"end", data[position : position + 1]
            return
        if kind == _GIF_EXTENSION:
            label = data[position + 1 : position + 2]
            position += 2
        elif kind == _GIF_IMAGE:
            label = b"image"
            position += 11 + _gif_colors(data, position + 9)
        else:
            raise ValueError("an unknown block in the GIF")
        first = data[position + 1 : position + 1 + int.from_bytes(data[position : position + 1])]
        while size := int.from_bytes(data[position : position + 1]):
            position += 1 + size
        position += 1
        yield label if kind == _GIF_IMAGE else label + first, data[start:position]


def gif_sub_blocks(data: bytes) -> bytes:
    """The content of the sub-blocks that begin here, joined."""
    parts, position = [], 0
    while position < len(data) and data[position]:
        parts.append(data[position + 1 : position + 1 + data[position]])
        position += 1 + data[position]
    return b"".join(parts)


def ends_in_gif_image(block: bytes) -> bool:
    """Whether the block of an image ends before its pixels do. Their last sub-block is not filled up."""
    position = 11 + _gif_colors(block, 9)
    size = 255
    while position < len(block) and block[position]:
        size = block[position]
        position += 1 + size
    return position > len(block) or (position == len(block) and size == 255)


def count_gif_frames(data: bytes, most: int) -> int:
    """Frames of a GIF, at least 1, counted no further than `most` + 1. In a broken file, those that are there."""
    position, frames = 13 + _gif_colors(data, 10), 0
    try:
        while frames <= most:
            kind = data[position]
            if kind == _GIF_IMAGE:
                frames += 1
                position += 11 + _gif_colors(data, position + 9)
            elif kind == _GIF_EXTENSION:
                position += 2
            elif kind == _GIF_END:
                break
            else:
                # Rubbish between blocks, which Pillow skips as well.
                position += 1
                continue
            while size := data[position]:
                position += 1 + size
            position += 1
    except IndexError:
        pass
    return max(1, frames)


def _gif_colors(data: bytes, position: int) -> int:
    """Bytes of the colour table that the flags at a position announce."""
    flags = data[position] if position < len(data) else 0
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0

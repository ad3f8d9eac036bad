"""Tells whether a JPEG needs the last byte of each of its scans (ITU-T T.81, F.2.2.5 and G.1).

The decoder takes up to eight bytes more than it needs, and does not say how many of them it used. But it warns when it
needs a bit that is not there. So each scan is decoded without its last byte: a warning means that pixels end in it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

import simplejpeg
from PIL import JpegImagePlugin

from .containers import jpeg_segments

# By the mode that Pillow gives it, the cheapest colours to decode to.
SPACES = {"L": "GRAY", "RGB": "GRAY", "CMYK": "CMYK"}
_SCAN, _END = 0xDA, b"\xff\xd9"
# Pixels times decoded scans: five seconds.
_MOST_DECODED = 6_000_000_000
_MISSING = "premature end of data segment"


@dataclass(frozen=True)
class _Scan:
    """A scan: its place among the segments, its components, the first and last coefficient, the bits it refines."""

    place: int
    components: frozenset[int]
    first: int
    last: int
    refines: int

    @classmethod
    def read(cls, place: int, segment: bytes) -> _Scan:
        count = segment[4]
        first, last, bits = segment[5 + 2 * count : 8 + 2 * count]
        return cls(place, frozenset(segment[5 : 5 + 2 * count : 2]), first, last, bits >> 4)

    def needs(self, before: _Scan) -> bool:
        """Whether an earlier scan must be decoded before this one: the same coefficients, or the first of all."""
        begins = before.first == 0 and before.refines == 0
        overlaps = before.first <= self.last and self.first <= before.last
        return bool(self.components & before.components) and (begins or overlaps)


def needs_last_bytes(data: bytes, *, except_last_scan: bool = False) -> bool:
    """Whether each scan of a sound JPEG ends with a byte that is needed. Raises ValueError when that takes too long.

    `except_last_scan`: it was cut off, so there is no byte too many. Up to seven bits that fill up a last byte are not
    looked into. Decodes the picture once, at an eighth of its size; a progressive one scan by scan.
    """
    segments = list(jpeg_segments(data))
    scans = [_Scan.read(place, segment) for place, (marker, segment) in enumerate(segments) if marker == _SCAN]
    chains = [[*filter(scan.needs, scans[:number]), scan] for number, scan in enumerate(scans)]
    if except_last_scan:
        chains.pop()
    try:
        with JpegImagePlugin.JpegImageFile(io.BytesIO(data)) as image:
            space, pixels = SPACES.get(image.mode), image.width * image.height
    except Exception as error:
        raise ValueError("the header of the JPEG cannot be read") from error
    if space is None or pixels * sum(map(len, chains)) > _MOST_DECODED:
        raise ValueError("a JPEG of which it takes too long to see where its scans end")
    return all(_is_missed(_without_last_byte(segments, chain), space) for chain in chains)


def _without_last_byte(segments: list[tuple[int, bytes]], chain: list[_Scan]) -> bytes:
    """A JPEG of the last scan of a chain without its last byte, and of the scans before it."""
    *before, scan = chain
    kept = {one.place for one in before}
    parts: Iterator[bytes] = (
        segment for place, (marker, segment) in enumerate(segments[: scan.place]) if marker != _SCAN or place in kept
    )
    segment = segments[scan.place][1]
    # 0xFF is written as two bytes.
    cut = segment[:-2] if segment.endswith(b"\xff\0") else segment[:-1]
    return b"".join(parts) + cut + _END


def _is_missed(data: bytes, space: str) -> bool:
    """Whether the decoder says that a bit is missing. It says nothing of sampling factors that it does not know."""
    try:
        simplejpeg.decode_jpeg(data, space, min_width=1, min_height=1, min_factor=1, strict=True)
    except ValueError as error:
        return _MISSING in str(error)
    return False

"""The exact shape of each segment of a JPEG, and whether there is anything behind its pixels (ITU-T T.81, annex B)."""

from __future__ import annotations

from ....formats.jpeg_end import bytes_left_over
from ....formats.jpeg_scan_ends import needs_last_byte
from .tables import HUFFMAN, QUANTIZATION, Segment, split

START, SCAN, LINES, RESTARTS = 0xD8, 0xDA, 0xDC, 0xDD
# Sequential and progressive, with Huffman codes. Of arithmetic ones nobody knows where they end.
FRAMES = frozenset((0xC0, 0xC1, 0xC2))
# Frames, tables, scans, restarts, start and end. Not: applications (E0 to EF), comments (FE), reserved markers; nor the
# hierarchical kind (DE, DF), which nobody decodes.
PIXELS = FRAMES | {*range(0xD0, 0xDE), HUFFMAN}
_ALONE = frozenset(range(0xD0, 0xDA))
# What components may be called. Other names say nothing to decoders.
_NAMES = (bytes((1, 2, 3, 4)), bytes((0, 1, 2, 3)), b"RGB", b"CMYK")


def check_segment(marker: int, segment: bytes) -> None:
    """Raise ValueError when a segment has other lengths or numbers than its kind has (B.2.2 to B.2.4)."""
    body = segment[4:]
    if marker in FRAMES:
        count = body[5]
        sound = len(body) == 6 + 3 * count and 1 <= count <= 4 and body[0] == 8
        sound = sound and all(tables < 4 for tables in body[8::3])
    elif marker == SCAN:
        # The scan itself follows its header.
        count = body[0]
        sound = int.from_bytes(segment[2:4]) == 6 + 2 * count and 1 <= count <= 4
    elif marker in (HUFFMAN, QUANTIZATION):
        sound = bool(split(segment))
    else:
        sound = marker in _ALONE or (marker in (LINES, RESTARTS) and len(body) == 2)
    if not sound:
        raise ValueError("a segment of the JPEG does not have its numbers, or has more than them")


def check_order(markers: list[int]) -> None:
    """Raise ValueError when there are several frames, or restarts and ends where no scan is."""
    if sum(marker in FRAMES for marker in markers) != 1 or markers.count(START) != 1:
        raise ValueError("the JPEG has no picture, or several")


def renamed(segments: list[Segment]) -> list[Segment]:
    """The segments, of which the shapes were checked, with components of common names, in the frame and in all scans.

    Raises ValueError when scans have other components than the frame.
    """
    frame = next(segment for marker, segment in segments if marker in FRAMES)
    names = frame[10 : 10 + 3 * frame[9] : 3]
    if any(known.startswith(names) for known in _NAMES):
        return segments
    new = bytearray(range(256))
    for number, name in enumerate(names, 1):
        new[name] = number
    changed: list[Segment] = []
    for marker, segment in segments:
        step, at = (3, 10) if marker in FRAMES else (2, 5)
        if marker in FRAMES or marker == SCAN:
            end = at + step * segment[at - 1]
            if len(set(names)) < len(names) or not set(segment[at:end:step]) <= set(names):
                raise ValueError("components of the JPEG that cannot be told apart")
            header = bytearray(segment[:end])
            header[at::step] = bytes(new[name] for name in header[at::step])
            segment = bytes(header) + segment[end:]
        changed.append((marker, segment))
    return changed


def check_scans(data: bytes, *, used_up: bool = False, cut_off: bool = False) -> None:
    """Raise ValueError when bytes lie behind the pixels of a scan, or when nobody can tell.

    `used_up`: a decoder found nothing behind them, except for the few bytes that it takes without need. `cut_off`:
    pixels are missing, so the last scan reaches to the last byte.
    """
    left_over = 0 if used_up else bytes_left_over(data)
    if left_over if left_over is not None else not cut_off:
        raise ValueError("something lies behind the pixels of the JPEG, or nobody can tell")


def check_last_byte(data: bytes) -> None:
    """Raise ValueError when the only scan of a JPEG has a byte more than its pixels need."""
    if not needs_last_byte(data):
        raise ValueError("something lies right behind the pixels of the JPEG")

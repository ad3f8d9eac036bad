"""The exact shape of each segment of a JPEG, and whether there is anything behind its pixels (ITU-T T.81, annex B)."""

from __future__ import annotations

from ...formats.jpeg_end import bytes_left_over
from ...formats.jpeg_scan_ends import needs_last_bytes

_START, _SCAN, _END, _HUFFMAN, _TABLES, _LINES, _RESTARTS = 0xD8, 0xDA, 0xD9, 0xC4, 0xDB, 0xDC, 0xDD
# Sequential and progressive, with Huffman codes. Of arithmetic ones nobody knows where they end.
_FRAMES = frozenset((0xC0, 0xC1, 0xC2))
# Frames, tables, scans, restarts, start and end. Not: applications (E0 to EF), comments (FE), reserved markers; nor the
# hierarchical kind (DE, DF), which nobody decodes.
PIXELS = _FRAMES | {*range(0xD0, 0xDE), _HUFFMAN}
_ALONE = frozenset(range(0xD0, 0xDA))


def check_segment(marker: int, segment: bytes) -> None:
    """Raise ValueError when a segment has other lengths or numbers than its kind has (B.2.2 to B.2.4)."""
    body = segment[4:]
    if marker in _FRAMES:
        count = body[5]
        sound = len(body) == 6 + 3 * count and 1 <= count <= 4 and body[0] == 8
        sound = sound and all(tables < 4 for tables in body[8::3])
    elif marker == _SCAN:
        # The scan itself follows its header.
        count = body[0]
        sound = int.from_bytes(segment[2:4]) == 6 + 2 * count and 1 <= count <= 4
    elif marker == _HUFFMAN:
        sound = _is_huffman(body)
    elif marker == _TABLES:
        sound = _is_quantization(body)
    else:
        sound = marker in _ALONE or (marker in (_LINES, _RESTARTS) and len(body) == 2)
    if not sound:
        raise ValueError("a segment of the JPEG does not have its numbers, or has more than them")


def _is_huffman(body: bytes) -> bool:
    """Tables, each of a class and a number, how many codes have 1 to 16 bits, and what the codes stand for."""
    position = 0
    while position < len(body):
        counts = body[position + 1 : position + 17]
        codes = sum(count << (16 - bits) for bits, count in enumerate(counts, 1))
        if body[position] & 0xEF > 3 or codes > 1 << 16 or sum(counts) > 256:
            return False
        position += 17 + sum(counts)
    return position == len(body)


def _is_quantization(body: bytes) -> bool:
    """Tables, each of a precision and a number, and 64 values of 8 or 16 bits."""
    position = 0
    while position < len(body):
        if body[position] & 0xEF > 3:
            return False
        position += 1 + 64 * (1 + (body[position] >> 4))
    return position == len(body)


def check_order(markers: list[int]) -> None:
    """Raise ValueError when there are several frames, or restarts and ends where no scan is."""
    if sum(marker in _FRAMES for marker in markers) != 1 or markers.count(_START) != 1:
        raise ValueError("the JPEG has no picture, or several")


def check_scans(data: bytes, *, used_up: bool = False, cut_off: bool = False) -> None:
    """Raise ValueError when bytes lie behind the pixels of a scan, or when nobody can tell.

    `used_up`: a decoder found nothing behind them, except for the few bytes that it takes without need. `cut_off`:
    pixels are missing, so the last scan reaches to the last byte.
    """
    left_over = 0 if used_up else bytes_left_over(data)
    if left_over if left_over is not None else not cut_off:
        raise ValueError("something lies behind the pixels of the JPEG, or nobody can tell")
    if not needs_last_bytes(data, except_last_scan=cut_off):
        raise ValueError("something lies right behind the pixels of the JPEG")

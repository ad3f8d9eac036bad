"""JPEGs of one scan, as most are: their codes stay as they are if they are those of an encoder."""

from __future__ import annotations

import re

from ....formats.containers import jpeg_segments
from .padding import with_ones
from .shapes import LINES, RESTARTS, SCAN, check_last_byte
from .tables import Segment, are_usual, uses, without_unused

_SEQUENTIAL, _ADOBE = (0xC0, 0xC1), 0xEE
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
# 0xFF may stand before a marker any number of times.
_FILLED = re.compile(rb"\xff+(?=\xff[\xd0-\xd7])")
_SINGLE = range(0xD0, 0xD8)


def is_plain(segments: list[Segment], *, cut_off: bool) -> bool:
    """Whether a JPEG, with all tables that it needs, has one scan in which there is no choice but the pixels.

    One that was `cut_off` must not have restarts: nobody fills up the bytes before them.
    """
    scans = [segment for marker, segment in segments if marker == SCAN]
    frame = next((segment for marker, segment in segments if marker in _SEQUENTIAL), None)
    if len(scans) != 1 or frame is None or (cut_off and _RESTART.search(scans[0])):
        return False
    return are_usual(without_unused(segments, uses(segments)))


def plain(data: bytes, segments: list[Segment], *, cut_off: bool) -> list[Segment]:
    """The segments of such a JPEG without unused tables, and with ones behind the pixels.

    `data`: the JPEG with all its tables; `segments`: its own. Raises ValueError when the scan holds more than pixels.
    """
    if not cut_off:
        check_last_byte(data)
        data = with_ones(data)
    scan = next(segment for marker, segment in jpeg_segments(data) if marker == SCAN)
    scan = _FILLED.sub(b"", scan)
    place = next(place for place, (marker, _) in enumerate(segments) if marker == SCAN)
    has_restarts = _RESTART.search(scan) is not None
    lengths = [at for at, (marker, _) in enumerate(segments[:place]) if marker == RESTARTS][-1:] if has_restarts else []
    kept = [
        (marker, scan if marker == SCAN else segment)
        for at, (marker, segment) in enumerate(segments)
        # Nobody reads the number of lines, and markers that stand alone.
        if marker not in (LINES, RESTARTS, _ADOBE, *_SINGLE) or at in lengths
    ]
    return without_unused(kept, uses(kept))

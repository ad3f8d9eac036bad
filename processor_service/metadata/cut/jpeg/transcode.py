"""Writes the codes of a JPEG again, without loss: the same coefficients, with nothing else of the old codes.

Progressive, with codes of its own: no choice of the file's author is left but the coefficients and how coarse they are.
"""

from __future__ import annotations

from ....formats.containers import jpeg_segments
from ....formats.jpeg_end import is_only_cut_off, takes_long
from ..apart import apart
from .shapes import FRAMES, SCAN
from .tables import QUANTIZATION, Segment

try:
    from mozjpeg_lossless_optimization import optimize
except ImportError:
    # There are no wheels for some machines.
    HAS_MOZJPEG = False
else:
    HAS_MOZJPEG = True

_ESCAPED = b"\xff\0"
# Of all components together in a unit of codes (B.2.3).
_MOST_BLOCKS = 10
# What the encoder writes itself: JFIF and Adobe's header.
_APPLICATIONS = range(0xE0, 0xF0)


def transcoded(data: bytes, *, cut_off: bool = False) -> list[Segment]:
    """Marker and bytes of the segments of the same picture; without the headers of applications.

    `data`: a JPEG that a decoder has read without a warning, or one that was `cut_off` at its end. That stays without
    an end, and with less than its pixels need, so that it is refused again. Raises ValueError when it takes too long,
    without the library, and for what the encoder does not write, such as coefficients that are out of range.
    """
    segments = list(jpeg_segments(data))
    _check(segments)
    if cut_off and not is_only_cut_off(data):
        raise ValueError("a JPEG that is damaged, and cut off")
    new = [one for one in jpeg_segments(apart(optimize, _without_last_tables(segments))) if one[0] not in _APPLICATIONS]
    if not cut_off:
        return new
    last = max(_scans(new))
    scan = new[last][1]
    return [*new[:last], (SCAN, scan[:-2] if scan.endswith(_ESCAPED) else scan[:-1])]


def _check(segments: list[Segment]) -> None:
    """Raise ValueError for what takes too long, and for what the encoder does not write."""
    scans = _scans(segments)
    frame = next(segment for marker, segment in segments if marker in FRAMES)
    pixels = int.from_bytes(frame[5:7]) * int.from_bytes(frame[7:9])
    blocks = sum((factors >> 4) * (factors & 15) for factors in frame[11 : 10 + 3 * frame[9] : 3])
    replaced = any(marker == QUANTIZATION for marker, _ in segments[scans[0] : scans[-1]])
    if (
        not HAS_MOZJPEG
        or takes_long(pixels, max(len(scans), 2))
        or replaced
        or (frame[9] > 1 and blocks > _MOST_BLOCKS)
    ):
        raise ValueError("a JPEG whose codes cannot be written again")


def _without_last_tables(segments: list[Segment]) -> bytes:
    """The JPEG without tables of quantization behind its last scan, which would count as other ones."""
    last = _scans(segments)[-1]
    return b"".join(part for at, (marker, part) in enumerate(segments) if at < last or marker != QUANTIZATION)


def _scans(segments: list[Segment]) -> list[int]:
    """The places of the scans. Raises ValueError when there are none."""
    places = [place for place, (marker, _) in enumerate(segments) if marker == SCAN]
    if not places:
        raise ValueError("a JPEG without a scan")
    return places

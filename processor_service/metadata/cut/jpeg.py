"""JPEG: segments (ITU-T T.81, annex B)."""

from __future__ import annotations

from collections.abc import Iterator

from ...formats.containers import jpeg_segments
from .kept import Kept, few

BEGINNING = b"\xff\xd8\xff"
_EXIF = b"Exif\0\0"
ICC = b"ICC_PROFILE\0"
_APP0, _APP2, _APP14 = 0xE0, 0xE2, 0xEE
_SOI = 0xD8
# Frames, tables, scans, restarts, start and end. Not: applications (E0 to EF), comments (FE), reserved markers; nor the
# hierarchical kind (DE, DF), which nobody decodes.
_PIXELS = frozenset((*range(0xC0, 0xD0), *range(0xD0, 0xDE))) - {0xC8}
# Bytes of the number of lines and of the restart interval. What is behind them is no number.
_LENGTHS = {0xDC: 6, 0xDD: 6}
# `JFIF`, version, density; without the preview. `Adobe`, version, flags, transform.
_JFIF_BYTES, _ADOBE_BYTES = 12, 12


def parts(data: bytes, kept: Kept) -> Iterator[bytes]:
    """Pixels, JFIF and Adobe (which say how to read colours), the colour profile."""
    segments = list(few(jpeg_segments(data)))
    profile = _profile(segments, kept)
    placed = False
    for marker, segment in segments:
        body = segment[4:]
        if marker in _PIXELS:
            if len(segment) > _LENGTHS.get(marker, len(segment)):
                raise ValueError("a segment of the JPEG is longer than its numbers")
            yield segment
        elif marker == _APP0 and body.startswith(b"JFIF\0") and len(body) >= _JFIF_BYTES:
            yield b"\xff\xe0\0\x10" + body[:_JFIF_BYTES] + b"\0\0"
        elif marker == _APP14 and body.startswith(b"Adobe") and len(body) >= _ADOBE_BYTES:
            yield b"\xff\xee\0\x0e" + body[:_ADOBE_BYTES]
        elif marker == _APP2 and body.startswith(ICC) and not placed:
            placed = True
            yield from profile
        if marker == _SOI and kept.exif:
            exif = _EXIF + kept.bare_exif
            yield b"\xff\xe1" + (len(exif) + 2).to_bytes(2) + exif


def _profile(segments: list[tuple[int, bytes]], kept: Kept) -> list[bytes]:
    """Segments of the colour profile, which is split into pieces of 64 kB, numbered from 1 (ICC.1:2022, B.4)."""
    found = [body[4:] for marker, body in segments if marker == _APP2 and body[4:].startswith(ICC)]
    pieces = {piece[len(ICC)]: piece[len(ICC) + 2 :] for piece in found if len(piece) > len(ICC) + 1}
    profile = kept.checked_profile(b"".join(pieces[number] for number in sorted(pieces)))
    most = 65535 - 2 - len(ICC) - 2
    cut = [profile[start : start + most] for start in range(0, len(profile), most)]
    return [
        b"\xff\xe2" + (len(piece) + len(ICC) + 4).to_bytes(2) + ICC + bytes((number, len(cut))) + piece
        for number, piece in enumerate(cut, 1)
    ]

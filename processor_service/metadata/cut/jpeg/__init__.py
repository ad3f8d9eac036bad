"""JPEG: segments (ITU-T T.81, annex B)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import takewhile
from operator import itemgetter

from ....formats.containers import jpeg_segments
from ..kept import GREY, INKS, RGB, Kept, few
from ..viewer_numbers import density
from .plain import is_plain, plain
from .shapes import FRAMES, PIXELS, SCAN, START, check_order, check_scans, check_segment, renamed
from .tables import Segment, Use, check_steps, missing, without_unused
from .transcode import transcoded

BEGINNING = b"\xff\xd8\xff"
_EXIF = b"Exif\0\0"
ICC = b"ICC_PROFILE\0"
_APP0, _APP2, _APP14 = 0xE0, 0xE2, 0xEE
_END = b"\xff\xd9"
# `JFIF`, version, unit, density; without the preview. Dots an inch, dots a centimetre; without one, pixels are squares.
_JFIF = struct.Struct(">5s2sBHH")
_INCH, _CENTIMETRE, _CENTIMETRES_AN_INCH = 1, 2, 2.54
# `Adobe`, version, flags, transform.
_ADOBE, _ADOBE_BYTES, _MOST_TRANSFORM = b"Adobe\0\x64\0\0\0\0", 12, 2


def parts(data: bytes, kept: Kept, tables: bytes = b"") -> Iterator[bytes]:
    """Pixels, JFIF and Adobe (which say how to read colours), the colour profile.

    `tables`: a JPEG without a picture, whose tables the picture needs.
    """
    segments = list(few(jpeg_segments(data)))
    check_order([marker for marker, _ in segments])
    for marker, segment in segments:
        if marker in PIXELS:
            check_segment(marker, segment)
    segments = renamed(segments)
    profile = _profile(segments, kept)
    yield segments[0][1]
    if kept.exif:
        exif = _EXIF + kept.bare_exif
        yield b"\xff\xe1" + (len(exif) + 2).to_bytes(2) + exif
    for marker, segment in takewhile(lambda one: one[0] != SCAN, segments):
        body = segment[4:]
        if marker == _APP0 and body.startswith(b"JFIF\0") and len(body) >= _JFIF.size:
            yield b"\xff\xe0\0\x10" + _jfif(body) + b"\0\0"
        elif marker == _APP14 and body.startswith(b"Adobe") and len(body) >= _ADOBE_BYTES:
            if body[_ADOBE_BYTES - 1] > _MOST_TRANSFORM:
                raise ValueError("colours of a JPEG that are not known")
            yield b"\xff\xee\0\x0e" + _ADOBE + body[_ADOBE_BYTES - 1 : _ADOBE_BYTES]
        elif marker == _APP2 and body.startswith(ICC):
            yield from profile
            profile = []
    pixels = _pixels(segments, kept, tables)
    check_steps(pixels)
    yield from (segment for marker, segment in pixels if marker != START)


def _pixels(segments: list[Segment], kept: Kept, tables: bytes) -> list[Segment]:
    """The segments that pixels need, with nothing else in them."""
    # Without metadata, of which the decoder may have something to say instead.
    bare = [one for one in segments if one[0] in PIXELS or one[0] == _APP14]
    others = list(jpeg_segments(tables.removesuffix(_END))) if tables else []
    whole = b"".join(segment for _, segment in [*others, *bare[1:]]) if tables else b"".join(map(itemgetter(1), bare))
    check_scans(whole, used_up=kept.used_up, cut_off=kept.cut_off)
    if is_plain([*others, *bare], cut_off=kept.cut_off):
        return plain(whole, bare, cut_off=kept.cut_off)
    if tables:
        raise ValueError("codes of a TIFF that encoders do not write")
    return transcoded(whole, cut_off=kept.cut_off)


def of_tiff(piece: bytes, tables: bytes) -> Iterator[bytes]:
    """The same for a strip or tile of a TIFF; its tables may stand elsewhere."""
    yield from parts(piece, Kept(), tables)


def tables_of_tiff(tables: bytes, pieces: list[bytes]) -> Iterator[bytes]:
    """The tables alone, as far as any of the pieces needs them."""
    used = set[Use]().union(*(missing(list(jpeg_segments(piece))) for piece in pieces))
    segments = without_unused([one for one in few(jpeg_segments(tables)) if one[0] in PIXELS], used)
    check_steps(segments)
    for marker, segment in segments:
        check_segment(marker, segment)
        yield segment


def _jfif(body: bytes) -> bytes:
    """The same header in version 1.01, with a resolution in whole dots an inch, if it has one of square pixels."""
    *_, unit, across, down = _JFIF.unpack_from(body)
    dots = density(across * (_CENTIMETRES_AN_INCH if unit == _CENTIMETRE else 1)) if across == down else 0
    known = bool(dots) and unit in (_INCH, _CENTIMETRE)
    return _JFIF.pack(b"JFIF\0", b"\1\1", int(known), *(2 * (dots if known else 1,)))


def _profile(segments: list[tuple[int, bytes]], kept: Kept) -> list[bytes]:
    """Segments of the colour profile, which is split into pieces of 64 kB, numbered from 1 (ICC.1:2022, B.4)."""
    found = [body[4:] for marker, body in segments if marker == _APP2 and body[4:].startswith(ICC)]
    pieces = {piece[len(ICC)]: piece[len(ICC) + 2 :] for piece in found if len(piece) > len(ICC) + 1}
    components = next(segment[9] for marker, segment in segments if marker in FRAMES)
    space = {1: GREY, 4: INKS}.get(components, RGB)
    profile = kept.checked_profile(b"".join(pieces[number] for number in sorted(pieces)), space)
    most = 65535 - 2 - len(ICC) - 2
    cut = [profile[start : start + most] for start in range(0, len(profile), most)]
    return [
        b"\xff\xe2" + (len(piece) + len(ICC) + 4).to_bytes(2) + ICC + bytes((number, len(cut))) + piece
        for number, piece in enumerate(cut, 1)
    ]

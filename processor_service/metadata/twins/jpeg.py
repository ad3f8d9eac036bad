"""JPEG: a colour profile in numbered pieces (ICC.1:2022, B.4), and EXIF (CIPA DC-008)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, product

from ...formats.containers import jpeg_header
from ..exif import Exif
from .sound import sound_exif, sound_profile

_APP1, _APP2, _FRAMES = 0xE1, 0xE2, (0xC0, 0xC1, 0xC2, 0xC9, 0xCA)
_ICC, _EXIF = b"ICC_PROFILE\0", b"Exif\0\0"
# Behind marker and length; number and count of a profile's pieces behind its name.
_BODY = 4
_NUMBERS = _BODY + len(_ICC)
# Ways to put together a profile of which there are several pieces of a number.
_MOST_WAYS = 20
_Segments = list[tuple[int, bytes]]


def without_broken_twins(data: bytes) -> bytes:
    """Without all profiles and EXIFs but one of each.

    A profile with a missing piece is none. Pieces belong together that name the same number of pieces. EXIF above 64 kB
    has several segments: it is whole when they are joined.
    """
    segments, rest = jpeg_header(data)
    pieces = {at: one for at, (kind, one) in enumerate(segments) if kind == _APP2 and one.startswith(_ICC, _BODY)}
    exifs = {at: one for at, (kind, one) in enumerate(segments) if kind == _APP1 and one.startswith(_EXIF, _BODY)}
    dropped: set[int] = set()
    if pieces and not _are_in_order(list(pieces.values())):
        dropped |= pieces.keys() - set(_profile(pieces, _is_grey(segments)))
    if len(exifs) > 1:
        dropped |= exifs.keys() - set(_exif(exifs))
    if not dropped:
        return data
    return b"".join([data[:2], *(segment for at, (_, segment) in enumerate(segments) if at not in dropped), rest])


def _are_in_order(pieces: list[bytes]) -> bool:
    numbers = [piece[_NUMBERS : _NUMBERS + 2] for piece in pieces]
    return numbers == [bytes((number, len(pieces))) for number in range(1, len(pieces) + 1)]


def _profile(pieces: dict[int, bytes], grey: bool) -> tuple[int, ...]:
    """Places of the pieces of the first sound profile, or else of the last one of which no piece is missing."""
    counts = dict.fromkeys(piece[_NUMBERS + 1 : _NUMBERS + 2] for piece in pieces.values())
    found = [way for count in counts for way in _ways(pieces, count)]
    if not found:
        return ()
    place = sound_profile((b"".join(pieces[at][_NUMBERS + 2 :] for at in way) for way in found), grey)
    return found[-1 if place is None else place]


def _ways(pieces: dict[int, bytes], count: bytes) -> Iterator[tuple[int, ...]]:
    """Every way to put together as many pieces as `count`, a byte, says."""
    numbered: dict[int, list[int]] = {}
    for at, piece in pieces.items():
        if piece[_NUMBERS + 1 : _NUMBERS + 2] == count and len(piece) > _NUMBERS + 2:
            numbered.setdefault(piece[_NUMBERS], []).append(at)
    wanted = range(1, int.from_bytes(count) + 1)
    if wanted and numbered.keys() >= set(wanted):
        yield from islice(product(*(numbered[number] for number in wanted)), _MOST_WAYS)


def _exif(exifs: dict[int, bytes]) -> list[int]:
    """Places of the segments of the EXIF: all of them, or the one that is sound alone."""
    alone = [exif[_BODY:] for exif in exifs.values()]
    joined = alone[0] + b"".join(exif[len(_EXIF) :] for exif in alone[1:])
    whole, place = Exif(joined), sound_exif(alone)
    # Of what the joined one lacks, another one may have all.
    if whole.whole or place is None or (whole.main and not Exif(alone[place]).whole):
        return list(exifs)
    return [list(exifs)[place]]


def _is_grey(segments: _Segments) -> bool:
    return next((segment[9:10] == b"\1" for marker, segment in segments if marker in _FRAMES), False)

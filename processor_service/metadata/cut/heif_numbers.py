"""The numbers in boxes of AVIF and HEIF (ISO/IEC 14496-12, 23008-12): whether they can be what the box is for.

Versions, flags and lengths were checked before (heif_shapes.py).
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from ...formats.boxes import boxes, item_places

ALPHA_URNS = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1")
_FULL = 4
_BRANDS = frozenset(
    b"avif avis avio mif1 mif2 miaf MA1A MA1B MiHA MiHB MiHE MiPr msf1 heic heix heim heis hevc hevx hevm hevs 1pic"
    b" tmap iso3 iso4 iso5 iso6 iso7 iso8 iso9 isoa isob isom mp41 mp42 unif".split()
)
_MATRIX_NUMBERS = frozenset((0, 1 << 16, 0xFFFF << 16, 1 << 30))
_HANDLERS = (b"pict", b"auxv", b"vide")
_IN_THIS_FILE = struct.pack(">III4sI", 0, 1, 12, b"url ", 1)
_TRACK_REFERENCES = frozenset((b"auxl", b"prem"))
_MOST_SIDE, _MOST_TRACKS, _MOST_A_SECOND, _MOST_LAYER = 1 << 16, 16, 1_000_000, 1 << 24
_MOST_TIME, _ENDLESS = 1 << 32, (1 << 64) - 1
_ONE = 1 << 16
# Three letters of five bits: "und", no language.
_NO_LANGUAGE = 0x55C4


def _is_type(body: bytes) -> bool:
    brands = [body[at : at + 4] for at in range(8, len(body), 4)]
    return {body[:4], *brands} <= _BRANDS and len(set(brands)) == len(brands) and not any(body[4:8])


def _is_time(a_second: int, time: int) -> bool:
    return a_second <= _MOST_A_SECOND and (time < _MOST_TIME or time == _ENDLESS)


def _is_movie(body: bytes) -> bool:
    at = 20 if body[0] else 12
    a_second, time, rate, volume = struct.unpack_from(">IQIH" if body[0] else ">IIIH", body, at)
    (next_track,) = struct.unpack(">I", body[-4:])
    sound = _is_time(a_second, time) and rate == _ONE and volume in (0, 1 << 8)
    return sound and next_track <= _MOST_TRACKS and _is_matrix(body[-64:-28])


def _is_track(body: bytes) -> bool:
    number, _, time = struct.unpack_from(">IIQ" if body[0] else ">III", body, 20 if body[0] else 12)
    sides = struct.unpack(">HHHH", body[-8:])
    return number <= _MOST_TRACKS and _is_time(0, time) and not any(sides[1::2]) and _is_matrix(body[-44:-8])


def _is_media(body: bytes) -> bool:
    a_second, time, language = struct.unpack_from(">IQH" if body[0] else ">IIH", body, 20 if body[0] else 12)
    return language == _NO_LANGUAGE and _is_time(a_second, time)


def _is_matrix(numbers: bytes) -> bool:
    return set(struct.unpack(">9I", numbers)) <= _MATRIX_NUMBERS


def _is_edit(body: bytes) -> bool:
    count, time, start, rate = struct.unpack(">IQQI" if body[0] else ">IIII", body[_FULL:])
    return count == 1 and _is_time(0, time) and start == 0 and rate == _ONE


def _is_crop(body: bytes) -> bool:
    numbers = struct.unpack(">8i", body)
    return all(abs(number) < _MOST_SIDE for number in numbers) and all(number in (1, 2) for number in numbers[1::2])


def _is_list_of_depths(body: bytes) -> bool:
    return 1 <= body[4] <= 4 and len(body) == 5 + body[4] and all(0 < depth <= 16 for depth in body[5:])


def _is_color(body: bytes) -> bool:
    """Colours in numbers; a profile is replaced anyway."""
    if body[:4] in (b"prof", b"rICC"):
        return True
    return len(body) == 11 and body[:4] == b"nclx" and not any(body[4:10:2]) and not body[10] & 0x7F


def _is_list_of_sizes(body: bytes) -> bool:
    size, count = struct.unpack_from(">II", body, _FULL)
    return bool(len(body) == 12 + (0 if size else 4 * count))


def _is_alpha(body: bytes) -> bool:
    return body[_FULL:] in {urn + b"\0" for urn in ALPHA_URNS}


def _is_list_of_layers(body: bytes) -> bool:
    return body[0] == 0 or max(struct.unpack(">III", body[1:])) < _MOST_LAYER


def _is_list_of_tracks(body: bytes) -> bool:
    last = 0
    for kind, begin, last in boxes(body):
        if kind not in _TRACK_REFERENCES or last - begin != 4 or int.from_bytes(body[begin:last]) > _MOST_TRACKS:
            return False
    return last == len(body)


def _is_list_of_places(body: bytes) -> bool:
    list(item_places(body, 0, len(body)))
    return True


NUMBERS: dict[bytes, Callable[[bytes], bool]] = {
    b"ftyp": _is_type,
    b"hdlr": lambda body: body[8:12] in _HANDLERS,
    b"dref": lambda body: body == _IN_THIS_FILE,
    b"iloc": _is_list_of_places,
    b"ispe": lambda body: max(struct.unpack(">II", body[_FULL:])) < _MOST_SIDE,
    b"pixi": _is_list_of_depths,
    b"colr": _is_color,
    b"irot": lambda body: body[0] < 4,
    b"imir": lambda body: body[0] < 2,
    b"clap": _is_crop,
    b"pasp": lambda body: max(struct.unpack(">II", body)) < _MOST_SIDE,
    b"a1lx": _is_list_of_layers,
    b"a1op": lambda body: body[0] < 32,
    b"auxC": _is_alpha,
    b"auxi": _is_alpha,
    # Three numbers of six bits in all; the others are reserved.
    b"ccst": lambda body: not int.from_bytes(body[_FULL:]) & 0x03FFFFFF,
    b"mvhd": _is_movie,
    b"tkhd": _is_track,
    b"mdhd": _is_media,
    b"elst": _is_edit,
    b"stsz": _is_list_of_sizes,
    b"tref": _is_list_of_tracks,
}

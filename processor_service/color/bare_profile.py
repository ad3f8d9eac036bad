"""Reduces an ICC profile to what colour management needs (ICC.1:2022; section numbers are from there).

Profiles of devices reveal their owner: calibration software writes serial numbers, dates and file names.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator

_HEADER = 128
_MOST_TAGS, _MOST_BYTES = 100, 4 * 1024**2
_CLASSES = (b"scnr", b"mntr", b"prtr", b"spac")
_SPACES = (b"RGB ", b"GRAY", b"CMYK", b"Lab ")
_CONNECTIONS = (b"XYZ ", b"Lab ")
_D50 = struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D)
_DATE = struct.pack(">6H", 2000, 1, 1, 0, 0, 0)
_NAME = "Colour profile"
# Numbers of a parametric curve, by its function (10.18).
_PARAMETERS = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}
_TEXTS = frozenset((b"desc", b"cprt"))
_CURVES = (b"rTRC", b"gTRC", b"bTRC", b"kTRC")
_TABLES = tuple(b"%s%d" % (name, number) for name in (b"A2B", b"B2A") for number in range(3))
_POINTS = (b"wtpt", b"bkpt", b"lumi", b"rXYZ", b"gXYZ", b"bXYZ")
# Floating point tables take precedence over all others. They may hold anything, and pictures do not have them.
_UNKNOWN = frozenset(b"%s%d" % (name, number) for name in (b"D2B", b"B2D") for number in range(4))


def bare_profile(profile: bytes) -> bytes:
    """A profile of the same colours with a neutral name; empty when it is not a profile, or of an unknown kind."""
    try:
        return _bare(profile)
    except (ValueError, IndexError, KeyError, struct.error):
        return b""


def _bare(profile: bytes) -> bytes:
    if not _HEADER < len(profile) <= _MOST_BYTES or profile[36:40] != b"acsp":
        raise ValueError("no profile")
    contents = dict(_contents(profile))
    if contents.keys() & _UNKNOWN:
        raise ValueError("tables of floating point")
    # A tag that must stay but has an unknown type raises KeyError.
    tags = {name: _KNOWN[name][content[:4]](content) for name, content in contents.items() if name in _KNOWN}
    tags |= {name: _text(name, profile[8]) for name in _TEXTS & contents.keys()}
    return _written(_header(profile), tags)


def _contents(profile: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and content of each tag that matters (7.3). Of two with one name the first counts, so it comes last."""
    (count,) = struct.unpack_from(">I", profile, _HEADER)
    if count > _MOST_TAGS:
        raise ValueError("more tags than any profile has")
    pieces: dict[tuple[int, int], bytes] = {}
    left = len(profile)
    for number in reversed(range(count)):
        name, start, size = struct.unpack_from(">4sII", profile, _HEADER + 4 + 12 * number)
        if name not in _KNOWN and name not in _TEXTS and name not in _UNKNOWN:
            continue
        # Tags may share their whole content, but not other bytes: a hundred tags could claim all of a large file.
        if (start, size) not in pieces:
            left -= size
            if start + size > len(profile) or left < 0:
                raise ValueError("a tag beyond the profile's end, or in another one")
            pieces[start, size] = profile[start : start + size]
        yield name, pieces[start, size]


def _header(profile: bytes) -> bytes:
    """Version, class, colour spaces and intent (7.2). Not the maker, the device, the date and the digest."""
    kind, space, connection, intent = profile[12:16], profile[16:20], profile[20:24], profile[64:68]
    if kind not in _CLASSES or space not in _SPACES or connection not in _CONNECTIONS or profile[8] not in (2, 4):
        raise ValueError("a kind of profile that pictures do not have")
    version = profile[8:10] + bytes(2)
    intent = intent if intent[:3] == bytes(3) and intent[3] < 4 else bytes(4)
    return version + kind + space + connection + _DATE + b"acsp" + bytes(24) + intent + _D50 + bytes(48)


def _written(header: bytes, tags: dict[bytes, bytes]) -> bytes:
    """The whole file. Content that tags share is stored once."""
    at, places, body = _HEADER + 4 + 12 * len(tags), {}, b""
    table = struct.pack(">I", len(tags))
    for name, content in sorted(tags.items()):
        if content not in places:
            places[content] = at + len(body)
            body += content + bytes(-len(content) % 4)
        table += name + struct.pack(">II", places[content], len(content))
    return struct.pack(">I4x", at + len(body)) + header + table + body


def _text(name: bytes, version: int) -> bytes:
    """The name that a profile must have, in the type of its version (ICC.1:2001-04, 6.5.17, and 10.15)."""
    if version >= 4:
        words = _NAME.encode("utf-16-be")
        return b"mluc" + struct.pack(">4xII4sII", 1, 12, b"enUS", len(words), 28) + words
    letters = _NAME.encode() + b"\0"
    if name == b"cprt":
        return b"text" + bytes(4) + letters
    return b"desc" + struct.pack(">4xI", len(letters)) + letters + bytes(8 + 3 + 67)


def _sized(content: bytes, size: int) -> bytes:
    """The first `size` bytes of an element, with zeros after its type. Raises ValueError when it is shorter."""
    if size > len(content):
        raise ValueError("an element is shorter than it says")
    return content[:4] + bytes(4) + content[8:size]


def _numbers(count: int) -> Callable[[bytes], bytes]:
    return lambda content: _sized(content, 8 + 4 * count)


def _sampled(content: bytes) -> bytes:
    return _sized(content, 12 + 2 * int.from_bytes(content[8:12]))


def _parametric(content: bytes) -> bytes:
    size = 12 + 4 * _PARAMETERS[int.from_bytes(content[8:10])]
    return _sized(content, 10) + bytes(2) + _sized(content, size)[12:]


def _table_of_8(content: bytes) -> bytes:
    inputs, outputs, grid = content[8:11]
    cut = _sized(content, 48 + 256 * (inputs + outputs) + grid**inputs * outputs)
    return cut[:11] + b"\0" + cut[12:]


def _table_of_16(content: bytes) -> bytes:
    inputs, outputs, grid = content[8:11]
    entries, results = struct.unpack_from(">HH", content, 48)
    cut = _sized(content, 52 + 2 * (entries * inputs + grid**inputs * outputs + results * outputs))
    return cut[:11] + b"\0" + cut[12:]


def _staged(content: bytes) -> bytes:
    """Curves, matrix, curves, table, curves: each at any place in the element, or missing (10.12, 10.13)."""
    inputs, outputs = content[8:10]
    forward = content[:4] == b"mAB "
    inner, outer = (outputs, inputs) if forward else (inputs, outputs)
    ways: tuple[Callable[[int], bytes], ...] = (
        lambda at: _curves(content, at, inner),
        lambda at: _part(content, at, 12 * 4),
        lambda at: _curves(content, at, inner),
        lambda at: _grid(content, at, inputs, outputs),
        lambda at: _curves(content, at, outer),
    )
    head, body = content[:4] + bytes(4) + content[8:10] + bytes(2), b""
    for way, place in zip(ways, struct.unpack_from(">5I", content, 12), strict=True):
        head += struct.pack(">I", 32 + len(body) if place else 0)
        if place:
            stage = way(place)
            body += stage + bytes(-len(stage) % 4)
    return head + body


def _curves(content: bytes, at: int, count: int) -> bytes:
    found = b""
    for _ in range(count):
        curve = _CURVE[content[at : at + 4]](content[at:])
        found += curve + bytes(-len(curve) % 4)
        at += len(curve) + -len(curve) % 4
    return found


def _grid(content: bytes, at: int, inputs: int, outputs: int) -> bytes:
    points, depth = content[at : at + inputs], content[at + 16]
    if inputs > 16 or depth not in (1, 2):
        raise ValueError("a table of a kind that is not known")
    values = _part(content, at + 20, math.prod(points) * outputs * depth)
    return points.ljust(16, b"\0") + bytes((depth, 0, 0, 0)) + values


def _part(content: bytes, at: int, size: int) -> bytes:
    if at + size > len(content):
        raise ValueError("a part of an element is shorter than it says")
    return content[at : at + size]


_Ways = dict[bytes, Callable[[bytes], bytes]]
_CURVE: _Ways = {b"curv": _sampled, b"para": _parametric}
_POINT: _Ways = {b"XYZ ": _numbers(3)}
_TABLE: _Ways = {b"mft1": _table_of_8, b"mft2": _table_of_16, b"mAB ": _staged, b"mBA ": _staged}
# Tags that may stay, the types that they may have, and what is kept of each type.
_KNOWN: dict[bytes, _Ways] = dict.fromkeys(_CURVES, _CURVE) | dict.fromkeys(_TABLES, _TABLE)
_KNOWN |= dict.fromkeys(_POINTS, _POINT) | {b"chad": {b"sf32": _numbers(9)}, b"cicp": {b"cicp": _numbers(1)}}

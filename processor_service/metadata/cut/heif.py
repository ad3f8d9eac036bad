"""AVIF and HEIF: the file keeps its length. It stays when everything in it is known, else it is encoded again.

Places of bytes stand all over an ISO base media file (ISO/IEC 14496-12, 23008-12), so nothing is taken out of it. Only
colour profiles are replaced by ones of the same length that hold nothing but colours.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from ...formats.boxes import boxes, item_places, items
from .kept import Kept

_FULL = 4
# Boxes that hold boxes, and how many bytes stand before them.
_CONTAINERS = {
    b"meta": _FULL,
    b"iprp": 0,
    b"ipco": 0,
    b"moov": 0,
    b"trak": 0,
    b"edts": 0,
    b"mdia": 0,
    b"minf": 0,
    b"dinf": 0,
    b"stbl": 0,
}
# What says how the picture, or the animation, is to be decoded and shown, in numbers.
_KNOWN = frozenset(
    b"ftyp mdat pitm iloc iref idat ipma ispe pixi colr av1C hvcC pasp irot imir clap a1lx a1op lsel clli mdcv cclv"
    b" amve mvhd tkhd elst mdhd vmhd nmhd dref stts stsc stsz stco co64 stss sdtp ctts cslg tref rloc prdi".split()
)
# The same of samples.
_OF_SAMPLES = frozenset(b"av1C hvcC colr pasp auxi ccst btrt clli pixi".split())
_MEDIA_DATA, _ITEMS, _PLACES, _COLORS = b"mdat", b"iinf", b"iloc", b"colr"
_PROFILES = (b"prof", b"rICC")
# Colours in numbers, and a list of data references with one entry, which says that the data is in this file.
_LENGTHS = {_COLORS: 11, b"dref": 20}
_PIXELS = frozenset((b"av01", b"hvc1", b"grid", b"iovl", b"iden", b"tmap"))
# Names that encoders give to items and to what handles them. Others may be anything.
_NAMES = frozenset((b"", b"Color", b"Alpha", b"Image", b"pict", b"libavif", b"Picture", b"HEIC", b"PictureHandler"))
_ALPHA_URNS = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1")
_SAMPLE_ENTRY_BYTES = 78


def parts(data: bytes, kept: Kept) -> Iterator[bytes]:
    """The file with bare profiles. Raises ValueError when something in it is not known."""
    # The turn is in the container.
    if kept.names:
        raise ValueError("the file has no room for the names that are to be kept")
    file = bytearray(data)
    media: list[tuple[int, int]] = []
    used: list[tuple[int, int]] = []
    for name, begin, end in _walk(data, 0, len(data)):
        if name == _MEDIA_DATA:
            media.append((begin, end))
        elif name == _PLACES:
            used += [(at.start, at.start + at.length) for at in item_places(data, begin) if at.method == 0]
        elif name == b"stbl":
            used += _samples(data, begin, end)
        elif name == _COLORS and data[begin : begin + 4] in _PROFILES:
            file[begin + 4 : end] = _bare(data[begin + 4 : end], kept)
        elif end - begin > _LENGTHS.get(name, end):
            raise ValueError("a box is longer than its numbers")
    _covered(media, used)
    yield bytes(file)


def _bare(profile: bytes, kept: Kept) -> bytes:
    """A bare profile of the same length, which ends in zeros."""
    bare, size = kept.checked_profile(profile), len(profile)
    if not 0 < len(bare) <= size:
        raise ValueError("a profile that cannot be replaced")
    return (size.to_bytes(4) + bare[4:]).ljust(size, b"\0")


def _walk(data: bytes, begin: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Every box, all the way down, with where its content begins and ends."""
    last = begin
    for name, start, last in boxes(data, begin, end):
        if last > end:
            raise ValueError("a box reaches beyond what it lies in")
        body = data[start:last]
        if name in _CONTAINERS:
            yield from _walk(data, start + _CONTAINERS[name], last)
        elif name == _ITEMS:
            for _, kind, said in items(data, start, last):
                if kind not in _PIXELS:
                    raise ValueError("an item that holds no pixels")
                _check_name(said)
        elif name == b"hdlr":
            # Version, handler type, three reserved numbers, and a name.
            _check_name(body[24:])
        elif name == b"auxC":
            if body[_FULL:].split(b"\0")[0] not in _ALPHA_URNS:
                raise ValueError("an auxiliary picture that is not known")
        elif name == b"stsd":
            yield from _walk_samples(data, start, last)
        elif name in (b"free", b"skip"):
            if any(body):
                raise ValueError("a box that is said to be free is not")
        elif name not in _KNOWN:
            raise ValueError("a box that is not known")
        yield name, start, last
    if last != end:
        raise ValueError("something lies behind the last box")


def _check_name(text: bytes) -> None:
    if text.rstrip(b"\0") not in _NAMES:
        raise ValueError("a name that may be anything")


def _walk_samples(data: bytes, start: int, last: int) -> Iterator[tuple[bytes, int, int]]:
    """The boxes of each kind of samples."""
    for name, begin, end in boxes(data, start + _FULL + 4, last):
        if name not in (b"av01", b"hvc1"):
            raise ValueError("samples that hold no pixels")
        # The compressor's name: a length and 31 bytes.
        if data[begin + 43 : begin + 74].rstrip(b"\0") not in (b"", b"AOM Coding", b"AOM Coding with alpha"):
            raise ValueError("a name that may be anything")
        for inner, at, to in boxes(data, begin + _SAMPLE_ENTRY_BYTES, end):
            if inner not in _OF_SAMPLES or to > end:
                raise ValueError("a box that is not known")
            yield inner, at, to


def _samples(data: bytes, begin: int, end: int) -> list[tuple[int, int]]:
    """Where the samples of a track lie in the file: chunk by chunk (ISO/IEC 14496-12, 8.7)."""
    tables = {name: data[start + _FULL : last] for name, start, last in boxes(data, begin, end)}
    size, count = struct.unpack_from(">II", tables[b"stsz"])
    if count > len(data) or size * count > len(data):
        raise ValueError("the samples are longer than the file")
    sizes = [size] * count if size else list(struct.unpack_from(f">{count}I", tables[b"stsz"], 8))
    wide = b"co64" in tables
    places = tables[b"co64" if wide else b"stco"]
    (chunks,) = struct.unpack_from(">I", places)
    offsets = struct.unpack_from(f">{chunks}{'Q' if wide else 'I'}", places, 4)
    (runs,) = struct.unpack_from(">I", tables[b"stsc"])
    numbers = struct.unpack_from(f">{3 * runs}I", tables[b"stsc"], 4)
    per_chunk = {numbers[at]: numbers[at + 1] for at in range(0, len(numbers), 3)}
    found, at, each = [], 0, 0
    for number, offset in enumerate(offsets, 1):
        each = per_chunk.get(number, each)
        found.append((offset, offset + sum(sizes[at : at + each])))
        at += each
    return found


def _covered(media: list[tuple[int, int]], used: list[tuple[int, int]]) -> None:
    """Raise ValueError when media data, in the order of the file, holds bytes that are of no item and no sample."""
    waiting = sorted(used, reverse=True)
    reached = 0
    for begin, end in media:
        reached = max(reached, begin)
        while waiting and waiting[-1][0] <= reached < end:
            reached = max(reached, waiting.pop()[1])
        if reached < end:
            raise ValueError("media data that belongs to nothing")

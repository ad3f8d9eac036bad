"""AVIF and HEIF: the file keeps its length. It is kept if everything in it is known; otherwise it is encoded again.

An ISO base media file (ISO/IEC 14496-12, 23008-12) has positions of bytes everywhere, so nothing is removed. Only
colour profiles are replaced, by profiles of the same length that hold nothing but colours.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...formats.boxes import boxes, items
from .heif_pixels import CODECS, Pixels
from .kept import Kept

_FULL = 4
# Boxes that hold boxes, and how many bytes precede those.
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
# Boxes that say in numbers how to decode and show the picture or the animation.
_KNOWN = frozenset(
    b"ftyp mdat pitm iloc iref idat ipma ispe pixi colr av1C hvcC pasp irot imir clap a1lx a1op lsel clli mdcv cclv"
    b" amve mvhd tkhd elst mdhd vmhd nmhd dref stts stsc stsz stco co64 stss sdtp ctts cslg tref rloc prdi".split()
)
# The same of samples.
_OF_SAMPLES = frozenset(b"av1C hvcC colr pasp auxi ccst btrt clli pixi".split())
_ITEMS, _COLORS = b"iinf", b"colr"
# How many depths there are, and a byte for each.
_DEPTHS = b"pixi"
_PROFILES = (b"prof", b"rICC")
# Most bytes of boxes that have a fixed number of them (ISO/IEC 14496-12, 23008-12, 23000-22, AV1 in ISOBMFF); behind
# them may be anything. A list of data references has one entry, which says that the data is in this file.
_LENGTHS = {
    **{_COLORS: 11, b"dref": 20, b"pitm": 8, b"ispe": 12, b"irot": 1, b"imir": 1, b"clap": 32, b"pasp": 8},
    **{b"a1lx": 13, b"a1op": 1, b"lsel": 2, b"clli": 4, b"mdcv": 24, b"cclv": 41, b"amve": 8, b"rloc": 12, b"prdi": 6},
    **{b"mvhd": 112, b"tkhd": 96, b"mdhd": 36, b"vmhd": 12, b"nmhd": 4, b"cslg": 44, b"btrt": 12},
}
_PIXELS = frozenset((b"av01", b"hvc1", b"grid", b"iovl", b"iden", b"tmap"))
# Names that encoders give to items and handlers. Other names may hold anything.
_NAMES = frozenset((b"", b"Color", b"Alpha", b"Image", b"pict", b"libavif", b"Picture", b"HEIC", b"PictureHandler"))
_ALPHA_URNS = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1")
_SAMPLE_ENTRY_BYTES = 78
# Boxes that say where the pixels are, or hold them.
_OF_PIXELS = {
    b"mdat": Pixels.add_media_data,
    b"idat": Pixels.add_data_of_items,
    _ITEMS: Pixels.add_items,
    b"iloc": Pixels.add_places,
    b"stbl": Pixels.add_samples,
    b"hvcC": Pixels.add_hevc,
    b"av1C": Pixels.add_av1,
}


def parts(data: bytes, kept: Kept) -> Iterator[bytes]:
    """The file with bare profiles. Raises ValueError when something in it is unknown."""
    # The turn is in the container.
    if kept.names:
        raise ValueError("the file has no room for the names that are to be kept")
    file, pixels = bytearray(data), Pixels(data)
    for name, begin, end in _walk(data, 0, len(data)):
        if name in _OF_PIXELS:
            _OF_PIXELS[name](pixels, begin, end)
        elif name == _COLORS and data[begin : begin + 4] in _PROFILES:
            file[begin + 4 : end] = _bare(data[begin + 4 : end], kept)
        elif end - begin > (5 + data[begin + 4] if name == _DEPTHS else _LENGTHS.get(name, end)):
            raise ValueError("a box is longer than its numbers")
    pixels.check()
    yield bytes(file)


def _bare(profile: bytes, kept: Kept) -> bytes:
    """A bare profile of the same length, which ends in zeros."""
    bare, size = kept.checked_profile(profile), len(profile)
    if not 0 < len(bare) <= size:
        raise ValueError("a profile that cannot be replaced")
    return (size.to_bytes(4) + bare[4:]).ljust(size, b"\0")


def _walk(data: bytes, begin: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Every box at any depth, and where its content begins and ends."""
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
        if name not in CODECS:
            raise ValueError("samples that hold no pixels")
        # The compressor's name: a length and 31 bytes.
        if data[begin + 43 : begin + 74].rstrip(b"\0") not in (b"", b"AOM Coding", b"AOM Coding with alpha"):
            raise ValueError("a name that may be anything")
        for inner, at, to in boxes(data, begin + _SAMPLE_ENTRY_BYTES, end):
            if inner not in _OF_SAMPLES or to > end:
                raise ValueError("a box that is not known")
            yield inner, at, to

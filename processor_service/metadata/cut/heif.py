"""AVIF and HEIF: the file keeps its length. It is kept if everything in it is known; otherwise it is encoded again.

An ISO base media file (ISO/IEC 14496-12, 23008-12) has positions of bytes everywhere, so nothing is removed. Only
colour profiles are replaced, by profiles of the same length that hold nothing but colours.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...formats.boxes import boxes
from .heif_items import check_items, check_name
from .heif_pixels import CODECS, Pixels
from .heif_shapes import CHANGED, FULL, check_box, overwritten, renamed
from .kept import Kept

# Boxes that hold boxes, and how many bytes precede those.
_CONTAINERS = {
    b"meta": FULL,
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
_COLORS, _PROFILES = b"colr", (b"prof", b"rICC")
_COMPRESSORS = (b"", b"AOM Coding", b"AOM Coding with alpha", b"HEVC Coding")
_SAMPLE_ENTRY_BYTES = 78
# Of a kind of samples (14496-12, 12.1.3): reserved, which file, reserved, resolution, reserved, frames, depth, colours.
_OF_SAMPLES: dict[tuple[int, int], tuple[bytes, ...]] = {
    **{(0, 6): (bytes(6),), (6, 8): (b"\0\1",), (8, 24): (bytes(16),), (28, 36): (b"\0\x48\0\0" * 2,)},
    **{(36, 40): (bytes(4),), (40, 42): (b"\0\1",), (74, 76): (b"\0\x18", b"\0\x20"), (76, 78): (b"\xff\xff",)},
}
# Boxes that say where the pixels are, or hold them.
_OF_PIXELS = {
    b"mdat": Pixels.add_media_data,
    b"idat": Pixels.add_data_of_items,
    b"iinf": Pixels.add_items,
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
        elif name in CHANGED:
            file[begin:end] = overwritten(name, data[begin:end])
            file[begin - 4 : begin] = renamed(data[begin - 4 : begin])
    pixels.check()
    yield bytes(file)


def _bare(profile: bytes, kept: Kept) -> bytes:
    """A bare profile of the same length, which ends in zeros."""
    bare, size = kept.checked_profile(profile), len(profile)
    if not 0 < len(bare) <= size:
        raise ValueError("a profile that cannot be replaced")
    return (size.to_bytes(4) + bare[4:]).ljust(size, b"\0")


def _walk(data: bytes, begin: int, end: int, inside: bytes = b"") -> Iterator[tuple[bytes, int, int]]:
    """Every box at any depth, and where its content begins and ends."""
    last, before = begin, set[bytes]()
    for name, start, last in boxes(data, begin, end):
        if last > end:
            raise ValueError("a box reaches beyond what it lies in")
        body = data[start:last] if name != b"mdat" else b""
        check_box(inside, name, body, before)
        if name in _CONTAINERS:
            if any(body[: _CONTAINERS[name]]):
                raise ValueError("a version of boxes that is not known")
            yield from _walk(data, start + _CONTAINERS[name], last, name)
        if name == b"meta":
            check_items(data, start, last)
        elif name == b"hdlr":
            # Version, handler type, three reserved numbers, and a name.
            check_name(body[24:])
        elif name == b"stsd":
            yield from _walk_samples(data, start, last)
        yield name, start, last
    if last != end:
        raise ValueError("something lies behind the last box")


def _walk_samples(data: bytes, start: int, last: int) -> Iterator[tuple[bytes, int, int]]:
    """The boxes of the only kind of samples."""
    name, begin, end = next(boxes(data, start + FULL + 4, last), (b"", 0, 0))
    if name not in CODECS or end != last or data[start + FULL : start + FULL + 4] != b"\0\0\0\1":
        raise ValueError("samples that hold no pixels, or of several kinds")
    # The compressor's name: a length and 31 bytes.
    compressor = data[begin + 42 : begin + 74].rstrip(b"\0")
    if any(data[begin + at : begin + to] not in values for (at, to), values in _OF_SAMPLES.items()):
        raise ValueError("numbers of samples that are not known")
    if compressor[1:] not in _COMPRESSORS or compressor[:1] not in (b"", bytes((len(compressor) - 1,))):
        raise ValueError("a name that may be anything")
    first, before = begin + _SAMPLE_ENTRY_BYTES, set[bytes]()
    to = first
    for inner, at, to in boxes(data, first, end):
        check_box(b"stsd", inner, data[at:to], before)
        yield inner, at, to
    if to != end:
        raise ValueError("something lies behind the last box")

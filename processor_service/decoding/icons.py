"""Which picture of an icon is shown: the largest sound one, and of several of that size the one with most colours.

If the largest one is broken, a smaller one is a whole picture, too.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from itertools import islice

from PIL import Image
from PIL.IcnsImagePlugin import IcnsFile, IcnsImageFile
from PIL.IcoImagePlugin import IcoImageFile

from ..formats.containers import PNG_SIGNATURE

_ICON, _CURSOR = b"\0\0\1\0", b"\0\0\2\0"
_WINDOWS = (_ICON, _CURSOR)
_MACINTOSH = b"icns"
_HEADER, _ENTRY, _BLOCK = 6, 16, 8
_BITMAP, _OF_PNG = b"\x28\0\0\0", 32
# Pictures that are tried. Icons have about ten.
_MOST_TRIED, _MOST_BLOCKS = 20, 1000
_UNUSED = b"xxxx"


def without_largest(data: bytes) -> Iterator[bytes]:
    """The same icon without its largest picture, without the two largest, and so on; nothing for other files.

    Nothing, too, for a file that is cut off: what is missing may come with the next attempt to send it.
    """
    if data[:4] in _WINDOWS:
        yield from islice(_windows(data), _MOST_TRIED)
    elif data[:4] == _MACINTOSH:
        yield from islice(_macintosh(data), _MOST_TRIED)


def picture_within(image: Image.Image, data: bytes) -> Image.Image:
    """The PNG that an opened icon shows; any other picture itself.

    Pillow takes only its pixels over: of a transparent colour and a profile nothing is left, in ICNS no palette either.
    """
    for start in _shown(image):
        if data.startswith(PNG_SIGNATURE, start):
            # Up to its own end: the length that the icon says may be wrong.
            return Image.open(io.BytesIO(data[start:]), formats=["PNG"])
    return image


def _shown(image: Image.Image) -> list[int]:
    """Places of what Pillow shows of an icon: in ICNS it may have several parts."""
    if isinstance(image, IcnsImageFile):
        parts: dict[bytes, tuple[int, int]] = image.icns.dct
        return [parts[name][0] for name, _ in IcnsFile.SIZES[image.best_size] if name in parts]
    if isinstance(image, IcoImageFile):
        return [image.ico.entry[0].offset]
    return []


def with_most_colors(data: bytes) -> bytes:
    """The same ICO or CUR with one picture of each size, and with depths in its directory that are true.

    Pillow takes the one with the fewest colours, and reads alpha only if the directory names 32 bits.
    """
    if data[:4] not in _WINDOWS:
        return data
    entries = _entries(data)
    best: dict[bytes, int] = {}
    for at, entry in enumerate(entries):
        size = entry[:2]
        if size not in best or _depth(data, entry) > _depth(data, entries[best[size]]):
            best[size] = at
    kept = [entries[at] for at in sorted(best.values())]
    if data[:4] == _ICON:
        kept = [one[:6] + _depth(data, one).to_bytes(2, "little") + one[8:] for one in kept]
    return data if kept == entries else _with_entries(data, kept)


def _entries(data: bytes) -> list[bytes]:
    end = _HEADER + int.from_bytes(data[4:6], "little") * _ENTRY
    return [data[at : at + _ENTRY] for at in range(_HEADER, min(end, len(data) - _ENTRY + 1), _ENTRY)]


def _depth(data: bytes, entry: bytes) -> int:
    """Bits of a pixel, by the header of the picture: that in the directory is often missing. A PNG counts as 32."""
    (at,) = struct.unpack_from("<I", entry, 12)
    is_bitmap = data[at : at + 4] == _BITMAP
    return int.from_bytes(data[at + 14 : at + 16], "little") if is_bitmap else _OF_PNG


def _with_entries(data: bytes, entries: list[bytes]) -> bytes:
    """The same file with these entries in its directory, behind which nothing moves."""
    end = _HEADER + int.from_bytes(data[4:6], "little") * _ENTRY
    directory = b"".join(entries).ljust(end - _HEADER, b"\0")
    return data[:4] + len(entries).to_bytes(2, "little") + directory + data[end:]


def _windows(data: bytes) -> Iterator[bytes]:
    """ICO and CUR: a directory, which gets shorter; nothing else moves."""
    entries = _entries(data)
    ends = [sum(struct.unpack_from("<II", entry, 8)) for entry in entries]
    if len(entries) < int.from_bytes(data[4:6], "little") or max(ends, default=0) > len(data):
        return
    sides = [(entry[0] or 256) * (entry[1] or 256) for entry in entries]
    # Of two of one size the one with more colours is dropped first: it was shown.
    order = [(side, _depth(data, entry)) for side, entry in zip(sides, entries, strict=True)]
    by_size = sorted(range(len(entries)), key=lambda at: order[at], reverse=True)
    for dropped in range(1, len(entries)):
        yield _with_entries(data, [entries[at] for at in sorted(by_size[dropped:])])


def _macintosh(data: bytes) -> Iterator[bytes]:
    """ICNS: blocks, whose types are replaced. A picture of the older kinds has two, of colours and of a mask."""
    places: dict[bytes, list[int]] = {}
    at = _BLOCK
    for _ in range(_MOST_BLOCKS):
        size = int.from_bytes(data[at + 4 : at + 8])
        if at >= len(data):
            break
        if size < _BLOCK or at + size > len(data):
            return
        places.setdefault(data[at : at + 4], []).append(at)
        at += size
    changed = bytearray(data)
    for _, kinds in sorted(IcnsFile.SIZES.items(), reverse=True):
        names = [name for name, _ in kinds if name in places]
        # A PNG or JPEG 2000 stands before the older kind of the same size.
        for some in (names[:1], names[1:]) if len(kinds) != 2 else (names,):
            for name in some:
                for place in places[name]:
                    changed[place : place + 4] = _UNUSED
            if some:
                yield bytes(changed)

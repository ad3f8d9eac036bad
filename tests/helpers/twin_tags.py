"""TIFFs in which a tag stands twice, in either order, and with two pages of which one has a broken profile."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np
from PIL import Image

from tests.helpers.secrets_in_files import NAME
from tests.helpers.twin_parts import PROFILE

SIZE = (40, 30)
Entry = tuple[int, int, int, bytes]
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1}
ORIENTATION, PROFILES, EXIFS, PLACES = 274, 34675, 34665, 34853
XMPS, IPTCS = 700, 33723
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" photoshop:Headline="harbour"/>'
    b"</rdf:RDF></x:xmpmeta>"
)
IPTC = b"\x1c\x02\x69\0\x07harbour\0"
BROKEN_PROFILE = b"x" * 300


def scene(mirrored: bool = False) -> Image.Image:
    """Each corner another colour."""
    pixels = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    pixels[:15, :20], pixels[:15, 20:], pixels[15:, :20] = (200, 40, 30), (40, 160, 60), (30, 60, 190)
    pixels[15:, 20:] = (230, 200, 60)
    return Image.fromarray(pixels[:, ::-1] if mirrored else pixels)


def short(tag: int, number: int) -> Entry:
    return tag, 3, 1, struct.pack("<H", number)


def octets(tag: int, content: bytes) -> Entry:
    return tag, 7, len(content), content


def tiff(*pages: list[Entry], below: dict[int, bytes] | None = None) -> bytes:
    """A page of the scene, every second one mirrored, for each list of further entries; twins stay in their order.

    `below`: what lies at the places 1, 2, ... that entries of GPS and EXIF name.
    """
    body = bytearray(b"II*\0" + bytes(4))
    places = {}
    for number, content in (below or {}).items():
        places[number] = len(body)
        body += _moved(content, len(body)) + bytes(len(content) % 2)
    next_at = 4
    for number, more in enumerate(pages):
        next_at = _page(body, scene(mirrored=number % 2 == 1).tobytes(), more, places, next_at)
    return bytes(body)


def _page(body: bytearray, pixels: bytes, more: list[Entry], places: dict[int, int], next_at: int) -> int:
    at = len(body)
    body += pixels
    entries = [
        *(short(256, SIZE[0]), short(257, SIZE[1]), (258, 3, 3, struct.pack("<3H", 8, 8, 8)), short(259, 1)),
        *(short(262, 2), (273, 4, 1, struct.pack("<I", at)), short(277, 3), short(278, SIZE[1])),
        (279, 4, 1, struct.pack("<I", len(pixels))),
        *more,
    ]
    written = b""
    for tag, kind, count, content in sorted(entries, key=lambda entry: entry[0]):
        if tag in (EXIFS, PLACES):
            number = int.from_bytes(content, "little")
            content = struct.pack("<I", places.get(number, number))
        if len(content) > 4:
            content, place = struct.pack("<I", len(body)), content
            body += place + bytes(len(place) % 2)
        written += struct.pack("<HHI", tag, kind, count) + content.ljust(4, b"\0")
    struct.pack_into("<I", body, next_at, len(body))
    body += struct.pack("<H", len(entries)) + written
    body += bytes(4)
    return len(body) - 4


def place() -> bytes:
    """A directory with a place: 48 degrees 51' 29.99" north, 2 degrees 17' 40" east."""
    values = struct.pack("<6I", 48, 1, 51, 1, 2999, 100), struct.pack("<6I", 2, 1, 17, 1, 40, 1)
    entries = [(1, 2, 2, b"N\0"), (2, 5, 3, values[0]), (3, 2, 2, b"E\0"), (4, 5, 3, values[1])]
    head, data = struct.pack("<H", len(entries)), b""
    start = 2 + 12 * len(entries) + 4
    for tag, kind, count, content in entries:
        if len(content) > 4:
            # Moved to where the directory will be.
            content, data = struct.pack("<I", start + len(data)), data + content
        head += struct.pack("<HHI", tag, kind, count) + content.ljust(4, b"\0")
    return head + bytes(4) + data


def _moved(directory: bytes, by: int) -> bytes:
    moved = bytearray(directory)
    (count,) = struct.unpack_from("<H", directory)
    for at in range(2, 2 + 12 * count, 12):
        _, kind, values, where = struct.unpack_from("<HHII", directory, at)
        if values * _SIZES.get(kind, 1) > 4:
            struct.pack_into("<I", moved, at + 8, where + by)
    return bytes(moved)


def twins() -> Iterator[tuple[str, bytes]]:
    """Turned by 90 degrees, with a wide profile, or with a place, each with a broken twin, and a name twice."""
    artist = [(315, 2, len(NAME) + 1, NAME + b"\0")] * 2
    kinds: dict[str, tuple[Entry, Entry]] = {
        "turn": (short(ORIENTATION, 6), short(ORIENTATION, 99)),
        "profile": (octets(PROFILES, PROFILE), octets(PROFILES, BROKEN_PROFILE)),
        "XMP": (octets(XMPS, XMP), octets(XMPS, b"<x:xmpmeta " + b"rubbish" * 9)),
        "IPTC": (octets(IPTCS, IPTC), octets(IPTCS, b"\x1c\xff" + b"rubbish" * 9)),
        "place": ((PLACES, 4, 1, b"\1\0\0\0"), (PLACES, 4, 1, b"\xff\xff\xff\x7f")),
    }
    for name, (sound, broken) in kinds.items():
        for where, both in {"before": [broken, sound], "after": [sound, broken]}.items():
            yield f"{name}, {where}", tiff([*both, *artist], below={1: place()})
        yield f"{name}, alone", tiff([sound, artist[0]], below={1: place()})


def pages() -> Iterator[tuple[str, bytes, list[bool]]]:
    """Two pages, and whether each has colours of the profile."""
    profiles: dict[str, list[Entry]] = {
        "sound": [octets(PROFILES, PROFILE)],
        "broken": [octets(PROFILES, BROKEN_PROFILE)],
        "none": [],
    }
    loose: Entry = (PLACES, 4, 1, b"\xff\xff\xff\x7f")
    for one, first in profiles.items():
        for other, second in profiles.items():
            data = tiff([*first, loose], [*second, (315, 2, len(NAME) + 1, NAME + b"\0"), (PLACES, 4, 1, b"\1\0\0\0")],
                        below={1: place()})  # fmt: skip
            yield f"{one}, {other}", data, [one == "sound", other == "sound"]

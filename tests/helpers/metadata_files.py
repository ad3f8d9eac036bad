"""Files with metadata in every place that software writes it to, built here byte by byte from the specifications."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from typing import Any

from PIL import Image

from tests.helpers.pictures import encoded

# Types of TIFF.
BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED, SRATIONAL, DOUBLE, IFD, LONG8, IFD8 = (
    1,
    2,
    3,
    4,
    5,
    7,
    10,
    12,
    13,
    16,
    18,
)
_FORMATS = {SHORT: "H", LONG: "L", RATIONAL: "LL", SRATIONAL: "ll", DOUBLE: "d", IFD: "L", LONG8: "Q", IFD8: "Q"}

EXIF_DIRECTORY, GPS_DIRECTORY = 0x8769, 0x8825
# Values by tag: text, bytes (undefined), or a type and its numbers.
Directory = Mapping[int, "str | bytes | tuple[int, Any]"]


def tiff(
    main: Directory,
    exif: Directory | None = None,
    gps: Directory | None = None,
    *,
    order: str = "<",
    big: bool = False,
    pointer: int = LONG,
    filler: bytes = b"",
    start: int = 0,
) -> bytes:
    """A TIFF structure; `filler` lies between the values of the main directory and the other directories.

    `start` is where it will lie in a file, from whose beginning its positions count.
    """
    mark = b"II" if order == "<" else b"MM"
    header = mark + struct.pack(order + ("HHHQ" if big else "HL"), *((43, 8, 0, 16) if big else (42, 8)))
    main = dict(main)
    for tag, directory in ((EXIF_DIRECTORY, exif), (GPS_DIRECTORY, gps)):
        if directory is not None:
            main[tag] = (pointer, [0])
    first = _directory(main, start + len(header), order, big) + filler
    second = header + first
    for tag, directory in ((EXIF_DIRECTORY, exif), (GPS_DIRECTORY, gps)):
        if directory is not None:
            main[tag] = (pointer, [start + len(second)])
            second += _directory(directory, start + len(second), order, big)
    whole = header + _directory(main, start + len(header), order, big) + filler
    return whole + second[len(whole) :]


def _directory(entries: Directory, start: int, order: str, big: bool) -> bytes:
    count, length, offset, inline = ("Q", "Q", "Q", 8) if big else ("H", "L", "L", 4)
    size = struct.calcsize("=" + count) + len(entries) * (4 + 2 * inline) + inline
    table, values = struct.pack(order + count, len(entries)), b""
    for tag, value in sorted(entries.items()):
        kind, amount, content = _value(value, order)
        table += struct.pack(order + "HH" + length, tag, kind, amount)
        if len(content) <= inline:
            table += content.ljust(inline, b"\0")
        else:
            table += struct.pack(order + offset, start + size + len(values))
            values += content + bytes(len(content) % 2)
    return table + bytes(inline) + values


def _value(value: Any, order: str) -> tuple[int, int, bytes]:
    if isinstance(value, str):
        return ASCII, len(value.encode()) + 1, value.encode() + b"\0"
    if isinstance(value, bytes):
        return UNDEFINED, len(value), value
    kind, numbers = value
    if isinstance(numbers, bytes):
        return kind, len(numbers), numbers
    parts = [struct.pack(order + _FORMATS[kind], *(n if isinstance(n, tuple) else (n,))) for n in numbers]
    return kind, len(parts), b"".join(parts)


def place(north: float = 48.5, east: float = 2.25, **changed: Any) -> dict[int, Any]:
    """A GPS directory."""
    return {
        1: "N",
        2: (RATIONAL, [(int(north), 1), (round(north % 1 * 60), 1), (0, 1)]),
        3: "E",
        4: (RATIONAL, [(int(east), 1), (round(east % 1 * 60), 1), (0, 1)]),
    } | {int(tag.removeprefix("tag")): value for tag, value in changed.items()}


def xmp(body: str = "", attributes: str = "") -> bytes:
    """A packet with one description."""
    names = {
        "dc": "http://purl.org/dc/elements/1.1/",
        "xmp": "http://ns.adobe.com/xap/1.0/",
        "photoshop": "http://ns.adobe.com/photoshop/1.0/",
        "exif": "http://ns.adobe.com/exif/1.0/",
        "tiff": "http://ns.adobe.com/tiff/1.0/",
        "xmpNote": "http://ns.adobe.com/xmp/note/",
        "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
        "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    }
    declared = " ".join(f'xmlns:{prefix}="{name}"' for prefix, name in names.items())
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {declared} {attributes}>{body}</rdf:Description></rdf:RDF></x:xmpmeta>'
        '<?xpacket end="w"?>'
    ).encode()


def iptc(*datasets: tuple[int, bytes], charset: bytes = b"") -> bytes:
    """Record 2, with the name of its encoding before it."""
    named = b"\x1c\x01\x5a" + len(charset).to_bytes(2) + charset if charset else b""
    return named + b"".join(bytes([0x1C, 2, number]) + len(value).to_bytes(2) + value for number, value in datasets)


def resources(*blocks: tuple[int, bytes]) -> bytes:
    """Photoshop's image resources."""
    return b"".join(
        b"8BIM" + number.to_bytes(2) + b"\0\0" + len(content).to_bytes(4) + content + bytes(len(content) % 2)
        for number, content in blocks
    )


def small(format: str, **options: Any) -> bytes:
    return encoded(Image.effect_noise((32, 24), 60).convert("RGB"), format, **options)


def jpeg(*segments: bytes, marker: int = 0xE1, data: bytes | None = None) -> bytes:
    """With the segments (APP1 unless another marker is said) right behind its beginning."""
    data = data or small("JPEG")
    packed = b"".join(bytes([0xFF, marker]) + (len(part) + 2).to_bytes(2) + part for part in segments)
    return data[:2] + packed + data[2:]


def png(*chunks: tuple[bytes, bytes], last: bool = False) -> bytes:
    """With the chunks behind the header, or behind the pixels."""
    data = small("PNG")
    packed = b"".join(
        len(content).to_bytes(4) + name + content + zlib.crc32(name + content).to_bytes(4) for name, content in chunks
    )
    at = len(data) - 12 if last else 33
    return data[:at] + packed + data[at:]


def raw_profile(name: str, content: bytes) -> bytes:
    """As ImageMagick writes it."""
    digits = content.hex()
    lines = "\n".join(digits[at : at + 72] for at in range(0, len(digits), 72))
    return f"\n{name}\n{len(content):8}\n{lines}\n".encode()


def gif(packet: bytes = b"", comment: bytes = b"") -> bytes:
    data = small("GIF")
    trailer = b"\x01" + bytes(range(255, -1, -1)) + b"\0"
    parts = b"!\xff\x0bXMP DataXMP" + packet + trailer if packet else b""
    if comment:
        blocks = (comment[at : at + 255] for at in range(0, len(comment), 255))
        parts += b"!\xfe" + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"
    at = data.index(b"\x2c", 13 + 3 * 256)
    return data[:at] + parts + data[at:]


def jp2(*boxes: tuple[str, bytes]) -> bytes:
    """With uuid boxes behind the codestream."""
    packed = b"".join(
        (24 + len(content)).to_bytes(4) + b"uuid" + bytes.fromhex(uuid) + content for uuid, content in boxes
    )
    return small("JPEG2000") + packed


def psd(*blocks: tuple[int, bytes]) -> bytes:
    held = resources(*blocks)
    header = b"8BPS\0\x01" + bytes(6) + struct.pack(">HIIHH", 3, 24, 32, 8, 3) + bytes(4)
    return header + len(held).to_bytes(4) + held + bytes(4) + b"\0\0" + bytes(range(256)) * 9


def picture_tiff(entries: Directory, exif: Directory | None, gps: Directory | None, **options: Any) -> bytes:
    """A TIFF with pixels: 32 x 24 of grey."""
    pixels = bytes(range(256)) * 3
    layout: dict[int, Any] = {
        0x100: (SHORT, [32]),
        0x101: (SHORT, [24]),
        0x102: (SHORT, [8]),
        0x103: (SHORT, [1]),
        0x106: (SHORT, [1]),
        0x111: (LONG, [0]),
        0x115: (SHORT, [1]),
        0x116: (SHORT, [24]),
        0x117: (LONG, [len(pixels)]),
    }
    # The pixels are the filler; where they lie is known once the directory's length is.
    whole = tiff(layout | dict(entries), exif, gps, filler=pixels, **options)
    layout[0x111] = (LONG, [options.get("start", 0) + whole.index(pixels)])
    return tiff(layout | dict(entries), exif, gps, filler=pixels, **options)


def unannounced(webp: bytes) -> bytes:
    """The header of this WebP has no flags for EXIF and XMP."""
    assert webp[12:16] == b"VP8X"
    return webp[:20] + bytes([webp[20] & ~0x0C]) + webp[21:]


def icon(*pictures: bytes, kind: int = 1) -> bytes:
    """An icon, or with `kind` 2 a cursor, of PNGs that are 32 x 24."""
    head = struct.pack("<3H", 0, kind, len(pictures))
    at = len(head) + 16 * len(pictures)
    for image in pictures:
        head += struct.pack("<4B2H2I", 32, 24, 0, 0, 1, 32, len(image), at)
        at += len(image)
    return head + b"".join(pictures)

"""Reads the metadata of a PNG: its EXIF, its texts, and profiles that software wrote into texts before PNG had EXIF."""

from __future__ import annotations

import re
import zlib

from ..formats.containers import png_chunks
from .blocks import Blocks
from .text import decoded

# Keywords that describe the picture (PNG specification, 11.3.3). Their texts are small.
_WORDS = frozenset(("title", "author", "description", "copyright", "creation time", "software", "comment"))
_MOST_OF_WORDS = 256 * 1024
# ImageMagick's and exiftool's: `Raw profile type exif`, a name and a length, then the bytes in hexadecimal digits.
_RAW_PROFILE = re.compile(r"raw profile type (exif|app1|iptc|8bim|app13|photoshop|xmp)$")
_HEXADECIMAL = re.compile(rb"\s*[^\n]*\n\s*[0-9]+\s+([0-9A-Fa-f\s]+)")
_XMP = "xml:com.adobe.xmp"
# As much as Pillow accepts: a PNG with a longer text is read without it.
_MOST_OF_PROFILE = 1024 * 1024
# For all texts together, decompressed. Further texts are not read.
_MOST_OF_ALL = 4 * 1024 * 1024
_MOST_KEYWORD = 80


def read_png(data: bytes, blocks: Blocks) -> None:
    """Add the metadata to `blocks`: first XMP and EXIF of their own chunks, then profiles in texts."""
    profiles: list[tuple[str, bytes]] = []
    left = _MOST_OF_ALL
    for name, chunk in png_chunks(data):
        content = chunk[8:-4]
        if name == b"eXIf":
            blocks.add(content)
        elif name in (b"tEXt", b"zTXt", b"iTXt"):
            keyword = content[:_MOST_KEYWORD].partition(b"\0")[0].decode("latin-1").strip().casefold()
            most = _MOST_OF_WORDS if keyword in _WORDS else _MOST_OF_PROFILE
            if keyword not in _WORDS and keyword != _XMP and not _RAW_PROFILE.match(keyword):
                continue
            if keyword in blocks.texts or most > left:
                continue
            text = _text(name, content, most)
            left -= len(text) if text else most
            if keyword not in _WORDS:
                profiles.append((keyword, text))
            elif text:
                blocks.add_text(keyword, decoded(text))
    for keyword, text in sorted(profiles, key=lambda one: one[0] != _XMP):
        if keyword == _XMP:
            blocks.add(text)
        elif match := _HEXADECIMAL.match(text):
            digits = b"".join(match[1].split())
            blocks.add(bytes.fromhex(digits[: len(digits) // 2 * 2].decode()))


def _text(kind: bytes, content: bytes, most: int) -> bytes:
    """The text of a chunk, decompressed if necessary; empty when it is broken or too long."""
    _, _, rest = content.partition(b"\0")
    if kind == b"zTXt":
        return _inflated(rest[1:], most)
    if kind == b"iTXt":
        # First whether and how it is compressed, then language and keyword in that language.
        text = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
        return _inflated(text, most) if rest[:1] == b"\1" else text[:most]
    return rest[:most]


def _inflated(data: bytes, most: int) -> bytes:
    decompressor = zlib.decompressobj()
    try:
        text = decompressor.decompress(data, most)
    except zlib.error:
        return b""
    return b"" if decompressor.unconsumed_tail else text

"""A picture's file without its metadata, its pixels untouched: what is stored when no operation makes other pixels."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator

from .containers import PNG_SIGNATURE, gif_blocks, jpeg_segments, png_chunks, riff_chunks
from .kept_metadata import exif_block
from .picture import Picture

_EXIF = b"Exif\x00\x00"
_ICC = b"ICC_PROFILE\x00"
# How the part begins that has the colour profile, in a JPEG after marker and length, in a PNG after the length.
_PROFILES = (_ICC, b"iCCP", b"ICCP")
# JPEG: APP0 (JFIF) and APP14 (Adobe) say how colours are to be read.
_JPEG_NEEDED = {0xE0: b"JFIF", 0xEE: b"Adobe", 0xE2: _ICC}
# PNG: what a picture or an animation looks like. Colours may also be told by chunks of their own.
_PNG_NEEDED = frozenset(
    b"IHDR PLTE tRNS IDAT IEND acTL fcTL fdAT iCCP gAMA cHRM sRGB cICP mDCV cLLI sBIT bKGD pHYs".split()
)
_WEBP_NEEDED = frozenset((b"VP8X", b"ICCP", b"ANIM", b"ANMF", b"ALPH", b"VP8 ", b"VP8L"))
_WEBP_EXIF, _WEBP_XMP = 0x08, 0x04
# GIF: pixels, how long each frame stays (0xF9), text (0x01), how often all plays.
_GIF_NEEDED = (b"header", b"image", b"end", b"\xf9", b"\x01", b"\xffNETSCAPE2.0", b"\xffANIMEXTS1.0")
# How metadata begins in files of other formats, which hold it uncompressed.
_TRACES = (b"Exif\x00", b"xmpmeta", b"rdf:RDF", b"Photoshop 3.0", b"8BIM")


def cut_metadata(data: bytes, picture: Picture) -> bytes | None:
    """The file as it came but for EXIF, IPTC, XMP, comments, previews and what lies behind the picture.

    What `exif_block` says of the picture (its turn, what is to be kept) is in it. None where pixels must change, since
    the colour profile is not to be kept, and where it is not known how: other formats with metadata, broken files.
    """
    cut = _CUTS.get(picture.source.format)
    if cut is None:
        return None if has_metadata(data, picture) else data
    try:
        parts = list(cut(data, exif_block(picture)))
    except (ValueError, IndexError):
        return None
    has_profile = any(part.startswith(_PROFILES) or part[4:].startswith(_PROFILES) for part in parts)
    return None if has_profile and "icc" not in picture.output.keep else b"".join(parts)


def has_metadata(data: bytes, picture: Picture) -> bool:
    """Whether a file seems to hold metadata."""
    found = picture.metadata
    return bool(found.exif or found.xmp or found.iptc) or any(trace in data for trace in _TRACES)


def _jpeg(data: bytes, exif: bytes | None) -> Iterator[bytes]:
    for marker, segment in jpeg_segments(data):
        application = 0xE0 <= marker <= 0xEF or marker == 0xFE
        if not application or (marker in _JPEG_NEEDED and segment[4:].startswith(_JPEG_NEEDED[marker])):
            # Without the preview that JFIF has room for.
            yield segment if marker != 0xE0 else b"\xff\xe0\x00\x10" + segment[4:16] + b"\x00\x00"
        if marker == 0xD8 and exif:
            body = exif if exif.startswith(_EXIF) else _EXIF + exif
            yield b"\xff\xe1" + (len(body) + 2).to_bytes(2) + body


def _png(data: bytes, exif: bytes | None) -> Iterator[bytes]:
    yield PNG_SIGNATURE
    for name, chunk in png_chunks(data):
        # Unknown critical chunks stay: the picture may not be readable without them.
        if name in _PNG_NEEDED or name[:1].isupper():
            yield chunk
        if name == b"IHDR" and exif:
            body = b"eXIf" + exif.removeprefix(_EXIF)
            yield (len(body) - 4).to_bytes(4) + body + zlib.crc32(body).to_bytes(4)


def _webp(data: bytes, exif: bytes | None) -> Iterator[bytes]:
    chunks = [(name, chunk) for name, chunk in riff_chunks(data) if name in _WEBP_NEEDED]
    extended = bool(chunks) and chunks[0][0] == b"VP8X"
    if extended:
        header = bytearray(chunks[0][1])
        header[8] &= ~(_WEBP_EXIF | _WEBP_XMP)
        if exif:
            header[8] |= _WEBP_EXIF
            body = exif.removeprefix(_EXIF)
            chunks.append((b"EXIF", b"EXIF" + len(body).to_bytes(4, "little") + body + bytes(len(body) % 2)))
        chunks[0] = b"VP8X", bytes(header)
    yield b"RIFF" + (4 + sum(len(chunk) for _, chunk in chunks)).to_bytes(4, "little") + b"WEBP"
    yield from (chunk for _, chunk in chunks)


def _gif(data: bytes, _: bytes | None) -> Iterator[bytes]:
    for kind, block in gif_blocks(data):
        if kind in _GIF_NEEDED or kind[:1] in (b"\xf9", b"\x01"):
            yield block


_CUTS: dict[str, Callable[[bytes, bytes | None], Iterator[bytes]]] = {
    "jpeg": _jpeg,
    "mpo": _jpeg,
    "png": _png,
    "webp": _webp,
    "gif": _gif,
}

"""WebP: chunks (RFC 9649)."""

from __future__ import annotations

from collections.abc import Iterator

from ...formats.containers import riff_chunks
from .kept import Kept, few

_IMAGE = frozenset((b"ALPH", b"VP8 ", b"VP8L"))
_EXIF, _XMP, _PROFILE = 0x08, 0x04, 0x20
# Position, size, duration and flags of a frame. The chunks of its pixels follow.
_FRAME_HEADER = 16


def parts(data: bytes, kept: Kept) -> Iterator[bytes]:
    """Pixels, frames, how often they play, the colour profile."""
    chunks: list[tuple[bytes, bytes]] = []
    for name, chunk in few(riff_chunks(data)):
        body = chunk[8:]
        if name in _IMAGE:
            chunks.append((name, chunk))
        elif name == b"ANMF":
            chunks.append((name, _chunk(name, _frame(body))))
        elif name == b"ANIM":
            chunks.append((name, _chunk(name, body[:6])))
        elif name == b"VP8X":
            chunks.append((name, _chunk(name, body[:10])))
        elif name == b"ICCP" and (profile := kept.checked_profile(body)):
            chunks.append((name, _chunk(name, profile)))
    if not chunks:
        raise ValueError("the WebP has no picture")
    if chunks[0][0] == b"VP8X":
        chunks[0] = b"VP8X", _flagged(chunks[0][1], {name for name, _ in chunks}, kept)
        if kept.exif:
            chunks.append((b"EXIF", _chunk(b"EXIF", kept.bare_exif)))
    else:
        # The simple layout has one chunk and no EXIF, so it has no turn either.
        chunks = chunks[:1]
        kept.no_room_for_exif()
    yield b"RIFF" + (4 + sum(len(chunk) for _, chunk in chunks)).to_bytes(4, "little") + b"WEBP"
    yield from (chunk for _, chunk in chunks)


def _frame(body: bytes) -> bytes:
    header, pixels = body[:_FRAME_HEADER], riff_chunks(bytes(12) + body[_FRAME_HEADER:], all_of_it=True)
    return header + b"".join(chunk for name, chunk in pixels if name in _IMAGE)


def _flagged(header: bytes, names: set[bytes], kept: Kept) -> bytes:
    flags = header[8] & ~(_EXIF | _XMP | _PROFILE)
    flags |= (_EXIF if kept.exif else 0) | (_PROFILE if b"ICCP" in names else 0)
    return header[:8] + bytes((flags,)) + header[9:]


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + len(body).to_bytes(4, "little") + body + bytes(len(body) % 2)

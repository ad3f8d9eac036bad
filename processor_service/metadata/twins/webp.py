"""WebP: chunks ICCP and EXIF, each of which it may have once (RFC 9649)."""

from __future__ import annotations

from itertools import islice

from ...formats.containers import riff_chunks
from .sound import sound_exif, sound_profile

_HEADER, _PROFILE, _EXIF = b"VP8X", b"ICCP", b"EXIF"
_MOST_CHUNKS = 100_000


def without_broken_twins(data: bytes) -> bytes:
    """Without all profiles and EXIFs but one of each: of the profile right behind the header, of the EXIF at the end.

    Decoders read the first ones only, and no profile behind the pixels.
    """
    chunks = list(islice(riff_chunks(data), _MOST_CHUNKS + 1))
    profiles = [chunk for name, chunk in chunks if name == _PROFILE]
    exifs = [chunk for name, chunk in chunks if name == _EXIF]
    if max(len(profiles), len(exifs)) < 2 or len(chunks) > _MOST_CHUNKS or chunks[0][0] != _HEADER:
        return data
    profile = sound_profile(map(_content, profiles)) if len(profiles) > 1 else 0
    exif = sound_exif(map(_content, exifs)) if len(exifs) > 1 else 0
    parts = [chunk for name, chunk in chunks if name not in (_PROFILE, _EXIF)]
    parts[1:1] = profiles[profile : profile + 1] if profile is not None else []
    parts += exifs[exif : exif + 1] if exif is not None else []
    body = b"".join(part + bytes(len(part) % 2) for part in parts)
    return data[:4] + (len(body) + 4).to_bytes(4, "little") + data[8:12] + body


def _content(chunk: bytes) -> bytes:
    """What is in a chunk; nothing when it is cut off."""
    content = chunk[8 : 8 + int.from_bytes(chunk[4:8], "little")]
    return content if len(content) == int.from_bytes(chunk[4:8], "little") else b""

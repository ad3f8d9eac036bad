"""PNG: chunks iCCP and eXIf, each of which it may have once (W3C PNG, third edition)."""

from __future__ import annotations

import zlib
from itertools import islice

from ...formats.containers import PNG_SIGNATURE, png_chunks
from .sound import sound_exif, sound_profile

_PROFILE, _EXIF, _HEADER, _PIXELS, _PALETTE = b"iCCP", b"eXIf", b"IHDR", b"IDAT", b"PLTE"
# Pictures have some thousands of chunks. More unpacked bytes of a profile are not read by Pillow, either.
_MOST_CHUNKS, _MOST_PROFILE = 100_000, 1024**2
_GREY = (0, 4)


def without_broken_twins(data: bytes) -> bytes:
    """Without all profiles and EXIFs but one of each.

    An EXIF that is not sound is left out, too: there may be a sound one in a text.
    """
    chunks = list(islice(png_chunks(data), _MOST_CHUNKS + 1))
    profiles = [chunk for name, chunk in chunks if name == _PROFILE]
    exifs = [chunk for name, chunk in chunks if name == _EXIF]
    if (len(profiles) < 2 and not exifs) or len(chunks) > _MOST_CHUNKS:
        return data
    grey = next((chunk[17] in _GREY for name, chunk in chunks if name == _HEADER and len(chunk) > 17), False)
    profile = sound_profile(map(_unpacked, profiles), grey) if len(profiles) > 1 else 0
    exif = sound_exif(map(_content, exifs))
    if len(profiles) < 2 and len(exifs) == 1 and exif == 0:
        return data
    others = [(name, chunk) for name, chunk in chunks if name not in (_PROFILE, _EXIF)]
    # Where decoders look for it, whatever place it had.
    kept = profiles[profile : profile + 1] if profile is not None else []
    kept += [exifs[exif]] if exif is not None else []
    at = next((at for at, (name, _) in enumerate(others) if name in (_PALETTE, _PIXELS)), len(others))
    parts = [chunk for _, chunk in others]
    return PNG_SIGNATURE + b"".join((*parts[:at], *kept, *parts[at:]))


def _content(chunk: bytes) -> bytes:
    """What is in a chunk; nothing when its checksum is wrong."""
    return chunk[8:-4] if zlib.crc32(chunk[4:-4]) == int.from_bytes(chunk[-4:]) else b""


def _unpacked(chunk: bytes) -> bytes:
    """The profile; nothing when it is broken or too large."""
    _, _, packed = _content(chunk).partition(b"\0")
    unpacking = zlib.decompressobj()
    try:
        profile = unpacking.decompress(packed[1:], _MOST_PROFILE) if packed[:1] == b"\0" else b""
    except zlib.error:
        return b""
    return b"" if unpacking.unconsumed_tail else profile

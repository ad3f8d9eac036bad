"""WebP: chunks (RFC 9649), once each and in order."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import pairwise

from ....formats.containers import riff_chunks
from ..kept import NO_LENGTH, RGB, Kept, few
from ..viewer_numbers import duration, plays
from .ends import transparency_without_rest, without_rest
from .shapes import check_frame, check_pixels

_PIXELS = (b"ALPH", b"VP8 ", b"VP8L")
_HEADER, _PROFILE, _ANIMATION, _FRAME, _EXIF = b"VP8X", b"ICCP", b"ANIM", b"ANMF", b"EXIF"
_BEHIND_PROFILE = (*_PIXELS, _ANIMATION, _FRAME, _EXIF, b"XMP ")
_HAS_EXIF, _HAS_PROFILE, _HAS_ALPHA, _MOVES = 0x08, 0x20, 0x10, 0x02
_HEADER_BYTES = 10
# Pixels (RFC 9649, 2.7).
_NO_CANVAS = 1 << 32
# Colour of the background, which nobody shows, and how often it plays.
_ANIMATION_NUMBERS = struct.Struct("<4xH")
# Position, size, duration and flags of a frame. The chunks of its pixels follow.
_FRAME_HEADER, _DURATION = 16, slice(12, 15)
_Chunks = list[tuple[bytes, bytes]]


def parts(data: bytes, kept: Kept) -> Iterator[bytes]:
    """Pixels, frames, how often they play, the colour profile."""
    chunks = list(few(riff_chunks(data)))
    found = [chunk for chunk in chunks if chunk[0] in (*_PIXELS, _HEADER, _PROFILE, _ANIMATION, _FRAME)]
    if not found:
        raise ValueError("the WebP has no picture")
    names = [*(name for name, _ in chunks), b""]
    if any(one == _PROFILE and behind not in _BEHIND_PROFILE for one, behind in pairwise(names)):
        raise ValueError("a profile of a wrong length, which hides pixels")
    if any(int.from_bytes(chunk[4:8], "little") >= NO_LENGTH for _, chunk in found):
        raise ValueError("a chunk of the WebP is longer than any file")
    if found[0][0] == _HEADER:
        written = list(_extended(found, kept))
    else:
        # The simple layout has one chunk and no EXIF, so it has no turn either.
        written = _pixels(found[:1], decoded=not kept.at_any_price)
        kept.no_room_for_exif()
    yield b"RIFF" + (4 + sum(len(chunk) for chunk in written)).to_bytes(4, "little") + b"WEBP"
    yield from written


def _extended(found: _Chunks, kept: Kept) -> Iterator[bytes]:
    header, before = _content(found[0][1]), [name for name, _ in found]
    moves = bool(header[0] & _MOVES)
    # Decoders use the first of several chunks, and nothing of what does not belong to the kind of picture.
    once = (_HEADER, _PROFILE, _ANIMATION) if moves else (_HEADER, _PROFILE, *_PIXELS)
    if len(header) < _HEADER_BYTES or any(before.count(name) > 1 for name in once):
        raise ValueError("a chunk of the WebP is there twice")
    canvas = tuple(1 + int.from_bytes(header[at : at + 3], "little") for at in (4, 7))
    if canvas[0] * canvas[1] >= _NO_CANVAS:
        raise ValueError("a canvas that no WebP has")
    profile = next((kept.checked_profile(_content(chunk), RGB) for name, chunk in found if name == _PROFILE), b"")
    flags = header[0] & (_HAS_ALPHA | _MOVES)
    flags |= (_HAS_EXIF if kept.exif else 0) | (_HAS_PROFILE if profile else 0)
    yield _chunk(_HEADER, bytes((flags, 0, 0, 0)) + header[4:_HEADER_BYTES])
    if profile:
        yield _chunk(_PROFILE, profile)
    if moves:
        for name, chunk in found:
            if name == _ANIMATION:
                (count,) = _ANIMATION_NUMBERS.unpack_from(_content(chunk))
                yield _chunk(name, _ANIMATION_NUMBERS.pack(plays(count)))
        yield from (_frame(chunk, canvas, kept) for name, chunk in found if name == _FRAME)
    else:
        yield from _pixels([chunk for chunk in found if chunk[0] in _PIXELS], decoded=not kept.at_any_price)
    if kept.exif:
        yield _chunk(_EXIF, kept.bare_exif)


def _frame(chunk: bytes, canvas: tuple[int, ...], kept: Kept) -> bytes:
    body = _content(chunk)
    header, inside = body[:_FRAME_HEADER], list(few(riff_chunks(bytes(12) + body[_FRAME_HEADER:], all_of_it=True)))
    check_frame(header, canvas)
    if not kept.at_any_price and _hides_others(chunk, inside):
        raise ValueError("a frame of the WebP of a wrong length, which hides others")
    time = duration(int.from_bytes(header[_DURATION], "little"))
    header = header[: _DURATION.start] + time.to_bytes(3, "little") + header[_DURATION.stop :]
    found = [one for one in inside if one[0] in _PIXELS]
    if _is_whole(chunk) and not all(_is_whole(one) for _, one in found):
        raise ValueError("a frame of the WebP is shorter than it says")
    new = _chunk(_FRAME, header + b"".join(_pixels(found, decoded=False)))
    return new if _is_whole(chunk) else chunk[:8] + new[8:]


def _hides_others(frame: bytes, inside: _Chunks) -> bool:
    """Whether its length is wrong, as what is in it shows: decoders go on behind its pixels."""
    if any(name == _FRAME for name, _ in inside):
        return True
    there = _FRAME_HEADER + sum(len(chunk) for _, chunk in inside)
    return _is_whole(frame) and (there < len(_content(frame)) or not all(_is_whole(chunk) for _, chunk in inside))


def _pixels(found: _Chunks, *, decoded: bool) -> list[bytes]:
    """One chunk of pixels, which one of transparency may precede, without what fills them up to even lengths."""
    chunks = [(name, _content(chunk)) for name, chunk in found]
    check_pixels(chunks)
    *alphas, (_, last) = found
    if not _is_whole(last) and all(_is_whole(chunk) for _, chunk in alphas):
        pixels = chunks[-1][1]
        sound = [(name, transparency_without_rest(body, pixels, decoded=False)) for name, body in chunks[:-1]]
        # A chunk that is cut off says how long it was.
        return [*(_chunk(*chunk) for chunk in sound), last]
    return [_chunk(*chunk) for chunk in without_rest(chunks, decoded=decoded)]


def _content(chunk: bytes) -> bytes:
    return chunk[8 : 8 + int.from_bytes(chunk[4:8], "little")]


def _is_whole(chunk: bytes) -> bool:
    return len(chunk) - 8 >= int.from_bytes(chunk[4:8], "little")


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + len(body).to_bytes(4, "little") + body + bytes(len(body) % 2)

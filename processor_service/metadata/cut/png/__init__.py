"""PNG and APNG: chunks, written again with the shapes and ranges that they should have (W3C PNG, third edition)."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator

from ....formats.apng_numbers import has_sound_numbers
from ....formats.containers import PNG_SIGNATURE, png_chunk, png_chunks
from ..codes.deflate import cleaned
from ..kept import GREY, NO_LENGTH, RGB, Kept, few
from .colors import GAMMA, PRIMARIES, color_numbers
from .numbers import Frames, resolution
from .shapes import Header, is_sound
from .unused import Frame, alpha, check_edges, palette, used_colors

# Without these there is no picture, or another one. The palette only says something for colour type 3.
_NEEDED = (b"IHDR", b"IDAT", b"IEND")
# Numbers that say how to read colours and how large a pixel is; left out when they are not as they should be.
_NUMBERS = frozenset((b"sRGB", b"cICP", b"sBIT"))
_COLORS = frozenset((GAMMA, PRIMARIES))
_RESOLUTION = b"pHYs"
_ANIMATION = frozenset((b"acTL", b"fcTL", b"fdAT"))
_OF_FRAMES = _ANIMATION - {b"fdAT"}
_ONCE = frozenset((*_NUMBERS, *_COLORS, _RESOLUTION, b"IHDR", b"PLTE", b"tRNS", b"acTL", b"iCCP"))
# Colour types without colours.
_GREY = (0, 4)
# The number of a chunk of a frame comes before the pixels.
_NUMBER_BYTES = 4
# Most bytes of an unpacked profile.
_MOST_PROFILE = 16 * 1024**2
# Bytes of pixels that are unpacked to see where they end: a second or two.
_MOST_UNPACKED = 1024**3


def parts(data: bytes, kept: Kept) -> Iterator[bytes]:
    """Pixels, palette, transparency, frames, numbers that say how to read colours, the colour profile."""
    yield PNG_SIGNATURE
    found = [(name, chunk) for name, chunk in few(png_chunks(data)) if len(chunk) >= 12]
    chunks = [(name, chunk[8:-4]) for name, chunk in found]
    header = Header.of(chunks)
    moves = any(name == b"acTL" for name, _ in chunks)
    if not kept.at_any_price and not has_sound_numbers(found):
        raise ValueError("numbers of the PNG's animation contradict each other")
    if all(name != b"IDAT" for name, _ in chunks) and (not kept.cut_off or b"IDAT" in data):
        raise ValueError("the PNG has no pixels, or something of a wrong length hides them")
    frames = Frames([name for name, _ in chunks], kept.at_any_price)
    pixels, packed = _pixels(chunks, header, moves)
    check_edges(header, pixels)
    used = used_colors(header, pixels) if header.color_type == 3 else None
    embedded = _unpacked(next((body for name, body in chunks if name == b"iCCP"), b""))
    profile = kept.checked_profile(embedded, GREY if header.color_type in _GREY else RGB)
    says_srgb = any(name == b"sRGB" and is_sound(name, body, header) for name, body in chunks)
    colors = {} if profile or says_srgb else color_numbers(chunks)
    seen: set[bytes] = set()
    for at, ((name, body), (_, chunk)) in enumerate(zip(chunks, found, strict=True)):
        if name in _ONCE and name in seen:
            raise ValueError("a chunk of the PNG that may stand there once")
        seen.add(name)
        if name == b"iCCP":
            if profile:
                # Its name may be anything.
                yield png_chunk(name, b"ICC\0\0" + zlib.compress(profile))
        elif name == b"PLTE":
            if used is not None:
                yield png_chunk(name, palette(body, header, used))
        elif name == b"tRNS":
            count = next((len(one) // 3 for kind, one in chunks if kind == b"PLTE"), 0)
            if transparency := header.transparency(body, count):
                yield png_chunk(name, transparency if used is None else alpha(transparency, used))
        elif name in _NEEDED or (name in _ANIMATION and moves):
            if not is_sound(name, body, header) or (name in _OF_FRAMES and png_chunk(name, body) != chunk):
                # With a wrong checksum, too: nobody knows what the numbers of an animation were.
                raise ValueError("a chunk of the PNG does not have its numbers, or has more than them")
            body = frames.bounded(name, packed.get(at, body))
            # Pixels that are cut off stay so, and are refused for the same reason when they come again.
            length = int.from_bytes(chunk[:4])
            is_cut_off = name == b"IDAT" and len(chunk) < 12 + length
            if length >= NO_LENGTH:
                raise ValueError("a chunk of the PNG is longer than any file")
            yield chunk[:8] + body + chunk[-4:] if is_cut_off else png_chunk(name, body)
        elif name == _RESOLUTION:
            if number := resolution(body):
                yield png_chunk(name, number)
        elif name in _COLORS:
            if name in colors:
                yield png_chunk(name, colors[name])
        elif name in _NUMBERS:
            if is_sound(name, body, header):
                yield png_chunk(name, body)
        elif name[:1].isupper():
            raise ValueError("a chunk of the PNG without which it cannot be shown is not known")
        if name == b"IHDR" and kept.exif:
            yield png_chunk(b"eXIf", kept.bare_exif)


def _pixels(chunks: list[tuple[bytes, bytes]], header: Header, moves: bool) -> tuple[list[Frame], dict[int, bytes]]:
    """The sides and the compressed pixels of the picture and of the frames; what the chunks become that have them.

    Raises ValueError when something lies behind them, or among them.
    """
    places = [at for at, (name, _) in enumerate(chunks) if name == b"IDAT"]
    if places and places[-1] - places[0] + 1 != len(places):
        # Decoders read the first ones only.
        raise ValueError("chunks between the pixels of the PNG")
    streams = [((header.width, header.height), places, 0)]
    for at, (name, body) in enumerate(chunks if moves else []):
        if name == b"fcTL":
            streams.append(((int.from_bytes(body[4:8]), int.from_bytes(body[8:12])), [], _NUMBER_BYTES))
        elif name == b"fdAT":
            streams[-1][1].append(at)
    frames: list[Frame] = []
    bodies: dict[int, bytes] = {}
    for sides, places, start in streams:
        if not places:
            continue
        packed = _cleaned(b"".join(chunks[at][1][start:] for at in places), header.size(*sides))
        frames.append((*sides, packed))
        rest = io.BytesIO(packed)
        for at in places:
            body = chunks[at][1]
            bodies[at] = body[:start] + rest.read(len(body) - start)
    return frames, bodies


def _cleaned(packed: bytes, size: int) -> bytes:
    if size > _MOST_UNPACKED:
        raise ValueError("too many pixels to see where they end")
    kept = cleaned(packed, size)
    if len(kept) != len(packed):
        raise ValueError("something lies behind the pixels of the PNG")
    return kept


def _unpacked(body: bytes) -> bytes:
    _, _, packed = body.partition(b"\0")
    try:
        return zlib.decompressobj().decompress(packed[1:], _MOST_PROFILE)
    except zlib.error:
        return b""

"""How much memory decoders need: many of them only say that they failed when they got too little."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import ImageError, out_of_memory
from ..formats.containers import jpeg_header
from ..room import is_room_for

# Start of frame (ITU-T T.81, table B.1): of one scan or several, and of several in any case.
_FRAMES, _PROGRESSIVE = (0xC0, 0xC1, 0xC2, 0xC9, 0xCA), (0xC2, 0xCA)
# Of a coefficient, and of the 64 in a block.
_BLOCK = 64 * 2
# Bytes a pixel, by Pillow's name, a little more than needed: libwebp has the canvas twice, OpenJPEG each sample in four
# bytes, more than once.
_OF_FORMATS = {"WEBP": 24, "JPEG2000": 24, "AVIF": 24, "HEIF": 24, "TIFF": 16}
_OF_OTHERS = 8
# libheif does not expect that a thread cannot be started, whose stack takes as much as the tables.
_ABORTING = frozenset({"HEIF"})
# Tables of decoders, whatever the size.
_TABLES = 8 * 1024**2
# Where the size stands behind the name of a WebP's first chunk, with how many bits, and what is to be added.
_SIZES = {b"VP8X": (12, 24, 1), b"VP8L": (9, 14, 1), b"VP8 ": (14, 16, 0)}
_MOST_SIDE = 16_384
_MB = 1024**2


@dataclass
class Known:
    """What is known of a picture when its decoder fails: Pillow's name of its format, and its pixels."""

    format: str | None = None
    pixels: int = 0


def is_too_little(data: bytes, known: Known) -> bool:
    """Whether a decoder that has failed, and did not say why, had too little memory."""
    if data.startswith(b"\xff\xd8"):
        return not is_room_for(coefficients(data))
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        # Opening it takes the memory.
        known = Known("WEBP", _pixels_of_webp(data[12:46]))
    return not is_room_for(_needed(known))


def check_room(known: Known) -> None:
    """Raise MemoryError when the decoder would end the process for lack of memory, and not only fail."""
    if known.format in _ABORTING and not is_room_for(_needed(known)):
        raise MemoryError


def _needed(known: Known) -> int:
    return _OF_FORMATS.get(known.format or "", _OF_OTHERS) * known.pixels + _TABLES


def no_memory_for(data: bytes) -> ImageError:
    """The refusal of a picture that cannot be decoded for lack of memory."""
    held = coefficients(data) if data.startswith(b"\xff\xd8") else 0
    advice = (
        f"a JPEG in several scans (progressive) takes {-(-held // _MB)} MB for its coefficients, however small it "
        "becomes: send it with one scan (baseline), or give workers more"
    )
    return out_of_memory(advice=advice if held else "")


def coefficients(data: bytes) -> int:
    """Bytes of all coefficients of a JPEG with several scans, which the decoder holds whatever the scale; 0 for one."""
    segments, rest = jpeg_header(data)
    frame = next(((marker, segment) for marker, segment in segments if marker in _FRAMES), None)
    if frame is None or len(frame[1]) < 10:
        return 0
    marker, segment = frame
    if marker not in _PROGRESSIVE and rest[4:5] == segment[9:10]:
        # The first scan has all components, so it is the only one.
        return 0
    height, width = int.from_bytes(segment[5:7]), int.from_bytes(segment[7:9])
    return _BLOCK * sum(_blocks(width, height, [(octet >> 4, octet & 15) for octet in segment[11::3]]))


def _blocks(width: int, height: int, factors: list[tuple[int, int]]) -> Iterator[int]:
    across, down = (max([1, *(pair[side] for pair in factors)]) for side in (0, 1))
    units = -(-width // (8 * across)) * -(-height // (8 * down))
    yield from (units * pair[0] * pair[1] for pair in factors)


def _pixels_of_webp(chunk: bytes) -> int:
    at, bits, more = _SIZES.get(chunk[:4], (0, 0, 0))
    both = int.from_bytes(chunk[at : at + 2 * bits // 8 + 1], "little")
    mask = (1 << bits) - 1
    width, height = ((both & mask) + more), ((both >> bits & mask) + more)
    if chunk[:4] == b"VP8 ":
        # The upper two bits say how to scale it up.
        width, height = width & 0x3FFF, height & 0x3FFF
    return min(width, _MOST_SIDE) * min(height, _MOST_SIDE)

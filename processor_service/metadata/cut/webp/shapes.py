"""The exact shape of chunks of WebP that hold pixels (RFC 9649, 2.7; RFC 6386, 9.1)."""

from __future__ import annotations

_LOSSY, _LOSSLESS, _ALPHA = b"VP8 ", b"VP8L", b"ALPH"
_START, _SIGNATURE = b"\x9d\x01\x2a", 0x2F
_MOST_SIDE = 1 << 14


def check_frame(header: bytes, canvas: tuple[int, ...]) -> None:
    """Raise ValueError when a frame does not lie on the canvas, or when reserved bits are set."""
    left, top, width, height = (int.from_bytes(header[at : at + 3], "little") for at in (0, 3, 6, 9))
    if 2 * left + width + 1 > canvas[0] or 2 * top + height + 1 > canvas[1] or header[15] & 0xFC:
        raise ValueError("a frame of the WebP has other numbers than it should have")


def check_pixels(chunks: list[tuple[bytes, bytes]]) -> None:
    """Raise ValueError when the chunks of a picture are not one of pixels, which one of transparency may precede.

    Looks at their headers. The ends of compressed pixels are searched in webp_ends.py.
    """
    names = [name for name, _ in chunks]
    if names not in ([_LOSSLESS], [_LOSSY], [_ALPHA, _LOSSY]):
        raise ValueError("the WebP has chunks of pixels that no decoder reads")
    pixels = chunks[-1][1]
    if names == [_LOSSLESS]:
        # Signature, two sides of 14 bits, a bit for transparency, and a version of three bits.
        sound = pixels[0] == _SIGNATURE and pixels[4] < 0x20
    else:
        # A key frame that is shown, its version and the length of its first part; a start code; two sides.
        first = int.from_bytes(pixels[:3], "little")
        sides = [int.from_bytes(pixels[at : at + 2], "little") for at in (6, 8)]
        sound = first & 1 == 0 and first >> 1 & 7 < 4 and first >> 4 & 1 == 1
        sound = sound and pixels[3:6] == _START and max(sides) < _MOST_SIDE
        if names[0] == _ALPHA:
            sound = sound and _is_transparency(chunks[0][1], sides[0] * sides[1])
    if not sound:
        raise ValueError("pixels of the WebP have other numbers than they should have")


def _is_transparency(body: bytes, pixels: int) -> bool:
    """Reserved bits, how it was made smaller, a filter, whether it is packed; else a byte for each pixel."""
    packed = body[0] & 3
    return body[0] < 0x20 and packed < 2 and (packed == 1 or len(body) == 1 + pixels)

"""Finds the last byte of compressed pixels of WebP that a decoder needs (RFC 6386, 9.5 and 20; RFC 9649, 3).

Decoders do not say where they stopped. So pixels are decoded without their last bytes: if bytes are missing that are
needed, the decoder refuses them, or they become other pixels.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial

from PIL import WebPImagePlugin

from .header import coefficient_parts

_LOSSY, _LOSSLESS, _ALPHA = b"VP8 ", b"VP8L", b"ALPH"
# Of lossy pixels: a header, sides, then the first of several parts that the header and a table give lengths of.
_HEADER = 10
# Codes end with a few bytes that are not needed, nearly all of them zeros.
_MOST_UNNEEDED = 4
# Pixels that are decoded to see where they end: a second or two, and a gigabyte.
_MOST_PIXELS = 80_000_000
# From a part of the compressed pixels to the pixels; None when they end too early.
_Decode = Callable[[bytes], bytes | None]


def without_rest(chunks: list[tuple[bytes, bytes]], *, decoded: bool) -> list[tuple[bytes, bytes]]:
    """The chunks of a picture, of which the shapes were checked, with zeros for bytes that no decoder needs.

    `decoded`: they were decoded before, so they are sound. Raises ValueError when something lies behind the pixels,
    when they are broken, and when it takes too long to tell.
    """
    *alphas, (name, pixels) = chunks
    if not decoded and _pixels(name, pixels) is None:
        raise ValueError("the pixels of the WebP are broken")
    if name == _LOSSLESS:
        return [(name, _lossless(pixels))]
    found = [(_ALPHA, transparency_without_rest(body, pixels, decoded=decoded)) for _, body in alphas]
    return [*found, (name, _lossy(pixels))]


def transparency_without_rest(body: bytes, pixels: bytes, *, decoded: bool) -> bytes:
    """The same for the transparency of lossy pixels, of which at least the header is there."""
    if not body[0] & 3:
        return body
    head = _header_of_alpha(pixels)
    packed = head + body[1:]
    if not decoded and _pixels(_LOSSLESS, packed) is None:
        raise ValueError("the transparency of the WebP is broken")
    return body[:1] + _lossless(packed)[len(head) :]


def _header_of_alpha(pixels: bytes) -> bytes:
    """What packed transparency lacks to be lossless pixels (RFC 9649, 2.7.1.2): a mark, the sides of the picture."""
    width, height = (int.from_bytes(pixels[at : at + 2], "little") - 1 for at in (6, 8))
    return b"\x2f" + (width | height << 14).to_bytes(4, "little")


def _lossless(pixels: bytes) -> bytes:
    return _ended(pixels, lambda part: _pixels(_LOSSLESS, part))


def _lossy(pixels: bytes) -> bytes:
    """Lossy pixels, in which each part is ended."""
    parts = _parts(pixels)
    # With zeros for the parts of coefficients, the first part decodes quickly, and ends at the same place.
    zeros = [bytes(len(part)) for part in parts[1:]]
    ended = [_ended(parts[0], lambda part: _pixels(_LOSSY, _joined(pixels, [part, *zeros])))]
    for number in range(1, len(parts)):
        ended.append(_ended(parts[number], partial(_with_part, pixels, parts, number)))
    return _joined(pixels, ended)


def _with_part(pixels: bytes, parts: list[bytes], number: int, part: bytes) -> bytes | None:
    """What a decoder makes of lossy pixels with another one of their parts."""
    return _pixels(_LOSSY, _joined(pixels, [*parts[:number], part, *parts[number + 1 :]]))


def _ended(part: bytes, decode: _Decode) -> bytes:
    """The part, with zeros for its last bytes as far as they are not needed. Raises ValueError for more than a few."""
    bare = part.rstrip(b"\0")
    whole: bytes | None = None
    for missing in range(1, min(_MOST_UNNEEDED, len(bare)) + 1):
        less = decode(bare[:-missing])
        if less is not None and whole is None:
            whole = decode(part)
        if less is None or less != whole:
            needed = bare[: len(bare) - missing + 1]
            return _with_zeros(needed, part, decode)
    if len(bare) <= _MOST_UNNEEDED:
        # Of a picture of one colour, no byte of it is needed.
        return bytes(min(len(part), _MOST_UNNEEDED))
    raise ValueError("something lies behind the pixels of the WebP")


def _with_zeros(needed: bytes, part: bytes, decode: _Decode) -> bytes:
    """What is needed, and zeros: a few, or all that the part has, as a code of many pixels alike may be zeros, too."""
    few = needed + bytes(min(len(part) - len(needed), _MOST_UNNEEDED))
    every = needed.ljust(len(part), b"\0")
    if few == every or ((found := decode(few)) is not None and found == decode(every)):
        return few
    return every


def _parts(pixels: bytes) -> list[bytes]:
    """The first part; the parts of coefficients, of which a table gives all lengths but the last."""
    end = _HEADER + (int.from_bytes(pixels[:3], "little") >> 5)
    first, rest = pixels[_HEADER:end], pixels[end:]
    found, position = [first], 3 * (coefficient_parts(first) - 1)
    for at in range(0, position, 3):
        size = int.from_bytes(rest[at : at + 3], "little")
        found.append(rest[position : position + size])
        position += size
    return [*found, rest[position:]]


def _joined(pixels: bytes, parts: list[bytes]) -> bytes:
    first, *others = parts
    begin = int.from_bytes(pixels[:3], "little") & 0x1F | len(first) << 5
    table = b"".join(len(part).to_bytes(3, "little") for part in others[:-1])
    return b"".join([begin.to_bytes(3, "little"), pixels[3:_HEADER], first, table, *others])


def _pixels(name: bytes, pixels: bytes) -> bytes | None:
    """What a decoder makes of compressed pixels. Raises ValueError when they are too many."""
    chunk = name + len(pixels).to_bytes(4, "little") + pixels + bytes(len(pixels) % 2)
    file = b"RIFF" + (4 + len(chunk)).to_bytes(4, "little") + b"WEBP" + chunk
    found, small = None, True
    try:
        with WebPImagePlugin.WebPImageFile(io.BytesIO(file)) as image:
            small = image.width * image.height <= _MOST_PIXELS
            found = image.tobytes() if small else None
    except MemoryError:
        raise
    except Exception:
        return None
    if not small:
        raise ValueError("too many pixels to see where they end")
    return found

"""Tells a JPEG in which only the end marker is missing from one whose last pixels are missing.

libjpeg warns when it runs out of bits, and when bytes are left over. It does not warn when whole scans of a progressive
JPEG are missing; those are counted here.
"""

from __future__ import annotations

import io
import re
from itertools import islice, pairwise

import simplejpeg
from PIL import JpegImagePlugin

from .containers import is_metadata, jpeg_header, jpeg_segments
from .jpeg_scan_ends import SPACES

_END = b"\xff\xd9"
_START, _SCAN = 0xD8, 0xDA
# Start of frame (ITU-T T.81, table B.1) with Huffman codes: one scan for each part, or several. Arithmetic codes end
# with zeros that need not be written, so nobody can tell whether some are missing.
_SEQUENTIAL, _PROGRESSIVE = (0xC0, 0xC1), (0xC2,)
_LEFT_OVER = re.compile(r"(\d+) extraneous bytes before marker 0xd9")
_LEFT_OVER_ANYWHERE = re.compile(r"(\d+) extraneous bytes before marker")
_TOO_EARLY = "Premature end of JPEG file"
# Pixels that are decoded to see whether anything is left over: a second or two. With several scans all coefficients are
# in memory, up to eight bytes a pixel, and each scan takes its time.
_MOST_PIXELS, _MOST_IN_SCANS, _MOST_TIMES_SCANS = 400_000_000, 200_000_000, 3_000_000_000
# Bits to put after the last pixel: missing pixels would be read from them.
_PADS = tuple(bytes([value]) * 64 for value in (0x00, 0x55, 0xAA, 0x3C))
# Without this many bytes, pixels are certainly missing.
_FEW = 3


def is_end_missing(data: bytes) -> bool:
    """Whether only pixels seem to follow the last scan of a JPEG: neither the end marker nor another one."""
    if not data.startswith(b"\xff\xd8") or data.find(b"\xff\xda", max(0, data.rfind(_END))) < 0:
        return False
    parts = _to_last_scan(data)
    return parts is not None and data.endswith(parts[-1][1])


def ended(data: bytes) -> bytes:
    """The same picture; a JPEG in which only the end marker is missing gets one: other decoders are not as lenient."""
    return (with_end(data) or data) if is_end_missing(data) else data


def with_end(data: bytes) -> bytes | None:
    """The JPEG up to its last pixel, with an end marker; None when pixels are missing."""
    parts = _to_last_scan(data)
    try:
        if parts is None or not _has_all_scans(parts):
            return None
    except (IndexError, ValueError):
        return None
    # Without metadata, of which the decoders may have something to say instead.
    bare = b"".join(part for marker, part in parts if not is_metadata(marker))
    try:
        pixels = _to_last_pixel(_without_filling(bare))
    except Exception:
        return None
    whole = b"".join(part for _, part in parts)
    return None if pixels is None else whole[: len(whole) - len(bare) + len(pixels)] + _END


def _to_last_pixel(data: bytes) -> bytes | None:
    # Opened by its class: the number of pixels was checked, and may be large if the picture is scaled at once.
    with JpegImagePlugin.JpegImageFile(io.BytesIO(data + _END)) as image:
        space = SPACES.get(image.mode)
    if space is None:
        return None
    left_over = _left_over(data + _END, space)
    if left_over:
        data = data[:-left_over]
        left_over = _left_over(data + _END, space)
    return data if left_over == 0 else None


def bytes_left_over(data: bytes) -> int | None:
    """Bytes in a JPEG between the pixels of a scan and the next marker; None when the decoder cannot tell.

    Decodes the picture, at an eighth of its size.
    """
    try:
        with JpegImagePlugin.JpegImageFile(io.BytesIO(data)) as image:
            space = SPACES.get(image.mode)
            if space is None or takes_long(image.width * image.height, data.count(b"\xff\xda")):
                return None
        return _left_over(data, space, _LEFT_OVER_ANYWHERE)
    except Exception:
        return None


def is_only_cut_off(data: bytes) -> bool:
    """Whether a JPEG that can be opened is sound up to its end, which comes too early.

    Decodes the picture, at an eighth of its size.
    """
    try:
        with JpegImagePlugin.JpegImageFile(io.BytesIO(data)) as image:
            space = SPACES[image.mode]
        simplejpeg.decode_jpeg(data, space, min_width=1, min_height=1, min_factor=1, strict=True)
    except Exception as error:
        # The first thing that the decoder has to say.
        return _TOO_EARLY in str(error)
    return False


def takes_long(pixels: int, scans: int) -> bool:
    """Whether decoding this many pixels in this many scans takes more than some seconds."""
    return pixels > (_MOST_PIXELS if scans == 1 else _MOST_IN_SCANS) or pixels * scans > _MOST_TIMES_SCANS


def _without_filling(data: bytes) -> bytes:
    """Without a repeated byte at the end: an interrupted transfer may leave zeros, which decode as pixels."""
    bare = data.rstrip(data[-1:])
    if data.endswith(b"\0") and bare.endswith(b"\xff"):
        # Within pixels 0xFF is followed by 0. Alone it is half a marker.
        return bare + b"\0"
    return bare if len(data) - len(bare) > _FEW or data.endswith(b"\xff") else data


def _to_last_scan(data: bytes) -> list[tuple[int, bytes]] | None:
    """Segments up to the last scan; None for a JPEG with an end marker, or without a scan.

    Before the first scan, bytes between segments are left out, as decoders do: the length of one may be wrong.
    """
    parts, scans = jpeg_header(data)
    parts.insert(0, (_START, data[:2]))
    try:
        for marker, segment in islice(jpeg_segments(data[:2] + scans), 1, None):
            if marker == 0xD9:
                return None
            parts.append((marker, segment))
    except ValueError:
        # Rubbish behind the pixels.
        pass
    while parts and parts[-1][0] != _SCAN:
        parts.pop()
    return parts or None


def _has_all_scans(parts: list[tuple[int, bytes]]) -> bool:
    """Whether some scan has every coefficient of every component, to its last bit."""
    missing: set[tuple[int, int]] = set()
    for marker, segment in parts:
        if marker in _SEQUENTIAL + _PROGRESSIVE:
            components = segment[10 : 10 + 3 * segment[9] : 3]
            missing = {(component, number) for component in components for number in range(64)}
        elif marker == _SCAN:
            count = segment[4]
            first, last, bits = segment[5 + 2 * count : 8 + 2 * count]
            if not bits & 15:
                missing -= {(c, number) for c in segment[5 : 5 + 2 * count : 2] for number in range(first, last + 1)}
    frames = sum(marker in _SEQUENTIAL + _PROGRESSIVE for marker, _ in parts)
    return frames == 1 and not missing


def _left_over(data: bytes, space: str, said: re.Pattern[str] = _LEFT_OVER) -> int | None:
    """Bytes between the last pixel and the end marker; None when there are too few."""
    try:
        simplejpeg.decode_jpeg(data, space, min_width=1, min_height=1, strict=True)
    except ValueError as error:
        if found := said.search(str(error)):
            return int(found[1])
        # The fast decoder does not know these sampling factors, and Pillow's decoder does not warn.
        return 0 if "subsampling" in str(error) and _ends_exactly(data[: -len(_END)]) else None
    return 0


def _ends_exactly(whole: bytes) -> bool:
    """Whether no pixel depends on what follows, but some do when a few bytes are removed."""
    return not _depends(whole) and _depends(whole[:-_FEW])


def _depends(part: bytes) -> bool:
    pixels = []
    for pad in _PADS:
        with JpegImagePlugin.JpegImageFile(io.BytesIO(part + pad + _END)) as image:
            pixels.append(image.tobytes())
    return any(one != other for one, other in pairwise(pixels))

"""Tells whether a JPEG of one scan needs the last byte of it (ITU-T T.81, F.2.2.5).

The decoder takes up to eight bytes more than it needs, and does not say how many of them it used. But it warns when it
needs a bit that is not there. So the scan is decoded without its last byte: a warning means that pixels end in it.
"""

from __future__ import annotations

import io

import simplejpeg
from PIL import JpegImagePlugin

from .containers import jpeg_segments

# By the mode that Pillow gives it, the cheapest colours to decode to.
SPACES = {"L": "GRAY", "RGB": "GRAY", "CMYK": "CMYK"}
_SCAN, _END = 0xDA, b"\xff\xd9"
_MISSING = "premature end of data segment"


def needs_last_byte(data: bytes) -> bool:
    """Whether the scan of a sound JPEG ends with a byte that is needed. Decodes it once, at an eighth of its size.

    Up to seven bits that fill up that byte are not looked into. Raises ValueError when the header cannot be read.
    """
    try:
        with JpegImagePlugin.JpegImageFile(io.BytesIO(data)) as image:
            space = SPACES.get(image.mode)
    except Exception as error:
        raise ValueError("the header of the JPEG cannot be read") from error
    return space is not None and _is_missed(_without_last_byte(data), space)


def _without_last_byte(data: bytes) -> bytes:
    segments = list(jpeg_segments(data))
    last = max(place for place, (marker, _) in enumerate(segments) if marker == _SCAN)
    scan = segments[last][1]
    # 0xFF is written as two bytes.
    cut = scan[:-2] if scan.endswith(b"\xff\0") else scan[:-1]
    return b"".join(segment for _, segment in segments[:last]) + cut + _END


def _is_missed(data: bytes, space: str) -> bool:
    """Whether the decoder says that a bit is missing. It says nothing of sampling factors that it does not know."""
    try:
        simplejpeg.decode_jpeg(data, space, min_width=1, min_height=1, min_factor=1, strict=True)
    except ValueError as error:
        return _MISSING in str(error)
    return False

"""Keeps the sound one of several colour profiles or EXIFs in a file, of which it should have one.

Some decoders take the first, others the last, others none of them, whether it is sound or not.
"""

from __future__ import annotations

import struct

from ...formats.containers import PNG_SIGNATURE
from . import heif, jp2, jpeg, png, tiff, webp

_MEDIA, _JPEG_2000, _JPEG, _WEBP = b"ftyp", b"jP  ", b"\xff\xd8", b"WEBP"
_TIFF = (b"II", b"MM")


def without_broken_twins(data: bytes) -> bytes:
    """The same picture with one profile and one EXIF: the first that is sound.

    The file is returned unchanged when it has one of each, when none is sound, and when it is broken elsewhere.
    """
    try:
        if data.startswith(_JPEG):
            return jpeg.without_broken_twins(data)
        if data.startswith(PNG_SIGNATURE):
            return png.without_broken_twins(data)
        if data[8:12] == _WEBP:
            return webp.without_broken_twins(data)
        if data[4:8] == _JPEG_2000:
            return jp2.without_broken_twins(data)
        if data[4:8] == _MEDIA:
            return heif.without_broken_twins(data)
        if data[:2] in _TIFF:
            return tiff.without_broken_twins(data)
    except (ValueError, IndexError, struct.error):
        pass
    return data

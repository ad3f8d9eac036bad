"""Checks the header against the limits, so that a bomb costs no more than a small picture."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFile

from ..errors import Code, ImageError
from ..formats.heif_turn import is_quarter_turned
from ..formats.jpeg_tables import tables_of
from ..formats.registry import format_of
from ..picture import Source
from ..settings import Settings
from .fast_jpeg import decoded_size
from .frames import count_frames
from .tiff.file import TiffFile

# A progressive JPEG is decoded once per scan. Cameras and encoders write about ten; a bomb has thousands of empty ones.
_FEW_SCANS = 64
# libjpeg's own limit; the format has room for 65,535.
_MOST_OF_LIBJPEG = 65_500


def check_header(image: Image.Image, data: bytes, target: tuple[int, int] | None, settings: Settings) -> Source:
    """Describe the original, or refuse it. `target`: the size to which a JPEG is scaled while it is decoded."""
    width, height = image.size
    if is_jpeg(image):
        _check_jpeg_size(width, height, target, settings)
    else:
        check_size(width, height, settings)
    if width * height > settings.max_slow_pixels and _is_slow(image):
        raise ImageError(
            Code.TOO_MANY_PIXELS,
            f"the picture has {width}x{height} pixels in a format that is decoded slowly, at most "
            f"{settings.max_slow_pixels} are accepted (IMAGE_MAX_SLOW_PIXELS)",
        )
    if is_jpeg(image):
        check_scans(data, width * height, settings.max_pixels)
        if not ImageFile.LOAD_TRUNCATED_IMAGES:
            _check_bytes(data, width * height)
    frames = count_frames(image, data, settings.max_frames)
    if frames > settings.max_frames:
        raise ImageError(
            Code.TOO_MANY_FRAMES,
            f"the picture has more than {settings.max_frames} frames (IMAGE_MAX_FRAMES)",
        )
    if isinstance(image, TiffFile):
        # The size in the file. Pillow says how large the picture will be after turning.
        width, height = image.size_in_file
    elif image.format == "HEIF" and is_quarter_turned(data):
        width, height = height, width
    return Source(format_of(image.format or "").name, width, height, frames, len(data), tables_of(image))


def is_jpeg(image: Image.Image) -> bool:
    """Whether the picture is a JPEG, or begins with one. Then it can be decoded at a smaller scale."""
    return image.format in ("JPEG", "MPO")


def check_size(width: int, height: int, settings: Settings) -> None:
    """Refuse a picture with too long a side or too many pixels."""
    _check_sides(width, height, settings)
    if width * height > settings.max_pixels:
        raise ImageError(
            Code.TOO_MANY_PIXELS,
            f"the picture has {width}x{height} pixels, at most {settings.max_pixels} are accepted (IMAGE_MAX_PIXELS)",
        )


def _check_jpeg_size(width: int, height: int, target: tuple[int, int] | None, settings: Settings) -> None:
    """A JPEG that is scaled while it is decoded counts with the size that it has then: that takes the memory."""
    if max(width, height) > _MOST_OF_LIBJPEG:
        raise ImageError(
            Code.DIMENSION_TOO_LARGE,
            f"the picture is {width}x{height}, the decoder of JPEG takes at most {_MOST_OF_LIBJPEG} a side",
        )
    decoded = decoded_size(width, height, target, settings)
    if max(decoded) > settings.max_dimension:
        raise ImageError(
            Code.DIMENSION_TOO_LARGE,
            f"the picture is {width}x{height}, at most {settings.max_dimension} a side are accepted "
            "(IMAGE_MAX_DIMENSION), more of a JPEG that the first operation makes that small",
        )
    if decoded[0] * decoded[1] > settings.max_pixels or width * height > settings.max_jpeg_pixels:
        raise ImageError(
            Code.TOO_MANY_PIXELS,
            f"the picture has {width}x{height} pixels, at most {settings.max_pixels} are accepted (IMAGE_MAX_PIXELS), "
            f"{settings.max_jpeg_pixels} of a JPEG that the first operation makes that small (IMAGE_MAX_JPEG_PIXELS)",
        )


def _check_sides(width: int, height: int, settings: Settings) -> None:
    if max(width, height) > (limit := settings.max_dimension):
        raise ImageError(
            Code.DIMENSION_TOO_LARGE,
            f"the picture is {width}x{height}, at most {limit} a side are accepted (IMAGE_MAX_DIMENSION)",
        )


def check_total(pixels: int, settings: Settings) -> None:
    """Refuse frames that have too many pixels in all, when all are decoded."""
    if pixels > settings.max_pixels:
        raise ImageError(
            Code.TOO_MANY_PIXELS,
            f"the frames have more than {settings.max_pixels} pixels in all (IMAGE_MAX_PIXELS); without an "
            "`animation` operation that keeps them, only the first is decoded",
        )


def _is_slow(image: Image.Image) -> bool:
    """Whether Python code decodes the pixels: those are the decoders that Pillow registers by name."""
    return any(tile[0] in Image.DECODERS for tile in getattr(image, "tile", ()))


def check_scans(data: bytes, pixels: int, most: int) -> None:
    """Refuse a JPEG whose scans draw more than `most` pixels in all."""
    # A start-of-scan marker cannot occur within compressed data: 0xFF is followed by 0 there. NumPy counts in a fifth
    # of the time of bytes.count, which matters: 0.5 ms for each 600 kB.
    octets = np.frombuffer(data, np.uint8)
    scans = np.count_nonzero((octets[:-1] == 0xFF) & (octets[1:] == 0xDA))
    if scans > _FEW_SCANS and scans * pixels > most:
        raise ImageError(
            Code.TOO_MANY_PIXELS,
            f"the JPEG draws its {pixels} pixels {scans} times, at most {most} pixels in all are "
            "accepted (IMAGE_MAX_PIXELS)",
        )


def _check_bytes(data: bytes, pixels: int) -> None:
    """Refuse a JPEG that is too short for its pixels: libjpeg fills up missing ones before an end marker with grey.

    Huffman codes have at least one bit, and each block of 8 x 8 pixels of the finest component needs one for its mean,
    in each scan that has one; sampling factors may hide half of the blocks. Arithmetic coding knows no such bound.
    """
    if len(data) * 8 >= pixels // 64 // 2:
        return
    arithmetic = b"\xff\xc9" in data or b"\xff\xca" in data
    if not arithmetic:
        raise ImageError(
            Code.TRUNCATED_IMAGE, f"the picture ends too early: {len(data)} bytes cannot hold {pixels} pixels"
        )

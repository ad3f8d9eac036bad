"""The only place where bytes become pixels and pixels become bytes. Limits are checked here, header first."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import ExifTags, Image, UnidentifiedImageError

from .encoders import encode_image
from .errors import Code, ImageError
from .formats import ACCEPTED, READABLE, describe_unreadable, public_name
from .modes import to_working_mode
from .picture import Picture, Source
from .settings import Settings


def decode(data: bytes, settings: Settings, wanted: tuple[int, int] | None = None) -> Picture:
    """Decode the first frame of a picture.

    `wanted` (width, height in pixels, as stored) lets a JPEG be decoded at a smaller scale, never below that size.
    Raises ImageError with a code for everything that can be wrong with the bytes.
    """
    with _hostile(settings):
        image = _open(data)
        source = _check_header(image, len(data), settings)
        if wanted and source.format == "jpeg":
            image.draft(None, wanted)
        image.load()
        # Only now: PNG's getexif() loads the picture by itself, and would hide that it is broken.
        orientation = _orientation(image)
        pixels = to_working_mode(image)
        # Encoders write what they find here (ICC profile, comments): nothing of it is to travel on by accident.
        pixels.info.clear()
        return Picture([pixels], source, orientation)


def _open(data: bytes) -> Image.Image:
    if complaint := describe_unreadable(data):
        raise ImageError(Code.UNSUPPORTED_FORMAT, complaint)
    try:
        return Image.open(io.BytesIO(data), formats=READABLE)
    except UnidentifiedImageError:
        raise ImageError(
            Code.NOT_AN_IMAGE,
            f"the bytes are of no accepted picture format; {ACCEPTED}",
        ) from None


def _check_header(image: Image.Image, size: int, settings: Settings) -> Source:
    width, height = image.size
    if max(width, height) > (limit := settings.max_dimension):
        raise ImageError(
            Code.DIMENSION_TOO_LARGE,
            f"the picture is {width}x{height}, at most {limit} a side are accepted (IMAGE_MAX_DIMENSION)",
        )
    if width * height > settings.max_pixels:
        raise ImageError(
            Code.TOO_MANY_PIXELS,
            f"the picture has {width}x{height} pixels, at most {settings.max_pixels} are accepted (IMAGE_MAX_PIXELS)",
        )
    frames = int(getattr(image, "n_frames", 1))
    if frames > settings.max_frames:
        raise ImageError(
            Code.TOO_MANY_FRAMES,
            f"the picture has {frames} frames, at most {settings.max_frames} are accepted (IMAGE_MAX_FRAMES)",
        )
    return Source(public_name(image.format or ""), width, height, frames, size)


def _orientation(image: Image.Image) -> int:
    """EXIF orientation 1 to 8; broken metadata counts as upright, the picture is still good."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


@contextmanager
def _hostile(settings: Settings) -> Iterator[None]:
    """Turn whatever a decoder raises on hostile bytes into an ImageError.

    Pillow raises nearly everything on malformed files: OSError, ValueError, SyntaxError, IndexError, TypeError,
    RuntimeError, struct.error, EOFError, its bomb error. Containers (ICO) may hold more pixels than their header said:
    Pillow's own limit covers those.
    """
    Image.MAX_IMAGE_PIXELS = settings.max_pixels
    try:
        with warnings.catch_warnings():
            # Broken metadata makes Pillow warn; only the bomb warning is a reason to refuse.
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except ImageError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ImageError(
            Code.TOO_MANY_PIXELS, f"the picture has more than {settings.max_pixels} pixels (IMAGE_MAX_PIXELS)"
        ) from None
    except MemoryError:
        raise ImageError(
            Code.OUT_OF_MEMORY, "the picture needs more memory than a worker may use (IMAGE_WORKER_MEMORY)"
        ) from None
    except Exception as error:
        text = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        if "truncated" in text.lower():
            raise ImageError(Code.TRUNCATED_IMAGE, f"the picture ends too early: {text}") from None
        raise ImageError(Code.CORRUPT_IMAGE, f"the picture cannot be decoded: {text}") from None


def encode(picture: Picture) -> tuple[bytes, str]:
    """Encode as `picture.output` says; returns the bytes and the public name of the format. No metadata is written.

    A turn that no operation applied is kept as an EXIF orientation, so that the picture looks the same as before.
    """
    output = picture.output
    transparent = picture.has_transparency()
    name = output.format or picture.source.format
    if transparent and output.format_with_alpha:
        name = output.format_with_alpha
    return encode_image(picture.image, name, output, transparent, picture.orientation)

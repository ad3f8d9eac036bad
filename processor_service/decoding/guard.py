"""Turns what decoders raise on broken or malicious files into errors with a code."""

from __future__ import annotations

import re
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

from ..errors import Code, ImageError, lacks_memory
from ..formats.header_end import ends_in_header
from ..formats.picture_end import is_cut_off
from ..settings import Settings
from .pillow import pixel_limit
from .sayings import TOO_SHORT, saying
from .undecoded_kinds import undecoded_kind
from .working_memory import Known, is_too_little, no_memory_for

# Exceptions of decoders whose text is meant to be read.
_TELLING = (OSError, ValueError, SyntaxError, RuntimeError, EOFError)
# How decoders begin to report a valid file of an unsupported kind.
_UNKNOWN_KIND = ("unknown pixel mode", "unsupported", "unimplemented", "cannot handle")


@contextmanager
def decoder_errors(data: bytes, settings: Settings) -> Iterator[Known]:
    """Turn every exception of a decoder into an ImageError.

    Pillow raises nearly anything on malformed files: OSError, ValueError, SyntaxError, IndexError, TypeError,
    RuntimeError, struct.error, EOFError, its bomb error. Containers (ICO) may hold more pixels than their header says;
    Pillow's own limit covers those. A JPEG may be larger if it is decoded at a smaller scale (limits.py). The caller
    notes what is known of the picture.
    """
    jpeg = data.startswith(b"\xff\xd8")
    most = max(settings.max_pixels, settings.max_jpeg_pixels) if jpeg else settings.max_pixels
    known = Known()
    try:
        with pixel_limit(most), warnings.catch_warnings():
            # Pillow warns of broken metadata. Only its bomb warning is a reason to refuse.
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield known
    except ImageError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as bomb:
        claim = re.search(r"\d{2,}", str(bomb))
        raise ImageError(
            Code.TOO_MANY_PIXELS,
            f"the picture has {claim[0] if claim else 'more'} pixels, at most {settings.max_pixels} are accepted "
            "(IMAGE_MAX_PIXELS)",
        ) from bomb
    except MemoryError as error:
        raise no_memory_for(data) from error
    except Exception as error:
        if lacks_memory(error) or is_too_little(data, known):
            raise no_memory_for(data) from error
        said = saying(_describe(error))
        if said in TOO_SHORT or is_cut_off(data) or ends_in_header(data):
            raise ImageError(Code.TRUNCATED_IMAGE, f"the picture ends too early: {said}") from error
        if kind := undecoded_kind(data):
            raise ImageError(Code.UNSUPPORTED_FORMAT, f"{kind} is not decoded; convert it to PNG first") from error
        if said.lower().startswith(_UNKNOWN_KIND):
            raise ImageError(Code.UNSUPPORTED_FORMAT, f"a kind of picture that is not decoded: {said}") from error
        raise ImageError(Code.CORRUPT_IMAGE, f"the picture cannot be decoded: {said}") from error


def _describe(error: Exception) -> str:
    # Pillow wraps an accidental error of a plugin in a SyntaxError. Texts of all other exceptions are not meant to be
    # read.
    stumbled = isinstance(error.__cause__, struct.error | IndexError | KeyError | TypeError)
    if stumbled or not isinstance(error, _TELLING):
        return "its header is incomplete or contradicts itself"
    text = error.args[0].decode("ascii", "replace") if error.args and isinstance(error.args[0], bytes) else str(error)
    return text.splitlines()[0][:200] if text else type(error).__name__

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
from .sayings import saying
from .undecoded_kinds import undecoded_kind
from .working_memory import Known, is_too_little, no_memory_for

# What Pillow says when pixels are missing; the second is of decoders that take all of a picture at once.
_TOO_SHORT = ("truncated", "not enough image data")
# A PNG chunk is shorter than it must be. That does not mean that the file's end is missing.
_BROKEN_CHUNK = re.compile(r"(APNG contains t|T)runcated \w{4} chunk")
# Exceptions of decoders whose text is meant to be read.
_TELLING = (OSError, ValueError, SyntaxError, RuntimeError, EOFError)
# Phrases by which decoders report a valid file of an unsupported kind.
_UNKNOWN_KIND = ("unknown pixel mode", "unsupported", "unimplemented", "cannot handle")

# Of what a decoder quotes.
_WORD = re.compile(r"\w{4,}", re.ASCII)


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
        text = _without_quotes(_describe(error), data)
        said = saying(text)
        is_short = any(word in text.lower() for word in _TOO_SHORT) and not _BROKEN_CHUNK.match(text)
        if is_short or is_cut_off(data) or ends_in_header(data):
            raise ImageError(Code.TRUNCATED_IMAGE, f"the picture ends too early: {said}") from error
        if kind := undecoded_kind(data):
            raise ImageError(Code.UNSUPPORTED_FORMAT, f"{kind} is not decoded; convert it to PNG first") from error
        if any(word in text.lower() for word in _UNKNOWN_KIND):
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


def _without_quotes(text: str, data: bytes) -> str:
    """The text without what decoders quote of the file behind a colon: a word there must not decide on the code."""
    said, _, quoted = text.partition(": ")
    return said if any(word.encode() in data for word in _WORD.findall(quoted)) else text

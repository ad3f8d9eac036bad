"""Bytes to an opened picture whose header is read and whose pixels are not."""

from __future__ import annotations

import io
import re
import struct

from PIL import AvifImagePlugin, Image, PngImagePlugin, UnidentifiedImageError

from ..errors import Code, ImageError
from ..formats.big_tiff import as_classic
from ..formats.registry import accepted, decoders, readable
from ..settings import Settings
from . import gif_file
from .bitmaps import cursor_as_icon
from .salvage import MOST_TEXT
from .tiff import file
from .unreadable import describe_unknown, describe_unreadable, plausible

# Texts and profiles in a PNG are decompressed on opening, each to no more than 1 MB. Those that matter are small;
# Pillow's bound of 64 MB for all texts makes a bomb of 64 kB cost a hundred times a small picture. What is beyond the
# bounds is dropped (salvage.py).
PngImagePlugin.MAX_TEXT_MEMORY = MOST_TEXT
file.use()
gif_file.use()
# One core for one picture: the other cores have pictures of their own.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

# What GIMP writes before an XBM, and Pillow does not expect there.
_COMMENT = re.compile(rb"\s*/\*(?:[^*]|\*(?!/)){0,2000}\*/\s*(?=#define)")


def load_decoders(settings: Settings) -> None:
    """Load all decoders now, so that the first picture does not wait for them."""
    Image.init()
    readable(settings)


def open_picture(data: bytes, settings: Settings) -> Image.Image:
    """Read the header. Raises ImageError when the bytes are of no accepted format, and whatever decoders raise."""
    if complaint := describe_unreadable(data, settings):
        raise ImageError(Code.UNSUPPORTED_FORMAT, complaint)
    names = [name for name in decoders(readable(settings)) if plausible(name, data)]
    icon = cursor_as_icon(data)
    comment = _COMMENT.match(data)
    data = as_classic(data[comment.end() :] if comment else data)
    try:
        image = Image.open(io.BytesIO(icon or data), formats=names)
    except UnidentifiedImageError as error:
        if complaint := describe_unknown(data, settings):
            raise ImageError(Code.UNSUPPORTED_FORMAT, complaint) from error
        reason = _why_not(data, names, settings)
        raise reason from reason.__cause__ or error
    if icon:
        image.format = "CUR"
    return image


def _why_not(data: bytes, names: list[str], settings: Settings) -> Exception:
    """What is wrong with bytes that no decoder wants: a known beginning and what its decoder says, or nothing known."""
    for name in names:
        factory, accept = Image.OPEN[name]
        try:
            if not accept or accept(data[:16]) is not True:
                continue
        except (IndexError, struct.error):
            continue
        try:
            factory(io.BytesIO(data), "")
        except Exception as error:
            return error
    return ImageError(Code.NOT_AN_IMAGE, f"the bytes are of no accepted picture format; {accepted(settings)}")

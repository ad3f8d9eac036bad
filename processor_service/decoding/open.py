"""Opens a picture: reads its header, not its pixels."""

from __future__ import annotations

import io
import re
import struct

from PIL import Image, ImageFile, UnidentifiedImageError

from ..errors import Code, ImageError
from ..formats.big_tiff import as_classic
from ..formats.header_end import ends_in_header
from ..formats.registry import accepted, decoders, readable
from ..settings import Settings
from .pillow import prepare
from .tiff.file import TiffFile
from .unreadable import describe_unknown, describe_unreadable, plausible
from .windows_icons import CURSOR, plain_icon, shows_picture

prepare(TiffFile)

_TIFF = (b"II", b"MM")
# GIMP writes a comment before an XBM, which Pillow does not expect.
_COMMENT = re.compile(rb"\s*/\*(?:[^*]|\*(?!/)){0,2000}\*/\s*(?=#define)")


def load_decoders(settings: Settings) -> None:
    """Load all decoders now, so that the first picture does not wait for them."""
    Image.init()
    readable(settings)


def refuse_unreadable(data: bytes, settings: Settings) -> None:
    """Raise ImageError when the bytes are of a known format that is not accepted."""
    if complaint := describe_unreadable(data, settings):
        raise ImageError(Code.UNSUPPORTED_FORMAT, complaint)


def open_picture(data: bytes, settings: Settings) -> Image.Image:
    """Read the header. Raises ImageError when the bytes are of no accepted format, and whatever decoders raise."""
    refuse_unreadable(data, settings)
    if data[:2] in _TIFF and ends_in_header(data) and not ImageFile.LOAD_TRUNCATED_IMAGES:
        # Pillow takes the tags that are there for all of them.
        raise OSError("image file is truncated")
    names = [name for name in decoders(readable(settings)) if plausible(name, data)]
    icon = plain_icon(data)
    if icon and "TGA" in names and not shows_picture(data):
        icon, names = None, [name for name in names if name != "CUR"]
    comment = _COMMENT.match(data)
    data = as_classic(data[comment.end() :] if comment else data)
    try:
        image = Image.open(io.BytesIO(icon or data), formats=names)
    except UnidentifiedImageError as error:
        if complaint := describe_unknown(data, settings):
            raise ImageError(Code.UNSUPPORTED_FORMAT, complaint) from error
        reason = _why_not(icon or data, names, settings)
        raise reason from reason.__cause__ or error
    if icon and data.startswith(CURSOR):
        image.format = "CUR"
    return image


def _why_not(data: bytes, names: list[str], settings: Settings) -> Exception:
    """Why no decoder takes the bytes: what the decoder says that knows their beginning, or that none does."""
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

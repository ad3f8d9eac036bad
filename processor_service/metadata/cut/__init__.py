"""Cuts metadata out of files without touching the pixels: such files are stored when no operation changes pixels.

Each format has a list of what may stay. Everything else is removed. One module knows one container, and yields the
remaining parts of the file. It raises ValueError for everything unknown: then the picture is encoded again, or not
stored at all. docs/formats.md has a table of what stays.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from ...formats.jpeg_end import ended
from ...formats.picture_end import is_cut_off
from ...formats.registry import FORMATS
from ...picture import Picture
from ..twins import without_broken_twins
from ..write import exif_block, turn_only
from . import bmp, gif, ico, jp2, jpeg, png, pnm, tiff, webp
from .kept import Kept

Cut = Callable[[bytes, Kept], Iterator[bytes]]

# By the format's name. Pictures of all other formats are always encoded again. Of AVIF and HEIF, only a decoder of AV1
# or HEVC could tell where pixels end, and which numbers of their units are used.
CUTS: dict[str, Cut] = {
    "jpeg": jpeg.parts,
    "mpo": jpeg.parts,
    "png": png.parts,
    "webp": webp.parts,
    "gif": gif.parts,
    "tiff": tiff.parts,
    "jp2": jp2.parts,
    "ico": ico.parts,
    "cur": ico.parts,
    "bmp": bmp.parts,
    "pnm": pnm.parts,
}
# How much longer than the original a cut file may be: the EXIF of a turn, a header with room for it.
_SLACK = 64 * 1024


def cut_metadata(data: bytes, picture: Picture) -> bytes | None:
    """The original file without EXIF, IPTC, XMP, comments, previews, and without what follows the picture.

    It gets the EXIF of `exif_block` (the turn, what the recipe keeps). None when the picture must be encoded again: its
    profile must not be kept, or its container has no room for that EXIF, or holds something unknown, or a larger
    picture, which is broken.
    """
    if picture.source.is_part:
        return None
    kept = Kept(
        exif_block(picture),
        "icc" in picture.output.keep,
        colors_depend_on_it=picture.icc_profile is not None,
        used_up=picture.source.used_up,
    )
    data = without_broken_twins(ended(data))
    cut = _cut(data, picture.source.format, kept)
    # A profile that only the EXIF named would be lost with it.
    lost = (
        data.startswith(jpeg.BEGINNING) and picture.icc_profile is not None and cut is not None and jpeg.ICC not in cut
    )
    return None if lost else cut


def cut_refused(data: bytes, *, cut_off: bool = False) -> bytes | None:
    """The same for bytes that were refused as a picture; None when the metadata in them cannot be told apart.

    `cut_off`: they were refused because pixels are missing at their end.
    """
    data = without_broken_twins(data)
    begun = next((one.name for one in FORMATS if one.begins(data)), None)
    # Decoders also say so of a picture that has its end. Then something may lie before that.
    kept = Kept(turn_only(data), at_any_price=True, cut_off=cut_off and is_cut_off(data))
    return None if begun is None else _cut(data, begun, kept)


def _cut(data: bytes, name: str, kept: Kept) -> bytes | None:
    if name not in CUTS:
        return None
    try:
        return b"".join(_bounded(CUTS[name](data, kept), len(data) + _SLACK))
    except (ValueError, IndexError, KeyError, struct.error, OverflowError, MemoryError):
        return None


def _bounded(parts: Iterator[bytes], most: int) -> Iterator[bytes]:
    """The same parts.

    Raises ValueError when they are longer in all: a file may name the same bytes a thousand times.
    """
    for part in parts:
        most -= len(part)
        if most < 0:
            raise ValueError("the file names the same bytes several times")
        yield part

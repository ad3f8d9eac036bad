"""Collects the raw metadata of the original, for the fields that are made from it."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from itertools import islice

from PIL import ExifTags, Image, JpegImagePlugin, PsdImagePlugin

from ..formats.containers import PNG_SIGNATURE, gif_blocks, gif_sub_blocks, riff_chunks
from ..formats.exif_orientation import orientation_from
from ..picture import RawMetadata
from .blocks import PHOTOSHOP_SEGMENT, Blocks
from .box_metadata import avif_blocks, jp2_blocks
from .exif import Exif, Tag
from .png_metadata import read_png
from .text import decoded

# Tags of a TIFF's main directory that describe the picture, not how its pixels lie in the file.
_DESCRIBING = frozenset(
    ExifTags.Base[name]
    for name in (
        *("ImageDescription", "Make", "Model", "Software", "DateTime", "Artist", "Copyright", "Rating"),
        *("XPTitle", "XPComment", "XPAuthor", "XPKeywords", "XPSubject"),
    )
)
_XMP_IN_GIF, _COMMENT_IN_GIF = b"\xffXMP DataXMP", b"\xfe"
_TRAILER_IN_GIF = b"\x01\xff\xfe\xfd"
# Most PNGs of an icon that are read. Each is read to its end.
_MOST_PNGS = 20


def raw_metadata(image: Image.Image, data: bytes, as_it_came: bytes) -> RawMetadata:
    """EXIF, XMP, IPTC and texts of a picture; each empty when missing or broken. `data`: the file as it is decoded.

    `as_it_came`: the original file, which still has what a TIFF lost with the preview before the picture. Everything is
    as large as in the file. Only what the file has compressed (texts of a PNG) is bounded here: the readers in this
    folder have their own bounds.
    """
    blocks = Blocks()
    for file in (data,) if data is as_it_came else (data, as_it_came):
        # A broken container ends the search. What was found before stays.
        with suppress(Exception):
            _READERS.get(image.format or "", _as_decoded)(image, file, blocks)
    return blocks.metadata()


def icon_metadata(data: bytes) -> RawMetadata:
    """The same of an icon."""
    blocks = Blocks()
    with suppress(Exception):
        _icon(data, blocks)
    return blocks.metadata()


def orientation(image: Image.Image) -> int:
    """EXIF orientation, 1 to 8. Broken metadata counts as upright: the picture is still good.

    For AVIF this is the container's own turn (irot, imir). Decoders that turn pictures themselves (TIFF, HEIF) leave no
    orientation.
    """
    try:
        exif = _exif_of(image)
        turn = orientation_from(exif.get(ExifTags.Base.Orientation), exif.endian or "<")
    except Exception:
        turn = None
    block = image.info.get("exif") if isinstance(image, JpegImagePlugin.JpegImageFile) else None
    return turn or Exif(block if isinstance(block, bytes) else b"").turn() or 1


def _exif_of(image: Image.Image) -> Image.Exif:
    if image.format != "AVIF":
        return image.getexif()
    # Pillow would take the turn of the XMP if there is no EXIF.
    exif = Image.Exif()
    exif.load(image.info.get("exif", b""))
    return exif


def _as_decoded(image: Image.Image, _: bytes, blocks: Blocks) -> None:
    """The metadata that the decoder has under Pillow's usual names: for WebP, AVIF, HEIF and others."""
    exif, xmp = image.info.get("exif"), image.info.get("xmp")
    blocks.exif = exif if isinstance(exif, bytes) else b""
    blocks.xmp = xmp if isinstance(xmp, bytes) else b""


def _jpeg(image: Image.Image, _: bytes, blocks: Blocks) -> None:
    assert isinstance(image, JpegImagePlugin.JpegImageFile)
    # EXIF above 64 kB has several segments, which Pillow joins. So do Photoshop's resources, which are joined here.
    _as_decoded(image, b"", blocks)
    photoshop = (segment for name, segment in image.applist if name == "APP13")
    blocks.add(
        b"".join(part.removeprefix(PHOTOSHOP_SEGMENT) for part in photoshop if part.startswith(PHOTOSHOP_SEGMENT))
    )
    for name, segment in image.applist:
        if name in ("APP1", "APP13"):
            blocks.add(segment)
        elif name == "COM":
            blocks.add_comment(decoded(segment))


def _png(_: Image.Image, data: bytes, blocks: Blocks) -> None:
    read_png(data, blocks)


def _icon(data: bytes, blocks: Blocks) -> None:
    """The metadata of the PNGs in an icon, which show one picture in several sizes; bitmaps have none."""
    for found in islice(re.finditer(re.escape(PNG_SIGNATURE), data), _MOST_PNGS):
        read_png(data[found.start() :], blocks)


def _gif(_: Image.Image, data: bytes, blocks: Blocks) -> None:
    for kind, block in gif_blocks(data):
        if kind == _XMP_IN_GIF:
            # Without sub-blocks, after introducer, label, length and name. A trailer lets decoders skip it.
            blocks.add(block[14:].partition(_TRAILER_IN_GIF)[0])
        elif kind.startswith(_COMMENT_IN_GIF):
            blocks.add_comment(decoded(gif_sub_blocks(block[2:])))


def _webp(image: Image.Image, data: bytes, blocks: Blocks) -> None:
    """The decoder leaves out a chunk that the header does not announce."""
    _as_decoded(image, data, blocks)
    for name, chunk in riff_chunks(data):
        if name in (b"EXIF", b"XMP "):
            blocks.add(chunk[8:])


def _tiff(_: Image.Image, data: bytes, blocks: Blocks) -> None:
    """A TIFF is its own EXIF if anything in it describes the picture."""
    found = Exif(data)
    if _DESCRIBING & found.main.keys() or found.gps or found.exif != found.main:
        blocks.exif = blocks.exif or data
    for tag in (Tag.XMP, Tag.IPTC, Tag.PHOTOSHOP):
        blocks.add(found.block(tag))


def _jp2(_: Image.Image, data: bytes, blocks: Blocks) -> None:
    for block in jp2_blocks(data):
        blocks.add(block)


def _avif(image: Image.Image, data: bytes, blocks: Blocks) -> None:
    with suppress(ValueError, IndexError):
        for block in avif_blocks(data):
            blocks.add(block)
    decoder = Blocks()
    _as_decoded(image, data, decoder)
    blocks.exif, blocks.xmp = blocks.exif or decoder.exif, blocks.xmp or decoder.xmp


def _psd(image: Image.Image, _: bytes, blocks: Blocks) -> None:
    assert isinstance(image, PsdImagePlugin.PsdImageFile)
    blocks.add_resources((number, content) for number, _name, content in image.resources)


# By Pillow's name of the format. Of all others, there is what their decoders have under Pillow's usual names.
_READERS: dict[str, Callable[[Image.Image, bytes, Blocks], None]] = {
    "JPEG": _jpeg,
    "MPO": _jpeg,
    "PNG": _png,
    **dict.fromkeys(("ICO", "CUR", "ICNS"), lambda _, data, blocks: _icon(data, blocks)),
    "GIF": _gif,
    "WEBP": _webp,
    "TIFF": _tiff,
    "AVIF": _avif,
    "JPEG2000": _jp2,
    "PSD": _psd,
}

"""Writes the EXIF of a stored picture: the turn that is still to be applied, and what the recipe keeps."""

from __future__ import annotations

from itertools import islice

from PIL import ExifTags, Image

from ..formats.containers import PNG_SIGNATURE, jpeg_segments, png_chunks, riff_chunks
from ..picture import Metadata, Picture
from .blocks import Blocks
from .exif import Exif
from .png_metadata import read_png
from .tags import read_tags
from .words import author_to_keep, owner_to_keep

_APP1 = 0xE1
_EXIF = b"Exif\0\0"
# Parts of a file that are searched for EXIF.
_FIRST = 10_000


def exif_block(picture: Picture) -> bytes | None:
    """The EXIF to write; None when it would be empty."""
    exif = Image.Exif()
    if "copyright" in picture.output.keep:
        author, owner = copyright_of(picture.metadata)
        for tag, text in ((ExifTags.Base.Artist, author), (ExifTags.Base.Copyright, owner)):
            if text:
                # As bytes: by its standard EXIF is ASCII, so Pillow would write question marks. In practice it holds
                # UTF-8.
                exif[tag] = text.encode()
    if picture.orientation != 1:
        exif[ExifTags.Base.Orientation] = picture.orientation
    return exif.tobytes() if len(exif) else None


def turn_only(data: bytes) -> bytes | None:
    """An EXIF with only the turn of a refused file; None when it is upright, or has its turn elsewhere."""
    turn = Exif(exif_of(data)).turn()
    if turn is None:
        return None
    written = Image.Exif()
    written[ExifTags.Base.Orientation] = turn
    return written.tobytes()


def exif_of(data: bytes) -> bytes:
    """The EXIF of a JPEG, PNG or WebP, read without a decoder; empty when there is none."""
    try:
        if data.startswith(b"\xff\xd8"):
            bodies = (segment[4:] for marker, segment in islice(jpeg_segments(data), _FIRST) if marker == _APP1)
            # Above 64 kB it has several segments.
            return _EXIF + b"".join(body.removeprefix(_EXIF) for body in bodies if body.startswith(_EXIF))
        if data.startswith(PNG_SIGNATURE):
            found = next((chunk[8:-4] for name, chunk in islice(png_chunks(data), _FIRST) if name == b"eXIf"), b"")
            return found or _exif_in_texts(data)
        if data[8:12] == b"WEBP":
            return next((chunk[8:] for name, chunk in islice(riff_chunks(data), _FIRST) if name == b"EXIF"), b"")
    except (ValueError, IndexError):
        pass
    return b""


def _exif_in_texts(data: bytes) -> bytes:
    blocks = Blocks()
    read_png(data, blocks)
    return blocks.exif


def copyright_of(metadata: Metadata) -> tuple[str | None, str | None]:
    """Author and owner of a picture, from EXIF, else from XMP, IPTC, Windows' tags or a PNG's texts."""
    tags = read_tags(metadata)
    return author_to_keep(tags), owner_to_keep(tags)

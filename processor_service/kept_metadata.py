"""The EXIF that a stored picture carries: the turn still to be applied, and what the recipe keeps."""

from __future__ import annotations

from PIL import ExifTags, Image

from .features.tags.exif import Exif, Tag
from .features.tags.iptc import Dataset, read_iptc
from .features.tags.text import cleaned
from .features.tags.xmp import read_xmp
from .picture import Metadata, Picture


def exif_block(picture: Picture) -> bytes | None:
    """The EXIF to write, None when there is nothing to say."""
    exif = Image.Exif()
    if "copyright" in picture.output.keep:
        author, owner = copyright_of(picture.metadata)
        for tag, text in ((ExifTags.Base.Artist, author), (ExifTags.Base.Copyright, owner)):
            if text:
                # As bytes: EXIF knows ASCII only, what is found in it is UTF-8, and Pillow writes question marks.
                exif[tag] = text.encode()
    if picture.orientation != 1:
        exif[ExifTags.Base.Orientation] = picture.orientation
    return exif.tobytes() if len(exif) else None


def copyright_of(metadata: Metadata) -> tuple[str | None, str | None]:
    """Author and owner of a picture, from EXIF, else from XMP, else from IPTC."""
    exif, xmp, iptc = Exif(metadata.exif), read_xmp(metadata.xmp), read_iptc(metadata.iptc)
    author = exif.text(exif.main, Tag.ARTIST) or _first(xmp.get("dc:creator"), iptc.get(Dataset.BYLINE))
    owner = exif.text(exif.main, Tag.COPYRIGHT) or _first(xmp.get("dc:rights"), iptc.get(Dataset.COPYRIGHT))
    return author, owner


def _first(*lists: list[str] | None) -> str | None:
    return next((text for values in lists for value in values or () if (text := cleaned(value))), None)

"""Reads what people wrote into a picture: title, caption, keywords, author, rights.

Current software edits XMP, so that comes first (Metadata Working Group, 2010). Then come IPTC, EXIF, Windows' own tags
of EXIF, and last the texts of PNG, GIF and JPEG.
"""

from __future__ import annotations

import re
from typing import Any

from .exif import Tag
from .iptc import Dataset
from .tags import Tags
from .text import MOST_CHARACTERS, MOST_OF_CAPTION, cleaned, keywords

# Written by cameras into every picture.
_MEANINGLESS = frozenset(
    ("olympus digital camera", "minolta digital camera", "sony dsc", "samsung", "digital camera", "exif_jpeg_picture")
)
# Comments in which a program names itself. People write more than an address, and more than signs and numbers.
_ADVERTISEMENT = re.compile(
    r"(created|made|generated|optimi[sz]ed|processed|compressed|resized|edited|converted) (with|using)\b"
    r"|(generated|optimi[sz]ed|processed|compressed|resized|converted) (by|on)\b|created by .*\d\.\d"
    r"|file written by|creator:|software:|lead technologies|lavc\d|jpeg encoder|intel\(r\) jpeg|applemark|xv version"
    r"|handmade software|acd systems|u-lead systems|gif(builder|smartsaver)|https?://\S+$|[\W\d_]*$",
    re.IGNORECASE,
)


def words(tags: Tags) -> dict[str, Any]:
    """Fields by name; None or empty when nobody wrote one."""
    exif, main = tags.exif, tags.exif.main
    title = first(
        *tags.in_xmp("dc:title"),
        *tags.in_iptc(Dataset.TITLE),
        exif.text(main, Tag.WINDOWS_TITLE),
        tags.texts.get("title"),
        *tags.in_xmp("photoshop:Headline"),
        *tags.in_iptc(Dataset.HEADLINE),
    )
    return {
        "title": title,
        "caption": _caption(tags, title),
        "keywords": keywords(
            [
                *tags.in_xmp("dc:subject"),
                *tags.in_iptc(Dataset.KEYWORDS),
                *(exif.text(main, Tag.WINDOWS_KEYWORDS) or "").split(";"),
            ]
        ),
        "artist": first("; ".join(tags.in_xmp("dc:creator")), *_authors(tags)),
        "copyright": owner(tags),
        "rights": first(*tags.in_xmp("dc:rights"), *tags.in_iptc(Dataset.COPYRIGHT)),
    }


def author_to_keep(tags: Tags) -> str | None:
    """The author, for the EXIF of the stored picture: from its EXIF, else from all other tags."""
    return first(tags.exif.text(tags.exif.main, Tag.ARTIST), "; ".join(tags.in_xmp("dc:creator")), *_authors(tags))


def owner_to_keep(tags: Tags) -> str | None:
    """The owner, for the EXIF of the stored picture: from its EXIF, else from all other tags."""
    return first(
        tags.exif.text(tags.exif.main, Tag.COPYRIGHT),
        *tags.in_xmp("dc:rights"),
        *tags.in_iptc(Dataset.COPYRIGHT),
        owner(tags),
    )


def owner(tags: Tags) -> str | None:
    """The copyright notice of EXIF, or what replaces it when there is no EXIF."""
    return first(
        tags.exif.text(tags.exif.main, Tag.COPYRIGHT), *tags.in_xmp("tiff:Copyright"), tags.texts.get("copyright")
    )


def _authors(tags: Tags) -> list[str | None]:
    return [
        tags.exif.text(tags.exif.main, Tag.ARTIST),
        "; ".join(tags.in_iptc(Dataset.BYLINE)),
        tags.exif.text(tags.exif.main, Tag.WINDOWS_AUTHOR),
        *tags.in_xmp("tiff:Artist"),
        tags.texts.get("author"),
    ]


def _caption(tags: Tags, title: str | None) -> str | None:
    exif, main = tags.exif, tags.exif.main
    found = (
        *tags.in_xmp("dc:description"),
        *tags.in_iptc(Dataset.CAPTION),
        _of_people(exif.text(main, Tag.DESCRIPTION)),
        _of_people(exif.text(exif.exif, Tag.USER_COMMENT)),
        exif.text(main, Tag.WINDOWS_COMMENT),
        exif.text(main, Tag.WINDOWS_SUBJECT),
        tags.texts.get("description"),
        *tags.in_xmp("tiff:ImageDescription", "exif:UserComment"),
        "\n".join(filter(None, map(_of_people, tags.texts.get("comment", "").splitlines()))),
    )
    # Windows also writes the title into EXIF's description. Any other text says more.
    others = (text for text in found if text and cleaned(text) != title)
    return first(*others, most=MOST_OF_CAPTION) or first(*found, most=MOST_OF_CAPTION)


def _of_people(text: str | None) -> str | None:
    """The text, unless it is one in which a program names itself."""
    return None if text is None or _ADVERTISEMENT.match(text.strip()) else text


def first(*values: str | None, most: int = MOST_CHARACTERS) -> str | None:
    """The first text that people may have written, cleaned, at most `most` characters."""
    clean = (cleaned(value, most) for value in values if value)
    return next((value for value in clean if value and value.casefold() not in _MEANINGLESS), None)

"""The EXIF that a stored picture carries: the turn still to be applied, and what the recipe keeps."""

from __future__ import annotations

from PIL import ExifTags, Image

from .picture import Picture

_COPYRIGHT = (ExifTags.Base.Artist, ExifTags.Base.Copyright)
_MOST_CHARACTERS = 1000


def exif_block(picture: Picture) -> bytes | None:
    """The EXIF to write, None when there is nothing to say."""
    exif = Image.Exif()
    if "copyright" in picture.output.keep:
        for tag, text in _copyright(picture.metadata.exif).items():
            exif[tag] = text
    if picture.orientation != 1:
        exif[ExifTags.Base.Orientation] = picture.orientation
    return exif.tobytes() if len(exif) else None


def _copyright(exif: bytes) -> dict[int, bytes]:
    """Author and owner. As bytes: EXIF knows ASCII only, what is found in it is UTF-8, and Pillow makes neither."""
    found = Image.Exif()
    try:
        found.load(exif)
        values = {tag: found.get(tag) for tag in _COPYRIGHT}
    except Exception:
        # Broken metadata is dropped; the picture is still good. Pillow raises nearly everything on it.
        return {}
    return {
        tag: value[:_MOST_CHARACTERS].rstrip("\0 ").encode("latin-1", "replace")
        for tag, value in values.items()
        if isinstance(value, str) and value.strip("\0 ")
    }

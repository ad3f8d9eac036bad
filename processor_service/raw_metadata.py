"""Metadata as it came in, raw and bounded, for the fields that are made of it."""

from __future__ import annotations

from typing import Any

from PIL import ExifTags, Image, TiffImagePlugin

from .picture import Metadata

# Real EXIF with a preview, IPTC and XMP take some ten kilobytes; what is larger serves no search.
_MOST_BYTES = 256 * 1024
_IPTC_RESOURCE = 0x0404
_IPTC_TAG = 33723
# Tags of a TIFF's main directory that describe the picture, not how its pixels lie in the file.
_DESCRIBING = frozenset(
    ExifTags.Base[name]
    for name in ("ImageDescription", "Make", "Model", "Software", "DateTime", "Artist", "Copyright", "Rating")
)
_SUB_DIRECTORIES = (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo)


def raw_metadata(image: Image.Image) -> Metadata:
    """EXIF, XMP and IPTC of a loaded picture; each empty where missing, too large or broken."""
    return Metadata(_bounded(_exif(image)), _bounded(image.info.get("xmp")), _bounded(_iptc(image)))


def orientation(image: Image.Image) -> int:
    """EXIF orientation 1 to 8; broken metadata counts as upright, the picture is still good.

    For AVIF this is the container's own turn (irot, imir). Decoders that turn pictures themselves (TIFF, HEIF) leave
    no orientation behind.
    """
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _bounded(value: Any) -> bytes:
    if isinstance(value, str):
        value = value.encode("utf-8", "replace")
    return value if isinstance(value, bytes) and len(value) <= _MOST_BYTES else b""


def _exif(image: Image.Image) -> Any:
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return image.info.get("exif")
    try:
        return _tiff_exif(image)
    except Exception:
        return None


def _tiff_exif(image: TiffImagePlugin.TiffImageFile) -> bytes | None:
    """A TIFF is its own EXIF: only what describes the picture is copied."""
    found = image.getexif()
    exif = Image.Exif()
    for tag in _DESCRIBING & found.keys():
        exif[tag] = found[tag]
    for directory in _SUB_DIRECTORIES:
        if entries := found.get_ifd(directory):
            exif.get_ifd(directory).update(entries)
    return exif.tobytes() if len(exif) else None


def _iptc(image: Image.Image) -> Any:
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return image.tag_v2.get(_IPTC_TAG)
    resources = image.info.get("photoshop")
    return resources.get(_IPTC_RESOURCE) if isinstance(resources, dict) else None

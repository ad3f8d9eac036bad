"""Which picture formats are read and written, by their public names; docs/formats.md says why."""

from __future__ import annotations

from functools import cache

from .settings import Settings

# Pillow's names of the formats that are always decoded, by decoders that all the world feeds with hostile bytes.
COMMON = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "AVIF", "BMP", "DIB", "ICO", "JPEG2000", "PPM")
# Formats that few people use: decoded unless IMAGE_FORMATS=common. TGA comes last, since nothing marks its beginning.
RARE = (
    *("PSD", "ICNS", "CUR", "DDS", "FTEX", "BLP", "QOI", "SGI", "SUN", "PCX", "DCX", "FLI"),
    *("IM", "MSP", "PIXAR", "XBM", "XPM", "TGA"),
)

# What the format is stored as when the recipe names none: itself where it can be written well, PNG otherwise.
WRITABLE = ("jpeg", "png", "webp", "gif", "tiff", "avif")
_STORED_AS = {"mpo": "jpeg", "heif": "jpeg"}


@cache
def heif_is_installed() -> bool:
    """Whether the optional extra `heic` is there; makes Pillow read HEIC and HEIF if so."""
    try:
        from pi_heif import register_heif_opener
    except ImportError:
        return False
    # The gain maps, depth maps and previews beside the picture are never looked at.
    register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
    return True


def readable(settings: Settings) -> tuple[str, ...]:
    """Pillow's names of the formats that are decoded, in the order in which they are tried."""
    common = (*COMMON, "HEIF") if heif_is_installed() else COMMON
    return common if settings.formats == "common" else common + RARE


def public_name(pillow_name: str) -> str:
    """`JPEG` to `jpeg`, `JPEG2000` to `jp2`, `PPM` to `pnm`."""
    return {"JPEG2000": "jp2", "PPM": "pnm", "DIB": "bmp"}.get(pillow_name, pillow_name.lower())


def accepted(settings: Settings) -> str:
    """A clause that lists the accepted formats."""
    return f"accepted are {', '.join(dict.fromkeys(map(public_name, readable(settings))))}"


def stored_as(name: str) -> str:
    """The format in which a picture of format `name` is stored when the recipe does not say."""
    name = _STORED_AS.get(name, name)
    return name if name in WRITABLE else "png"

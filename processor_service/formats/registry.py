"""Which picture formats are read and written, their public names, file extensions and MIME types.

docs/formats.md says why.
"""

from __future__ import annotations

from functools import cache

from PIL import Image

from ..settings import Settings

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
# Known without the optional extra, too: whoever looks through a folder may not be the one who decodes.
_HEIF_EXTENSIONS = frozenset({"heic", "heics", "heif", "heifs", "hif"})
# Formats whose first bytes are like nothing else. Those of TIFF are the same as of most cameras' raw files.
_MARKED = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "JPEG2000", "HEIF")
_MIME = {"mpo": "image/jpeg", "ico": "image/x-icon", "jp2": "image/jp2", "pnm": "image/x-portable-anymap"}


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


def extensions(names: tuple[str, ...]) -> frozenset[str]:
    """File extensions, lower-case and without the dot, of formats by Pillow's names."""
    heif_is_installed()
    Image.init()
    # Pillow has one decoder for both.
    wanted = {*names, "MPO"} if "JPEG" in names else set(names)
    found = {ending.removeprefix(".") for ending, name in Image.registered_extensions().items() if name in wanted}
    return frozenset(found | _HEIF_EXTENSIONS) if "HEIF" in wanted else frozenset(found)


def every_extension() -> frozenset[str]:
    """Extensions of all formats that a service can read: with every extra, and the rare ones."""
    return extensions((*COMMON, *RARE, "HEIF"))


def is_marked(head: bytes) -> bool:
    """Whether a file that begins like this is a picture of a format that cannot be mistaken for anything else."""
    heif_is_installed()
    Image.init()
    accepts = [Image.OPEN[name][1] for name in _MARKED if name in Image.OPEN]
    return any(accept is not None and accept(head[:32]) is True for accept in accepts)


def mime_type(name: str) -> str:
    """The MIME type of a format by its public name."""
    return _MIME.get(name, f"image/{name}")


def accepted(settings: Settings) -> str:
    """A clause that lists the accepted formats."""
    return f"accepted are {', '.join(dict.fromkeys(map(public_name, readable(settings))))}"


def stored_as(name: str) -> str:
    """The format in which a picture of format `name` is stored when the recipe does not say."""
    name = _STORED_AS.get(name, name)
    return name if name in WRITABLE else "png"

"""The picture formats: one record each. docs/formats.md says why these and no others.

A record is enough for a format to be read; its pictures are encoded again, so that none of its metadata is stored.
CONTRIBUTING.md has what belongs to a format besides.
"""

from __future__ import annotations

from functools import cache

from PIL import Image

from ..settings import Settings
from .containers import PNG_SIGNATURE
from .format import Format, Stored


def _rare(name: str, *pillow: str) -> Format:
    return Format(name, pillow or (name.upper(),), rare=True)


# In the order in which they are tried: the rare ones behind all others, and TGA last, since it has no signature.
FORMATS = (
    Format(
        "jpeg",
        ("JPEG",),
        beginnings=((0, b"\xff\xd8"),),
        unmistakable=True,
        stored_as=None,
        # libjpeg's own limit, not the format's.
        stored=Stored(alpha=False, moves=False, most_side=65500, quality=85),
    ),
    # Several JPEGs in a file: other views, gain maps. Pillow opens it with the JPEG decoder.
    Format("mpo", ("MPO",), mime="image/jpeg", stored_as="jpeg"),
    Format(
        "png",
        ("PNG",),
        beginnings=((0, PNG_SIGNATURE),),
        unmistakable=True,
        further="frames",
        stored_as=None,
        stored=Stored(most_loops=2**31 - 1),
    ),
    Format(
        "webp",
        ("WEBP",),
        beginnings=((8, b"WEBP"),),
        unmistakable=True,
        further="frames",
        stored_as=None,
        stored=Stored(grey=False, most_side=16383, most_loops=65_535, quality=80),
    ),
    Format(
        "gif",
        ("GIF",),
        beginnings=((0, b"GIF8"),),
        unmistakable=True,
        further="frames",
        stored_as=None,
        # GIF says how often an animation is repeated after the first time.
        stored=Stored(profile=False, exif=False, most_side=65535, most_loops=65_535 + 1),
    ),
    Format(
        "tiff",
        ("TIFF",),
        beginnings=((0, b"II*\0"), (0, b"MM\0*"), (0, b"II+\0"), (0, b"MM\0+")),
        further="pages",
        stored_as=None,
        stored=Stored(),
    ),
    Format(
        "avif",
        ("AVIF",),
        unmistakable=True,
        further="frames",
        stored_as=None,
        # One more for a still picture; the track of an animation has no room for that.
        stored=Stored(grey=False, most_side=65535, most_loops=2**31 - 1, quality=65),
    ),
    Format("bmp", ("BMP", "DIB"), beginnings=((0, b"BM"),)),
    Format("ico", ("ICO",), mime="image/x-icon", beginnings=((0, b"\0\0\1\0"),)),
    Format("jp2", ("JPEG2000",), beginnings=((4, b"jP  "), (0, b"\xff\x4f\xff\x51")), unmistakable=True),
    Format(
        "pnm",
        ("PPM",),
        mime="image/x-portable-anymap",
        beginnings=tuple((0, magic) for magic in (b"P4", b"P5", b"P6", b"Pf")),
    ),
    # Read with the extra `heic`. AVIF begins like it.
    Format(
        "heif",
        ("HEIF",),
        extensions=("heic", "heics", "heif", "heifs", "hif"),
        beginnings=((4, b"ftyp"),),
        unmistakable=True,
        stored_as="jpeg",
    ),
    _rare("psd"),
    _rare("icns"),
    Format("cur", ("CUR",), rare=True, beginnings=((0, b"\0\0\2\0"),)),
    *map(_rare, ("dds", "ftex", "blp", "qoi", "sgi", "sun", "pcx")),
    Format("dcx", ("DCX",), rare=True, further="pages"),
    Format("fli", ("FLI",), rare=True, further="frames"),
    *map(_rare, ("im", "msp", "pixar", "xbm", "xpm", "tga")),
)
_BY_NAME = {one.name: one for one in FORMATS}
_BY_PILLOW = {name: one for one in FORMATS for name in one.pillow}


@cache
def heif_is_installed() -> bool:
    """Whether the optional extra `heic` is installed. If so, Pillow reads HEIC and HEIF from now on."""
    try:
        from pi_heif import register_heif_opener
    except ImportError:
        return False
    # Gain maps, depth maps and previews beside the picture are not read.
    register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
    return True


def readable(settings: Settings) -> tuple[Format, ...]:
    """The formats that are read, in the order in which they are tried."""
    return tuple(
        one
        for one in FORMATS
        if not (one.rare and settings.formats == "common") and (one.name != "heif" or heif_is_installed())
    )


def decoders(formats: tuple[Format, ...]) -> tuple[str, ...]:
    """Pillow's names of the decoders of these formats, in their order."""
    # Its JPEG decoder notices by itself whether there are several pictures.
    return tuple(name for one in formats for name in one.pillow if name != "MPO")


def format_of(pillow_name: str) -> Format:
    """The format that one of Pillow's decoders, given by its name, reads. Raises KeyError for other names."""
    return _BY_PILLOW[pillow_name]


def stored_in(name: str) -> Stored:
    """What a format, given by its name, has room for. Pictures must be stored in it."""
    stored = _BY_NAME[name].stored
    assert stored is not None, f"no picture is stored as {name}"
    return stored


def extensions(formats: tuple[Format, ...]) -> frozenset[str]:
    """File extensions, lower-case and without the dot."""
    heif_is_installed()
    Image.init()
    wanted = {name for one in formats for name in one.pillow}
    found = {ending.removeprefix(".") for ending, name in Image.registered_extensions().items() if name in wanted}
    return frozenset(found.union(*(one.extensions for one in formats)))


def is_unmistakable(head: bytes) -> bool:
    """Whether a file that begins like this is certainly a picture: no other kind of file begins like its format."""
    heif_is_installed()
    Image.init()
    accepts = [Image.OPEN[name][1] for one in FORMATS if one.unmistakable for name in one.pillow if name in Image.OPEN]
    return any(accept is not None and accept(head[:32]) is True for accept in accepts)


def mime_type(name: str) -> str:
    """The MIME type of a format by its name."""
    return _BY_NAME[name].mime_type


def accepted(settings: Settings) -> str:
    """A clause that lists the accepted formats."""
    names = (one.name for one in readable(settings) if one.name != "mpo")
    return f"accepted are {', '.join(names)}"


def stored_as(name: str) -> str:
    """The format in which a picture of format `name` is stored when the recipe does not say."""
    return _BY_NAME[name].stored_as or name

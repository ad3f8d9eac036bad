"""The picture on its way through the pipeline: pixels, what came in, and how it will go out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from PIL import Image

# Of a JPEG: luma first, 64 numbers each, row by row.
Tables = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Source:
    """What came in, read from the header. Width and height in pixels, before any turning."""

    format: str
    width: int
    height: int
    frames: int
    bytes: int
    tables: Tables = ()


@dataclass
class Output:
    """How the picture will be encoded. `format` None: as it came in; `quality` None: the format's default."""

    format: str | None = None
    format_with_alpha: str | None = None
    quality: int | None = None
    background: str = "#ffffff"
    lossless: bool = False
    progressive: bool = False
    # `4:4:4`, `4:2:2`, `4:2:0`; None leaves it to the format.
    chroma: str | None = None
    # The largest size in bytes, reached by lowering the quality down to `min_quality`.
    max_bytes: int | None = None
    min_quality: int = 1
    # Metadata that is written: `icc`, `copyright`.
    keep: frozenset[str] = frozenset()
    # A JPEG's own tables, taken where they are coarser than those of `quality`.
    tables: Tables = ()


@dataclass(frozen=True)
class Metadata:
    """Metadata as it came in, raw; empty where there is none."""

    exif: bytes = b""
    xmp: bytes = b""
    iptc: bytes = b""
    # What of the XMP did not fit into one segment of a JPEG.
    xmp_extension: bytes = b""
    # Texts that the container has a name for, in lower case: PNG's `title`, ..., the `comment` of a GIF or JPEG.
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Picture:
    """Pixels in one of the modes L, LA, RGB, RGBA, and everything that must travel with them."""

    # One image, or all frames of an animation when the recipe keeps them; all of one size and mode.
    frames: list[Image.Image]
    source: Source
    # EXIF orientation (1 to 8) that is still to be applied; 1 is upright.
    orientation: int = 1
    # The colour profile in which the pixels are, None for sRGB.
    icc_profile: bytes | None = None
    # Of an animation: milliseconds of each frame, and how often it plays (0: for ever).
    durations: list[int] = field(default_factory=list)
    loop: int = 0
    metadata: Metadata = field(default_factory=Metadata)
    output: Output = field(default_factory=Output)
    # The long and the short side, in pixels, that it may have after the one-off operations of a document.
    size_limit: tuple[int, int] | None = None
    # Kept by `features.reduced`: the small copy from which most fields are read, and the image it was made of.
    reduced_from: tuple[Image.Image, Image.Image] | None = None

    @property
    def image(self) -> Image.Image:
        """The picture, or the first frame of an animation: what fields are extracted from."""
        return self.frames[0]

    def has_transparency(self) -> bool:
        """Whether any pixel is not fully opaque: an alpha channel alone does not make alpha matter."""
        return any(is_transparent(frame) for frame in self.frames)


def has_alpha(image: Image.Image) -> bool:
    """Whether the image has an alpha channel."""
    return image.mode in ("LA", "RGBA")


def has_grey(image: Image.Image) -> bool:
    """Whether the image has shades of grey only."""
    return image.mode in ("L", "LA")


def is_transparent(image: Image.Image) -> bool:
    """Whether any pixel is not fully opaque."""
    return has_alpha(image) and image.getchannel("A").getextrema() != (255, 255)

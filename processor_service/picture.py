"""The picture on its way through the pipeline: its pixels, what came in, and how it will be stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from PIL import Image

# Quantization tables of a JPEG: luma first, 64 numbers each, row by row.
Tables = tuple[tuple[int, ...], ...]
Made = TypeVar("Made")


@dataclass(frozen=True)
class Source:
    """The original, as its header describes it. Width and height are in pixels, before any turning.

    `used_up`: the decoder of a JPEG has read its pixels, and found nothing behind them except for a few bytes that it
    may have taken without need. `is_part`: a larger picture in the file is broken.
    """

    format: str
    width: int
    height: int
    frames: int
    bytes: int
    tables: Tables = ()
    used_up: bool = False
    is_part: bool = False


@dataclass
class Output:
    """How the picture will be encoded. `format` None: the original's format; `quality` None: the format's default."""

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
    # The original JPEG's tables, used if they are coarser than those of `quality`.
    tables: Tables = ()


@dataclass(frozen=True)
class RawMetadata:
    """Raw metadata of the original; empty when there is none."""

    exif: bytes = b""
    xmp: bytes = b""
    iptc: bytes = b""
    # The part of the XMP that did not fit into one segment of a JPEG.
    xmp_extension: bytes = b""
    # Texts by the container's name for them, in lower case: PNG's `title`, ..., the `comment` of a GIF or JPEG.
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Picture:
    """Pixels in one of the modes L, LA, RGB, RGBA, and everything that belongs to them."""

    # One image, or all frames of an animation when the recipe keeps them; all of one size and mode.
    frames: list[Image.Image]
    source: Source
    # EXIF orientation (1 to 8) that is still to be applied; 1 is upright.
    orientation: int = 1
    # The colour profile of the pixels; None for sRGB.
    icc_profile: bytes | None = None
    # For an animation: milliseconds of each frame, and how often it plays (0: forever).
    durations: list[int] = field(default_factory=list)
    loop: int = 0
    metadata: RawMetadata = field(default_factory=RawMetadata)
    output: Output = field(default_factory=Output)
    # The file without what kept it from being decoded; None if all of it was decoded.
    sound: bytes | None = None
    # Most pixels of the long and the short side after the one-off operations of a document.
    size_limit: tuple[int, int] | None = None
    # Whether the first of the frames of a PNG is none, but what programs show that know no animations.
    has_still: bool = False
    # How many faces, plates, pieces of text were hidden, in the frame that had most; None when nothing was looked for.
    redacted: dict[str, int] | None = None
    # Kept by `once`: the image that something was made of, and what was made.
    made: dict[str, tuple[Image.Image, Any]] = field(default_factory=dict)

    @property
    def image(self) -> Image.Image:
        """The picture, or the first frame of an animation: what fields are extracted from."""
        return self.frames[0]

    def once(self, name: str, make: Callable[[], Made]) -> Made:
        """What `make` makes of the picture as it is now; made again when an operation has changed its pixels since."""
        if name not in self.made or self.made[name][0] is not self.image:
            self.made[name] = self.image, make()
        made: Made = self.made[name][1]
        return made

    def has_transparency(self) -> bool:
        """Whether any pixel is not fully opaque. An alpha channel alone does not count."""
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

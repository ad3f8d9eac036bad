"""The picture on its way through the pipeline: pixels, what came in, and how it will go out."""

from __future__ import annotations

from dataclasses import dataclass, field

from PIL import Image


@dataclass(frozen=True)
class Source:
    """What came in, read from the header. Width and height in pixels, before any turning."""

    format: str
    width: int
    height: int
    frames: int
    bytes: int


@dataclass
class Output:
    """How the picture will be encoded. `format` None keeps the format that came in."""

    format: str | None = None
    format_with_alpha: str | None = None
    quality: int = 85
    background: str = "#ffffff"


@dataclass
class Picture:
    """Pixels in one of the modes L, LA, RGB, RGBA, and everything that must travel with them."""

    image: Image.Image
    source: Source
    # EXIF orientation (1 to 8) that is still to be applied; 1 is upright.
    orientation: int = 1
    output: Output = field(default_factory=Output)

    def has_transparency(self) -> bool:
        """Whether any pixel is not fully opaque: an alpha channel alone does not make alpha matter."""
        return is_transparent(self.image)


def has_alpha(image: Image.Image) -> bool:
    """Whether the image has an alpha channel."""
    return image.mode in ("LA", "RGBA")


def is_transparent(image: Image.Image) -> bool:
    """Whether any pixel is not fully opaque."""
    return has_alpha(image) and image.getchannel("A").getextrema() != (255, 255)

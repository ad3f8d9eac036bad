"""What is said about a picture format in its record (registry.py)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# Offset and signature.
Beginning = tuple[int, bytes]


@dataclass(frozen=True)
class Stored:
    """What a format has room for when pictures are stored in it."""

    alpha: bool = True
    profile: bool = True
    # Whether grey pixels are stored as such, not as colours.
    grey: bool = True
    exif: bool = True
    moves: bool = True
    # The largest side in pixels, and how often an animation can play at most; None: no limit that matters.
    most_side: int | None = None
    most_loops: int | None = None
    # The default quality, 1 to 100, at which all lossy formats look about the same; None: lossless.
    quality: int | None = None


@dataclass(frozen=True)
class Format:
    """A picture format that the service reads."""

    # The name in documents, recipes and errors.
    name: str
    # Pillow's names of its decoders.
    pillow: tuple[str, ...]
    # Whether few people use it: such formats are refused with IMAGE_FORMATS=common.
    rare: bool = False
    # The MIME type, if it is not `image/<name>`.
    mime: str | None = None
    # Extensions that are known even without the optional extra that reads them: the program that reads a folder may not
    # be the one that decodes.
    extensions: tuple[str, ...] = ()
    # How its files begin: one of these signatures, at its offset. Formats that are cut need it, as no decoder says the
    # format of a refused picture. Where pictures are decoded, Pillow knows how files begin.
    beginnings: tuple[Beginning, ...] = ()
    # Whether no other kind of file begins like it. TIFF begins like most raw files of cameras.
    unmistakable: bool = False
    # What further pictures in a file are: frames of one size, pages, or views and layers that are ignored.
    further: Literal["frames", "pages", "ignored"] = "ignored"
    # Pictures are stored in this format when the recipe names none; None: in the format itself.
    stored_as: str | None = "png"
    # What it has room for, when pictures are stored in it.
    stored: Stored | None = None

    @property
    def mime_type(self) -> str:
        """Its MIME type."""
        return self.mime or f"image/{self.name}"

    def begins(self, data: bytes) -> bool:
        """Whether a file of these first bytes can be one of this format."""
        return any(data.startswith(signature, offset) for offset, signature in self.beginnings)

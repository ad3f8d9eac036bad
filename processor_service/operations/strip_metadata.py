"""strip_metadata."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from ..picture import Picture
from . import Operation


class StripMetadata(Operation):
    """Store the picture without EXIF, IPTC, XMP, comments and embedded previews, save what is to be kept.

    That is what becomes of every picture: this operation says what is kept. Alone it leaves the pixels as they came, in
    the formats that can be cut (docs/formats.md). Without its colour profile a picture is stored in sRGB, so that its
    colours stay.
    """

    output_only: ClassVar[bool] = True
    on_animations: ClassVar[str] = "the whole file"
    example: ClassVar[dict[str, Any]] = {"keep": ["copyright"]}

    keep: list[Literal["icc", "copyright", "all"]] = Field(
        default_factory=list,
        max_length=3,
        description="`icc`: the colour profile, and the pixels in it; `copyright`: its author and its owner; `all`: "
        "every byte, as it came, the place where it was taken, too; without another operation only",
    )

    def apply_to(self, picture: Picture) -> None:
        picture.output.keep = frozenset(self.keep) | ({"icc", "copyright"} if "all" in self.keep else set())

"""strip_metadata."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from ..picture import Picture
from . import Operation


class StripMetadata(Operation):
    """Store the picture without EXIF, IPTC, XMP, comments and embedded previews, except for what `keep` names.

    Metadata is removed from every picture: this operation says what is kept. Alone it leaves the pixels alone, in
    formats that can be cut (docs/formats.md). Without its colour profile a picture is stored in sRGB, so that its
    colours stay.
    """

    output_only: ClassVar[bool] = True
    on_animations: ClassVar[str] = "the whole file"
    example: ClassVar[dict[str, Any]] = {"keep": ["copyright"]}

    keep: list[Literal["icc", "copyright", "all"]] = Field(
        default_factory=list,
        max_length=3,
        description="`icc`: the colour profile, and the pixels in it; `copyright`: author and owner; `all`: every byte "
        "of the original, also the place where it was taken; only without other operations",
    )

    def apply_to(self, picture: Picture) -> None:
        picture.output.keep = frozenset(self.keep) | ({"icc", "copyright"} if "all" in self.keep else set())

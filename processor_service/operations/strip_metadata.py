"""strip_metadata."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from ..picture import Picture
from . import Operation


class StripMetadata(Operation):
    """Store the picture without EXIF, IPTC, XMP, comments and embedded previews, save what is to be kept.

    A picture that any operation touches is encoded anew, which carries no metadata over; this operation alone asks for
    just that. Without its colour profile a picture is stored in sRGB, so that its colours stay.
    """

    output_only: ClassVar[bool] = True
    on_animations: ClassVar[str] = "the whole file"
    example: ClassVar[dict[str, Any]] = {"keep": ["copyright"]}

    keep: list[Literal["icc", "copyright"]] = Field(
        default_factory=list,
        max_length=2,
        description="`icc`: the colour profile, and the pixels in it; `copyright`: its author and its owner",
    )

    def apply_to(self, picture: Picture) -> None:
        picture.output.keep = frozenset(self.keep)

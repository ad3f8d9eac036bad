"""strip_metadata."""

from __future__ import annotations

from typing import ClassVar

from ..picture import Picture
from . import Operation


class StripMetadata(Operation):
    """Store the picture without EXIF, IPTC, XMP, comments and embedded previews.

    A picture that any operation touches is encoded anew, which carries no metadata over; this operation alone asks for
    just that.
    """

    output_only: ClassVar[bool] = True
    scale_free: ClassVar[bool] = True

    def apply_to(self, picture: Picture) -> None:
        """Nothing to do: the encoder writes no metadata."""

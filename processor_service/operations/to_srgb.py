"""to_srgb."""

from __future__ import annotations

from typing import ClassVar

from ..color.profiles import make_srgb
from ..picture import Picture
from . import Operation


class ToSrgb(Operation):
    """Convert the colours to sRGB through the embedded colour profile; a broken profile is dropped.

    This always happens when a picture is stored without its profile. This operation says when it happens, and leaves no
    profile for `strip_metadata` to keep.
    """

    for_documents: ClassVar[bool] = True
    on_animations: ClassVar[str] = "each frame, through the profile of the file"

    @property
    def scale_free(self) -> bool:
        return True

    def apply_to(self, picture: Picture) -> None:
        make_srgb(picture)

"""auto_orient."""

from __future__ import annotations

from typing import ClassVar

from ..picture import Picture
from ..pixels.orientation import upright
from . import Operation


class AutoOrient(Operation):
    """Turn the picture upright as its EXIF orientation says."""

    for_documents: ClassVar[bool] = True

    @property
    def scale_free(self) -> bool:
        return True

    def apply_to(self, picture: Picture) -> None:
        picture.frames = [upright(frame, picture.orientation) for frame in picture.frames]
        picture.orientation = 1

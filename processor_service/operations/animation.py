"""animation."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from ..picture import Picture
from . import Operation


class Animation(Operation):
    """Choose whether the first frame of an animation (or the first page) is stored, or all of them.

    Other operations apply to each frame. JPEG has room for the first frame only.
    """

    output_only: ClassVar[bool] = True
    example: ClassVar[dict[str, Any]] = {"frames": "keep"}
    on_animations: ClassVar[str] = "this operation keeps its frames"

    frames: Literal["first", "keep"] = Field(
        "first", description="`first`: a still picture, as without this operation; `keep`: all frames and their times"
    )

    @property
    def keeps_frames(self) -> bool:
        return self.frames == "keep"

    def apply_to(self, picture: Picture) -> None:
        if self.frames == "first":
            picture.frames, picture.durations = picture.frames[:1], picture.durations[:1]

"""Brings the frames of a picture into one mode."""

from __future__ import annotations

from PIL import Image


def same_mode(frames: list[Image.Image]) -> list[Image.Image]:
    """The frames (L, LA, RGB, RGBA) in the smallest mode that has room for all: one may be transparent, one not."""
    modes = {frame.mode for frame in frames}
    if len(modes) == 1:
        return frames
    color, alpha = any("RGB" in mode for mode in modes), any("A" in mode for mode in modes)
    mode = ("RGB" if color else "L") + ("A" if alpha else "")
    return [frame if frame.mode == mode else frame.convert(mode) for frame in frames]

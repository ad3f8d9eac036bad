"""Frames of animations, and pages: counts them without decoding, and yields all of them as they are shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from PIL import Image

from ..formats.apng_numbers import count_png_frames
from ..formats.avif_loops import avif_loops
from ..formats.containers import count_gif_frames, png_chunks
from ..formats.registry import format_of
from ..formats.tiff_directories import chain
from ..pixels.modes import same_mode
from .apng import compose_apng

# The block in which a GIF says how often it is repeated: under either name, at any place.
_GIF_LOOPS = re.compile(rb"\x21\xff\x0b(?:NETSCAPE2\.0|ANIMEXTS1\.0)\x03\x01(..)", re.DOTALL)
# How long browsers show frames that ask for no time at all.
_MISSING_DURATION = 100


def count_frames(image: Image.Image, data: bytes, most: int) -> int:
    """The number of frames or pages, counted no further than `most` + 1. Decodes nothing."""
    if _further(image) == "ignored":
        return 1
    if image.format == "GIF":
        return count_gif_frames(data, most)
    if image.format == "TIFF":
        return max(1, sum(1 for _ in chain(data, most + 1)))
    if image.format == "PNG":
        # The still picture that an APNG has for programs without animations is not one of its frames.
        return max(1, count_png_frames(png_chunks(data)))
    return max(1, int(getattr(image, "n_frames", 1)))


def has_frames(image: Image.Image) -> bool:
    """Whether the format's further pictures are frames or pages, worth keeping together."""
    return _further(image) != "ignored"


def is_animated(image: Image.Image) -> bool:
    """Whether the format's further pictures are frames, all of the size in its header."""
    return _further(image) == "frames"


def _further(image: Image.Image) -> str:
    # A frame that was composed here has no format any more.
    return format_of(image.format).further if image.format else "frames"


def each_frame(image: Image.Image, data: bytes, count: int) -> Iterator[Image.Image]:
    """Every frame or page as it is shown after loading. It may be the same object each time."""
    if image.format == "PNG":
        for frame in islice(compose_apng(data), count):
            frame.format, frame.info["icc_profile"] = image.format, image.info.get("icc_profile")
            yield frame
        return
    for number in range(count):
        if number != image.tell() and _further(image) == "pages":
            # Pillow would leave that of the page before.
            image.info.pop("icc_profile", None)
        image.seek(number)
        yield image


def duration(image: Image.Image) -> int:
    """How long a loaded frame stays, in milliseconds; 0 for a page."""
    if _further(image) == "pages":
        return 0
    return round(float(image.info.get("duration", 0))) or _MISSING_DURATION


def alike(frames: list[Image.Image]) -> list[Image.Image]:
    """The frames in one mode and one size: smaller pages lie at the top left of white paper."""
    frames = same_mode(frames)
    width, height = max(frame.width for frame in frames), max(frame.height for frame in frames)
    return [frame if frame.size == (width, height) else _on_paper(frame, width, height) for frame in frames]


def _on_paper(image: Image.Image, width: int, height: int) -> Image.Image:
    paper = Image.new(image.mode, (width, height), "white")
    paper.paste(image)
    return paper


def plays(image: Image.Image, data: bytes) -> int:
    """How often the animation plays; 0 means forever."""
    if image.format == "AVIF":
        return avif_loops(data)
    if image.format == "GIF":
        # GIF says how often the animation is repeated after the first time. It plays once when the file says nothing.
        found = _GIF_LOOPS.search(data)
        repeated = int.from_bytes(found[1], "little") if found else 0
        return repeated + 1 if repeated or not found else 0
    return int(image.info.get("loop") or 0)

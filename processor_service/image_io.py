"""The only place where bytes become pixels and pixels become bytes. Limits are checked here, header first."""

from __future__ import annotations

from PIL import Image

from .encoders import encode_picture
from .errors import Code, ImageError
from .frames import ANIMATED, compose_frames, plays
from .hostile import hostile, truncation
from .limits import check_header, check_size
from .modes import to_working_mode
from .opening import open_picture
from .picture import Picture
from .raw_metadata import orientation, raw_metadata
from .salvage import without_metadata
from .samples import samples_of
from .settings import Settings


def decode(
    data: bytes,
    settings: Settings,
    wanted: tuple[int, int] | None = None,
    *,
    all_frames: bool = False,
    accept_truncated: bool = False,
) -> Picture:
    """Decode a picture: the first frame, or every frame of an animation when `all_frames` is set.

    `wanted` (width, height in pixels, as stored) lets a JPEG be decoded at a smaller scale, never below that size.
    `accept_truncated` fills up what is missing at the end of a picture instead of refusing it.
    Raises ImageError with a code for everything that can be wrong with the bytes.
    """
    with truncation(accept_truncated):
        try:
            return _decode(data, settings, wanted, all_frames)
        except ImageError as error:
            if error.code is not Code.CORRUPT_IMAGE:
                raise
            for less in without_metadata(data):
                try:
                    return _decode(less, settings, wanted, all_frames)
                except ImageError:
                    continue
            raise


def _decode(data: bytes, settings: Settings, wanted: tuple[int, int] | None, all_frames: bool) -> Picture:
    with hostile(data, settings):
        image = open_picture(data, settings)
        all_frames = all_frames and image.format in ANIMATED
        source = check_header(image, data, settings, all_frames)
        samples = samples_of(image)
        if all_frames and source.frames > 1:
            shown, durations = compose_frames(image, source.frames)
        else:
            if wanted and source.format == "jpeg":
                image.draft(None, wanted)
            image.load()
            # What is inside a container may be larger than the container said.
            check_size(*image.size, settings)
            shown, durations = [image], []
        converted = [to_working_mode(frame, samples) for frame in shown]
        picture = Picture(
            _alike([pixels for pixels, _ in converted]),
            source,
            # Only now: PNG's getexif() loads the picture by itself, and would hide that it is broken.
            orientation=orientation(image),
            icc_profile=converted[0][1],
            durations=durations,
            loop=plays(image) if durations else 0,
            metadata=raw_metadata(image),
        )
    for frame in picture.frames:
        # Encoders write what they find here (ICC profile, comments): nothing of it is to travel on by accident.
        frame.info.clear()
    return picture


def _alike(frames: list[Image.Image]) -> list[Image.Image]:
    """Frames of one mode and one size: the richest mode, the first frame's size."""
    modes = {frame.mode for frame in frames}
    if len(modes) > 1:
        alpha = "A" if modes & {"LA", "RGBA"} else ""
        mode = ("RGB" if modes & {"RGB", "RGBA"} else "L") + alpha
        frames = [frame.convert(mode) for frame in frames]
    size = frames[0].size
    return [frame if frame.size == size else frame.crop((0, 0, *size)) for frame in frames]


def encode(picture: Picture) -> tuple[bytes, str]:
    """Encode as `picture.output` says; returns the bytes and the public name of the format."""
    return encode_picture(picture)

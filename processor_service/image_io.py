"""The only place where bytes become pixels and pixels become bytes. Limits are checked here, header first."""

from __future__ import annotations

from PIL import Image

from .encoders import encode_picture
from .errors import Code, ImageError
from .frames import alike, duration, each_frame, has_frames, is_animated, plays
from .hostile import hostile, truncation
from .limits import check_header, check_size, check_total
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
        source = check_header(image, data, settings)
        samples = samples_of(image)
        icc_profile: bytes | None
        if all_frames and source.frames > 1 and has_frames(image):
            frames, durations, icc_profile = _all_frames(image, data, source.frames, settings)
        else:
            if wanted and source.format == "jpeg":
                image.draft(None, wanted)
            image.load()
            # What is inside a container may be larger than the container said.
            check_size(*image.size, settings)
            pixels, icc_profile = to_working_mode(image, samples)
            frames, durations = [pixels], []
        # Only now: PNG's getexif() loads the picture by itself, and would hide that it is broken.
        turn, metadata, loop = orientation(image), raw_metadata(image), plays(image) if durations else 0
    for frame in frames:
        # Encoders write what they find here (ICC profile, comments): nothing of it is to travel on by accident.
        frame.info.clear()
    return Picture(frames, source, turn, icc_profile, durations, loop, metadata)


def _all_frames(
    image: Image.Image, data: bytes, count: int, settings: Settings
) -> tuple[list[Image.Image], list[int], bytes | None]:
    """Every frame in one working mode and size, how long each stays (nothing for pages), the first one's profile."""
    frames: list[Image.Image] = []
    durations: list[int] = []
    profiles: list[bytes | None] = []
    pixels = 0
    if is_animated(image):
        check_total(image.width * image.height * count, settings)
    for frame in each_frame(image, data, count):
        pixels += frame.width * frame.height
        check_total(pixels, settings)
        samples = samples_of(frame)
        frame.load()
        converted, icc_profile = to_working_mode(frame.copy(), samples)
        frames.append(converted)
        durations.append(duration(frame))
        profiles.append(icc_profile)
    if not frames:
        raise ImageError(Code.CORRUPT_IMAGE, "the animation has no frames")
    frames = alike(frames)
    check_total(frames[0].width * frames[0].height * len(frames), settings)
    return frames, durations if any(durations) else [], profiles[0]


def encode(picture: Picture) -> tuple[bytes, str]:
    """Encode as `picture.output` says; returns the bytes and the public name of the format."""
    return encode_picture(picture)

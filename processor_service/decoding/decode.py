"""The only place where bytes become pixels. Checks the limits first, on the header."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from PIL import Image, ImageFile

from ..color.profile_check import carried_profile
from ..color.profiles import to_srgb
from ..errors import Code, ImageError
from ..formats.jpeg_end import is_end_missing, with_end
from ..formats.missing_frames import lacks_frames
from ..formats.picture_end import ends_in_tile
from ..formats.tiff_ends import lacks_pixels
from ..formats.tiff_repair import repaired
from ..metadata.collect import icon_metadata, orientation, raw_metadata
from ..metadata.twins import without_broken_twins
from ..picture import Picture, Source
from ..pixels.scaling import scale
from ..settings import Settings
from .adobe_rgb import attach_adobe_rgb
from .apng import check_animation
from .bitmaps import with_visible_alpha
from .clipping import clip_of, unclipped
from .fast_jpeg import decode_jpeg, decoded_size, is_acceptable
from .fast_png import with_unpacked
from .frames import alike, duration, each_frame, has_frames, is_animated, plays
from .guard import decoder_errors
from .icons import file_within, format_of_icon, without_largest
from .jp2_profile import jp2_profile, with_named_inks
from .limits import check_header, check_size, check_total, is_jpeg
from .modes import to_working_mode
from .open import open_picture, refuse_unreadable
from .pillow import truncation
from .png_checksum import check_pixels
from .salvage import without_metadata
from .sample_layout import SampleLayout, sample_layout
from .undecoded_kinds import undecoded_kind
from .working_memory import Known, check_room, is_too_little, no_memory_for

_BROKEN = (Code.CORRUPT_IMAGE, Code.TRUNCATED_IMAGE)
# From width, height (in pixels, as stored) and EXIF orientation to the size, as stored, to which the picture is scaled
# first. None when that is not known before decoding.
Target = Callable[[int, int, int], tuple[int, int] | None]


def decode(
    data: bytes,
    settings: Settings,
    target: Target | None = None,
    *,
    all_frames: bool = False,
    accept_truncated: bool = False,
) -> Picture:
    """Decode a picture: the first frame, or with `all_frames` every frame of an animation.

    `target` gives the size to which the picture will be scaled first: an ordinary JPEG is decoded straight to it.
    `accept_truncated` fills up missing pixels at the end of a picture instead of refusing it. Raises ImageError, with a
    code for everything that can be wrong with the bytes.
    """
    if all_frames and not accept_truncated:
        _check_frames(data)
    # Of a kind that no decoder knows, all pixels would be filled up.
    with truncation(accept_truncated and undecoded_kind(data) is None):
        try:
            return _decode_whole(data, settings, target, all_frames)
        except ImageError as error:
            if error.code not in _BROKEN:
                raise
            # Of one that ends early, too: what is missing may be a part of its metadata, or just the end marker.
            for less in without_metadata(data):
                with suppress(ImageError):
                    return replace(_decode_whole(less, settings, target, all_frames), sound=less)
            for less in without_largest(data):
                with suppress(ImageError):
                    picture = _decode_whole(less, settings, target, all_frames)
                    return replace(picture, source=replace(picture.source, is_part=True))
            raise


def check_whole(data: bytes, source: Source) -> None:
    """Refuse a file whose first picture has been decoded, and that is to be kept, if others in it are not whole."""
    _check_frames(data)
    if source.format != "tiff" or source.frames == 1:
        return
    if lacks_pixels(repaired(without_broken_twins(data)), all_pages=True, decoded=False):
        raise ImageError(Code.TRUNCATED_IMAGE, "the picture ends too early: pixels of a page are missing")


def _check_frames(data: bytes) -> None:
    """Refuse an animation, or a document of pages, of which all are to be kept and that ends before its last one."""
    if lacks_frames(data):
        raise ImageError(Code.TRUNCATED_IMAGE, "the picture ends too early: frames or pages are missing")


def _decode_whole(data: bytes, settings: Settings, target: Target | None, all_frames: bool) -> Picture:
    """Decode the whole file. A JPEG in which only the end marker is missing is complete."""
    if (file := file_within(data)) is not None:
        return _of_icon(data, file, settings)
    if is_end_missing(data) and not ImageFile.LOAD_TRUNCATED_IMAGES:
        with decoder_errors(data, settings):
            image = open_picture(without_broken_twins(data), settings)
            check_header(image, data, _first_size(image, target), settings)
        # Pillow would not always notice: it may read what follows the last pixel, for example zeros, as pixels.
        if (ended := with_end(data)) is None:
            if is_too_little(data, Known()):
                raise no_memory_for(data)
            raise ImageError(Code.TRUNCATED_IMAGE, "the picture ends too early: pixels of the JPEG are missing")
        return _decode(ended, settings, target, all_frames)
    try:
        return _decode(data, settings, target, all_frames)
    except ImageError as error:
        # The bytes after the last pixel may look like another marker.
        if error.code is not Code.TRUNCATED_IMAGE or (ended := with_end(data)) is None:
            raise
        return _decode(ended, settings, target, all_frames)


def _of_icon(data: bytes, file: bytes, settings: Settings) -> Picture:
    """Decode the file that an icon shows, as if it had come alone: Pillow would take over only some of its pixels."""
    refuse_unreadable(data, settings)
    picture = decode(file, settings, accept_truncated=ImageFile.LOAD_TRUNCATED_IMAGES)
    source = replace(picture.source, format=format_of_icon(data), frames=1, bytes=len(data))
    # An icon is upright.
    return replace(picture, source=source, orientation=1, metadata=icon_metadata(data))


def _decode(data: bytes, settings: Settings, target: Target | None, all_frames: bool) -> Picture:
    as_it_came = data
    with decoder_errors(data, settings) as known:
        data = repaired(without_broken_twins(data))
        if clip := clip_of(data):
            data = unclipped(data)
        profile = jp2_profile(data)
        data = with_named_inks(data)
        image = open_picture(data, settings)
        check_animation(image, data)
        known.format, known.pixels = image.format, image.width * image.height
        size = _first_size(image, target)
        source = check_header(image, data, size, settings)
        is_cut = ends_in_tile(data) or (image.format == "TIFF" and lacks_pixels(data, all_pages=all_frames))
        if is_cut and not ImageFile.LOAD_TRUNCATED_IMAGES:
            raise OSError("image file is truncated")
        check_room(known)
        check_pixels(image, data)
        image = with_unpacked(image, data)
        if profile is not None:
            image.info["icc_profile"] = profile
        attach_adobe_rgb(image)
        layout = sample_layout(image)
        icc_profile: bytes | None
        if all_frames and source.frames > 1 and has_frames(image):
            frames, durations, icc_profile = _all_frames(image, data, source.frames, settings)
        else:
            pixels, icc_profile, used_up = _first_frame(image, data, source, layout, size, settings)
            frames, durations, source = [pixels], [], replace(source, used_up=used_up)
        # Not earlier: PNG's getexif() loads the picture by itself, and would hide that it is broken.
        turn, metadata = orientation(image), raw_metadata(image, data, as_it_came)
        loop = plays(image, data) if durations else 0
        if clip:
            frames, source = clip.cut(frames), replace(source, width=clip.size[0], height=clip.size[1])
    for frame in frames:
        # Encoders write what they find here (ICC profile, comments). None of it must be stored by accident.
        frame.info.clear()
    return Picture(frames, source, turn, icc_profile, durations, loop, metadata)


def _first_size(image: Image.Image, target: Target | None) -> tuple[int, int] | None:
    """The size to which a JPEG is scaled while it is decoded; None for other formats, and when it is not known."""
    return target(*image.size, orientation(image)) if target and is_jpeg(image) else None


def _first_frame(
    image: Image.Image,
    data: bytes,
    source: Source,
    layout: SampleLayout,
    size: tuple[int, int] | None,
    settings: Settings,
) -> tuple[Image.Image, bytes | None, bool]:
    """The picture in a working mode, its profile, and whether its bytes are used up (`Source`).

    A JPEG has the size to which the recipe scales it first.
    """
    if is_jpeg(image):
        if (fast := decode_jpeg(data, size, settings)) is not None:
            # It would have had something to say of bytes that it did not need.
            return fast, carried_profile(image.info.get("icc_profile"), fast.mode), True
        # A JPEG that the fast decoder does not know is decoded at a smaller scale only if it would be too large.
        if size and not is_acceptable(source.width, source.height, settings):
            image.draft(None, decoded_size(source.width, source.height, size, settings))
            check_size(*image.size, settings)
    image.load()
    # The picture in a container may be larger than the container said.
    check_size(*image.size, settings)
    pixels, icc_profile = to_working_mode(image, layout)
    if size and is_jpeg(image):
        pixels = scale(pixels, size)
    return with_visible_alpha(image, pixels), icc_profile, False


def _all_frames(
    image: Image.Image, data: bytes, count: int, settings: Settings
) -> tuple[list[Image.Image], list[int], bytes | None]:
    """Every frame in one working mode and size; how long each stays (nothing for pages); the profile of the first."""
    frames: list[Image.Image] = []
    durations: list[int] = []
    profiles: list[bytes | None] = []
    pixels = 0
    if is_animated(image):
        check_total(image.width * image.height * count, settings)
    for frame in each_frame(image, data, count):
        pixels += frame.width * frame.height
        check_total(pixels, settings)
        layout = sample_layout(frame)
        frame.load()
        converted, icc_profile = to_working_mode(frame.copy(), layout)
        frames.append(converted)
        durations.append(duration(frame))
        profiles.append(icc_profile)
    if not frames:
        raise ImageError(Code.CORRUPT_IMAGE, "the animation has no frames")
    if len(set(profiles)) > 1:
        # Each page has its own.
        frames = [to_srgb(frame, profile or b"") for frame, profile in zip(frames, profiles, strict=True)]
        profiles = [None]
    frames = alike(frames)
    check_total(frames[0].width * frames[0].height * len(frames), settings)
    return frames, durations if any(durations) else [], profiles[0]

"""Turns pixels into bytes: what all formats share, and the options of each."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

from ..color.bare_profile import bare_profile
from ..color.profiles import fits, make_srgb
from ..errors import Code, ImageError
from ..formats.avif_loops import with_avif_loops
from ..formats.containers import webp_with_alpha
from ..formats.jpeg_tables import is_coarser
from ..formats.registry import stored_as, stored_in
from ..metadata.write import exif_block
from ..picture import Output, Picture, has_alpha
from ..pixels.alpha import flatten
from ..pixels.orientation import upright
from .fast_png import encode_png
from .fit_bytes import fitting
from .frame_times import loops_in, times_in
from .guard import encoder_errors
from .palette import drawn_whole, paletted

# PNGs with fewer pixels take little time in any case; those with more are photographs rather than drawings. Between
# these, photographs have more than one colour for each _PIXELS_A_COLOR pixels.
_ICON, _LARGE_PNG = 65_536, 300_000
_PIXELS_A_COLOR = 16
# Levels of compression of photographs and of others.
_FAST_PNG, _SMALL_PNG = 1, 6
# Up to this many pixels `max_bytes` gives the very best quality. Above, encoding takes seconds, and a size near it will
# do.
_FITTED_EXACTLY, _NEARLY_FULL = 4_000_000, 0.9


def encode(picture: Picture) -> tuple[bytes, str]:
    """Encode as `picture.output` says; returns the bytes and the public name of the format.

    Afterwards the picture's pixels are in sRGB. They are stored in sRGB as well, unless the profile is kept; then the
    stored profile holds nothing but colours. A turn that no operation applied is stored as an EXIF orientation, so that
    the picture looks the same as before. It is applied when the format has no room for it. Raises ImageError
    `cannot_fit`, `dimension_too_large`, `out_of_memory` and `cannot_encode`.
    """
    output = picture.output
    transparent = picture.has_transparency()
    wanted = output.format_with_alpha if transparent and output.format_with_alpha else output.format
    name = stored_as(wanted or picture.source.format)
    with encoder_errors(picture.frames, name):
        data = _as_wanted(picture, name, transparent)
    make_srgb(picture)
    return data, name


def _as_wanted(picture: Picture, name: str, transparent: bool) -> bytes:
    output, room = picture.output, stored_in(name)
    profile = bare_profile(picture.icc_profile or b"")
    # A profile of another colour space than that of the stored pixels would be ignored, or misread.
    fitting = fits(profile, picture.image.mode if room.grey else "RGB")
    if "icc" not in output.keep or not room.profile or not fitting:
        make_srgb(picture)
    # For AVIF with a turn, libavif crashes on animations, and Pillow writes question marks into an EXIF that is not
    # ASCII (Pillow 13.0.0, libavif 1.4.2).
    if not room.exif or (name == "avif" and (len(picture.frames) > 1 or "copyright" in output.keep)):
        picture.frames = [upright(frame, picture.orientation) for frame in picture.frames]
        picture.orientation = 1
    frames = picture.frames if room.moves else picture.frames[:1]
    extra: dict[str, Any] = {} if picture.icc_profile is None else {"icc_profile": profile}
    if exif := exif_block(picture):
        extra["exif"] = exif
    frames = [_prepared(frame, name, output, transparent) for frame in frames]
    if len(frames) > 1:
        extra |= _timing(picture, frames, name)
    return _encode(frames, name, output, extra)


def encode_image(image: Image.Image, name: str, output: Output, transparent: bool) -> tuple[bytes, str]:
    """Encode one sRGB image without any metadata; returns the bytes and the public name of the format."""
    name = stored_as(name)
    with encoder_errors([image], name):
        return _encode([_prepared(image, name, output, transparent)], name, output, {}), name


def _prepared(image: Image.Image, name: str, output: Output, transparent: bool) -> Image.Image:
    """The image in a mode that the format supports."""
    if has_alpha(image):
        if not transparent:
            image = image.convert(image.mode[:-1])
        elif not stored_in(name).alpha:
            image = flatten(image, output.background)
    return paletted(image) if name == "gif" else image


def _encode(frames: list[Image.Image], name: str, output: Output, extra: dict[str, Any]) -> bytes:
    width, height = frames[0].size
    room = stored_in(name)
    if room.most_side is not None and max(width, height) > room.most_side:
        raise ImageError(
            Code.DIMENSION_TOO_LARGE, f"the picture is {width}x{height}, {name} has room for {room.most_side} a side"
        )
    if name == "png":
        extra = extra | {"compress_level": _png_level(frames[0])}
    quality = output.quality or room.quality or 0
    if output.max_bytes is None:
        return _save(frames, _options(name, output, quality) | extra)
    lossless = room.quality is None or (name == "webp" and output.lossless)
    lowest = quality if lossless else min(output.min_quality, quality)
    return fitting(
        lambda level: _save(frames, _options(name, output, level) | extra),
        lowest,
        quality,
        output.max_bytes,
        enough=1 if width * height * len(frames) <= _FITTED_EXACTLY else _NEARLY_FULL,
    )


def _png_level(image: Image.Image) -> int:
    """Level 6 makes icons and drawings smaller; photographs a twentieth at most, for ten times the time of ISA-L."""
    pixels = image.width * image.height
    if pixels <= _ICON:
        return _SMALL_PNG
    if pixels > _LARGE_PNG or image.getcolors(pixels // _PIXELS_A_COLOR) is None:
        return _FAST_PNG
    return _SMALL_PNG


def _save(frames: list[Image.Image], options: dict[str, Any]) -> bytes:
    """Encode with Pillow, or a large PNG with ISA-L."""
    buffer = io.BytesIO()
    if len(frames) > 1:
        later = drawn_whole(*frames) if options["format"] == "GIF" else frames[1:]
        options = {"save_all": True, "append_images": later, **options}
    if len(frames) == 1 and options.get("compress_level") == _FAST_PNG:
        fast = encode_png(frames[0], options.get("icc_profile"), options.get("exif"))
        if fast is not None:
            return fast
    frames[0].save(buffer, **options)
    data = buffer.getvalue()
    if len(frames) > 1 and options["format"] == "WEBP" and any(map(has_alpha, frames)):
        data = webp_with_alpha(data)
    return with_avif_loops(data, options.get("loop", 0)) if options["format"] == "AVIF" else data


def _options(name: str, output: Output, quality: int) -> dict[str, Any]:
    if name == "jpeg":
        options: dict[str, Any] = {"format": "JPEG", "progressive": output.progressive}
        options |= {"qtables": output.tables} if is_coarser(output.tables, quality) else {"quality": quality}
        return options | ({"subsampling": output.chroma} if output.chroma else {})
    if name == "png":
        return {"format": "PNG"}
    if name == "webp":
        if output.lossless:
            # Here `quality` means effort: 80 takes twice the time of 50 and saves a thousandth.
            return {"format": "WEBP", "lossless": True, "quality": 50, "method": 1}
        # Pillow's default method 4 takes 26 to 30 times as long as a JPEG.
        return {"format": "WEBP", "quality": quality, "method": 1}
    if name == "avif":
        return {"format": "AVIF", "quality": quality, "speed": 9, "subsampling": output.chroma or "4:2:0"}
    if name == "tiff":
        return {"format": "TIFF", "compression": "tiff_lzw"}
    return {"format": "GIF"}


def _timing(picture: Picture, frames: list[Image.Image], name: str) -> dict[str, Any]:
    if name == "tiff":
        return {}
    moving = frames[1:] if picture.has_still else frames
    # Pages have no durations: a second each.
    durations = picture.durations if len(picture.durations) == len(moving) else [1000] * len(moving)
    loops = loops_in(name, picture.loop)
    timing: dict[str, Any] = {"duration": times_in(name, durations, moving)}
    if picture.has_still:
        timing["default_image"] = True
    if name == "gif":
        # GIF says how often the animation is repeated after the first time: 0 is forever, nothing is once. A frame may
        # be transparent where the one before was not, so each begins on an empty ground.
        timing["disposal"] = 2
        return timing if loops == 1 else timing | {"loop": max(0, loops - 1)}
    if name == "webp" and picture.has_transparency():
        # Every frame is stored whole. Otherwise libwebp may store only the opaque part of frames, and the file says
        # that it has no alpha.
        timing |= {"kmin": 0, "kmax": 1}
    return timing | {"loop": loops}

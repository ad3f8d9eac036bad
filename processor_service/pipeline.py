"""The way of a document: decode, operate, encode, describe, extract, sign."""

from __future__ import annotations

import hashlib
from typing import Any

import pybase64

from .color.profiles import make_srgb
from .decoding.decode import check_whole, decode
from .document import absent_fields, describe, describe_original, sign
from .encoding.encode import encode
from .errors import Code, ImageError
from .formats.apng_numbers import has_still
from .formats.containers import png_chunks
from .formats.jpeg_end import ended
from .metadata.cut import cut_metadata
from .operations import Operation, wants_all_frames
from .picture import Picture
from .pixels.modes import same_mode
from .settings import Settings
from .shortcuts import leaves_pixels, tables_to_keep, target_of
from .timing import Stopwatch
from .wire.payload import decode_payload
from .wire.request import Request


def process(request: Request, settings: Settings, watch: Stopwatch) -> dict[str, Any]:
    """Process one picture; returns the map to merge into the document. Raises ImageError."""
    fields, stored, _ = fields_and_pictures(request, settings, watch)
    return {**fields, "data": None if request.external else pybase64.b64encode_as_string(stored)}


def fields_and_pictures(request: Request, settings: Settings, watch: Stopwatch) -> tuple[dict[str, Any], bytes, bytes]:
    """The same map without the picture, the picture's bytes, and those of the original."""
    data = decode_payload(request.data, settings.max_image_bytes)
    picture, stored, format_name = transform(data, request, settings, watch)
    with watch("describe"):
        if request.features():
            # Fields describe how colours look, whatever profile they are stored in.
            make_srgb(picture)
        source_sha256 = hashlib.sha256(data).hexdigest()
        fields = absent_fields(keep_source=request.normalized)
        fields |= describe(picture, stored, format_name, request.external)
        if not request.normalized:
            fields["original"] = describe_original(picture, data, source_sha256, request.keeps_original)
        fields["pending"] = request.pending() or None
        if picture.redacted is not None:
            fields["redacted"] = picture.redacted
    for feature in request.features():
        wanted = set(feature.produces(request.position))
        if not wanted or (request.normalized and feature.of_source):
            continue
        with watch(feature.name()):
            fields |= {name: value for name, value in feature.extract(picture).items() if name in wanted}
    return fields | sign(request, fields, source_sha256, settings.mark_key()), stored, data


def render(request: Request, settings: Settings, watch: Stopwatch) -> tuple[bytes, str]:
    """Process a stored picture for display; returns the bytes and their format. Raises ImageError."""
    data = decode_payload(request.data, settings.max_image_bytes)
    _, rendered, format_name = transform(data, request, settings, watch)
    return rendered, format_name


def transform(data: bytes, request: Request, settings: Settings, watch: Stopwatch) -> tuple[Picture, bytes, str]:
    """Decode, operate, encode; returns the picture, the bytes to store and the name of their format."""
    operations = request.operations_to_apply()
    with watch("decode"):
        picture = decode(
            data,
            settings,
            target_of(operations),
            all_frames=wants_all_frames(operations),
            accept_truncated=request.accept_truncated,
        )
    with watch("operate"):
        if not operations:
            picture.output.keep = frozenset({"icc"})
        for operation in operations:
            check_size(picture, operation, settings)
            operation.apply_to(picture)
        picture.output.tables = tables_to_keep(picture, operations)
    with watch("encode"):
        if request.normalized and not request.document_operations:
            # The node has verified our signature on these bytes.
            stored, format_name = data, picture.source.format
        elif not leaves_pixels(operations):
            stored, format_name = encode(picture)
        else:
            if not request.accept_truncated:
                check_whole(data, picture.source)
            stored, format_name = store_as_it_came(picture, data, settings)
    check_result(stored, settings)
    return picture, stored, format_name


def check_result(stored: bytes, settings: Settings) -> None:
    """Raise ImageError `result_too_large`, before a large picture is made into base64 and JSON."""
    if len(stored) > settings.max_result_bytes:
        raise ImageError(
            Code.RESULT_TOO_LARGE,
            f"the recipe makes {len(stored)} bytes of the picture, at most {settings.max_result_bytes} are handed back "
            "(IMAGE_MAX_RESULT_BYTES): let it be scaled down, or stored as jpeg",
        )


def store_as_it_came(picture: Picture, data: bytes, settings: Settings) -> tuple[bytes, str]:
    """The original file without unwanted metadata, and its format.

    Encodes again when the container cannot be edited.
    """
    if "all" in picture.output.keep:
        return ended(data), picture.source.format
    # What hid pixels from the decoder would hide them from those who cut, too.
    data = picture.sound or data
    if (cut := cut_metadata(data, picture)) is not None:
        # Only the first of several pictures in a file is left.
        return cut, "jpeg" if picture.source.format == "mpo" else picture.source.format
    if picture.source.frames > len(picture.frames):
        whole = decode(data, settings, all_frames=True)
        whole.output = picture.output
        if picture.source.format == "png" and has_still(png_chunks(data)):
            whole.frames, whole.has_still = same_mode([*picture.frames, *whole.frames]), True
        return encode(whole)
    return encode(picture)


def check_size(picture: Picture, operation: Operation, settings: Settings) -> None:
    """Refuse an operation that would make the picture too large, before it takes memory for that."""
    width, height = operation.size_after(*picture.image.size)
    pixels = width * height * len(picture.frames)
    what = f"operation [{operation.name()}] makes the picture {width}x{height}"
    if pixels > (most := settings.max_pixels):
        of_frames = f" in {len(picture.frames)} frames" if len(picture.frames) > 1 else ""
        raise ImageError(
            Code.TOO_MANY_PIXELS, f"{what}{of_frames}, at most {most} pixels are accepted (IMAGE_MAX_PIXELS)"
        )
    if max(width, height) > (most := settings.max_dimension):
        raise ImageError(Code.DIMENSION_TOO_LARGE, f"{what}, at most {most} a side are accepted (IMAGE_MAX_DIMENSION)")

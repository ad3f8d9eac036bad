"""The way of a document: decode, operate, encode, describe, extract, sign."""

from __future__ import annotations

import hashlib
from typing import Any

import pybase64

from .color.profiles import make_srgb
from .decoding import decode
from .errors import Code, ImageError
from .features import all_features
from .fields import NOT_OURS, top_level_names
from .formats.jpeg_tables import tables_to_keep
from .metadata.cut import cut_metadata
from .operations import Operation, wants_all_frames
from .operations.auto_orient import AutoOrient
from .operations.resize import Resize
from .operations.strip_metadata import StripMetadata
from .picture import Picture
from .settings import Settings
from .timing import Stopwatch
from .wire.marks import mark, source_mark, thumbnail_mark, url_mark
from .wire.payload import decode_payload
from .wire.request import Request

# A square within 2 %: what people call square.
_SQUARE = 1.02
_SIZE_CLASSES = ((20_000, "icon"), (300_000, "small"), (2_000_000, "medium"), (8_000_000, "large"))


def process(request: Request, settings: Settings, watch: Stopwatch) -> dict[str, Any]:
    """Process one picture; returns the map to merge into the document. Raises ImageError."""
    data = decode_payload(request.data, settings.max_image_bytes)
    picture, stored, format_name = transform(data, request, settings, watch)
    with watch("describe"):
        if request.recipe.features:
            # Fields describe colours as they look, whether they are stored in a profile of their own or not.
            make_srgb(picture)
        source_sha256 = hashlib.sha256(data).hexdigest()
        fields = absent_fields(keep_source=request.normalized)
        fields |= describe(picture, stored, format_name)
        if not request.normalized:
            fields["original"] = describe_original(picture, data, source_sha256)
    for feature in request.recipe.features:
        wanted = set(feature.produces).difference(feature.only_first if request.position > 0 else ())
        if not wanted or (request.normalized and feature.of_source):
            continue
        with watch(feature.name()):
            fields |= {name: value for name, value in feature.extract(picture).items() if name in wanted}
    return fields | sign(request, fields, source_sha256, settings.token.get_secret_value())


def render(request: Request, settings: Settings, watch: Stopwatch) -> tuple[bytes, str]:
    """Process a stored picture for somebody who looks at it; returns the bytes and their format. Raises ImageError."""
    data = decode_payload(request.data, settings.max_image_bytes)
    _, rendered, format_name = transform(data, request, settings, watch)
    return rendered, format_name


def transform(data: bytes, request: Request, settings: Settings, watch: Stopwatch) -> tuple[Picture, bytes, str]:
    """Decode, operate, encode; returns the picture, the bytes to store and the name of their format."""
    steps = request.steps()
    with watch("decode"):
        picture = decode.decode(
            data,
            settings,
            target_of(steps),
            all_frames=wants_all_frames(steps),
            accept_truncated=request.accept_truncated,
        )
    with watch("operate"):
        if not steps:
            picture.output.keep = frozenset({"icc"})
        for step in steps:
            check_size(picture, step, settings)
            step.apply_to(picture)
        picture.output.tables = tables_to_keep(picture, steps)
    with watch("encode"):
        if request.normalized and not request.document_operations:
            # The node has seen our signature on these very bytes.
            stored, format_name = data, picture.source.format
        elif not leaves_pixels(steps):
            stored, format_name = decode.encode(picture)
        else:
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


def leaves_pixels(steps: tuple[Operation, ...]) -> bool:
    """Whether the picture is stored as it came, but for its metadata."""
    return all(isinstance(step, StripMetadata) for step in steps)


def store_as_it_came(picture: Picture, data: bytes, settings: Settings) -> tuple[bytes, str]:
    """The original file without its metadata, and its format; encoded again where the container cannot be edited."""
    if "all" in picture.output.keep:
        return data, picture.source.format
    if (cut := cut_metadata(data, picture)) is not None:
        # Of several pictures in one file only the first is left.
        return cut, "jpeg" if picture.source.format == "mpo" else picture.source.format
    if picture.source.frames > len(picture.frames):
        whole = decode.decode(data, settings, all_frames=True)
        whole.output = picture.output
        return decode.encode(whole)
    return decode.encode(picture)


def target_of(steps: tuple[Operation, ...]) -> decode.Target:
    """To which size these steps scale a picture first: decoded to that size, the steps see no difference."""

    def target(width: int, height: int, orientation: int) -> tuple[int, int] | None:
        turned = False
        for step in steps:
            if isinstance(step, Resize):
                size = step.size(height, width)[::-1] if turned else step.size(width, height)
                # Larger pictures are made by the step, once their size has been checked.
                return size if size[0] <= width and size[1] <= height else None
            if not step.scale_free:
                return None
            # Orientations 5 to 8 swap the sides.
            turned = turned or (isinstance(step, AutoOrient) and orientation >= 5)
        return None

    return target


def check_size(picture: Picture, step: Operation, settings: Settings) -> None:
    """Refuse an operation that would make the picture larger than pictures may be, before it takes memory for that."""
    width, height = step.size_after(*picture.image.size)
    pixels = width * height * len(picture.frames)
    what = f"operation [{step.name()}] makes the picture {width}x{height}"
    if pixels > (most := settings.max_pixels):
        of_frames = f" in {len(picture.frames)} frames" if len(picture.frames) > 1 else ""
        raise ImageError(
            Code.TOO_MANY_PIXELS, f"{what}{of_frames}, at most {most} pixels are accepted (IMAGE_MAX_PIXELS)"
        )
    if max(width, height) > (most := settings.max_dimension):
        raise ImageError(Code.DIMENSION_TOO_LARGE, f"{what}, at most {most} a side are accepted (IMAGE_MAX_DIMENSION)")


def absent_fields(keep_source: bool = False) -> dict[str, Any]:
    """Every field as null, so that none of an earlier picture's stays behind; what is the document's is not touched.

    `keep_source` leaves alone what was read from the picture that came in: the normalized one does not have it.
    """
    kept = set(NOT_OURS)
    if keep_source:
        of_source = (kind.produces for kind in all_features().values() if kind.of_source)
        kept.update(("original",), *of_source)
    return {name: None for name in top_level_names() if name not in kept}


def describe(picture: Picture, stored: bytes, format_name: str) -> dict[str, Any]:
    """The fields of the stored picture that every document gets."""
    width, height = picture.image.size
    ratio = max(width, height) / min(width, height)
    return {
        "data": pybase64.b64encode_as_string(stored),
        "format": format_name,
        "width": width,
        "height": height,
        "bytes": len(stored),
        "sha256": hashlib.sha256(stored).hexdigest(),
        "has_alpha": picture.has_transparency(),
        "frames": picture.source.frames,
        "orientation": "square" if ratio <= _SQUARE else "landscape" if width > height else "portrait",
        "size_class": next((name for limit, name in _SIZE_CLASSES if width * height < limit), "huge"),
    }


def describe_original(picture: Picture, data: bytes, sha256: str) -> dict[str, Any]:
    """The fields of the picture that came in."""
    source = picture.source
    return {
        "format": source.format,
        "width": source.width,
        "height": source.height,
        "bytes": len(data),
        "sha256": sha256,
    }


def sign(request: Request, fields: dict[str, Any], source: str, token: str) -> dict[str, str]:
    """The fields by which the node recognizes a picture that was processed, what it was made from, and its thumbnail.

    `source` is the SHA-256, in hex, of the bytes that came in.
    """
    recipe, stored, url = request.recipe.hash, fields["sha256"], request.url
    marks = {
        "recipe": recipe,
        "mark": mark(token, recipe, stored),
        "source_mark": source_mark(token, recipe, source, stored)
        if url is None
        else url_mark(token, recipe, url, stored),
    }
    if thumbnail := fields.get("thumbnail"):
        marks["thumbnail_mark"] = thumbnail_mark(token, recipe, stored, pybase64.b64decode(thumbnail))
    return marks

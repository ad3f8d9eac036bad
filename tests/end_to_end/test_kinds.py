"""Kinds of pictures that came out wrong, in bulk through a real node: many of a kind in one request."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from elasticsearch import Elasticsearch
from PIL import ExifTags, Image

from processor_service.color.bare_profile import bare_profile
from tests.helpers import secrets_in_profiles, secrets_in_units
from tests.helpers.built_jpegs import flat_jpeg
from tests.helpers.built_tiffs import one
from tests.helpers.pictures import assert_alike, b64, encoded, opened
from tests.helpers.rewritten_tiffs import rewritten
from tests.helpers.secrets_in_files import TRACES
from tests.processor_service.decoding import test_kinds_bitmaps
from tests.processor_service.decoding.test_kinds_refused import CODINGS, NAMED, SVG
from tests.processor_service.formats import test_kinds_big_tiff
from tests.processor_service.pixels.test_kinds_orientation import HELD, ODD_TYPES, scene

PNG: list[dict[str, Any]] = [{"auto_orient": {}}, {"convert": {"format": "png"}}, {"strip_metadata": {}}]
GREY, RGB = 1, 2


@pytest.fixture
def pipeline(es: Elasticsearch, index: str) -> Iterator[str]:
    yield f"kinds-{index}"
    es.ingest.delete_pipeline(id=f"kinds-{index}")


def stored(
    es: Elasticsearch, index: str, pipeline: str, files: dict[str, bytes], operations: list[Any], **options: Any
) -> dict[str, dict[str, Any]]:
    """The field `image` of a document for each file, which are written by one bulk."""
    settings = {"operations": operations, "properties": [{"metadata": {"location": "full"}}], "on_invalid": "record"}
    es.ingest.put_pipeline(id=pipeline, processors=[{"image": settings | options}])
    names = dict(enumerate(files))
    lines: list[dict[str, Any]] = []
    for number, name in names.items():
        lines += [{"index": {"_id": str(number)}}, {"image": {"data": b64(files[name])}}]
    answer = es.bulk(index=index, operations=lines, pipeline=pipeline)
    assert not answer["errors"], [item for item in answer["items"] if "error" in item["index"]]
    found = es.mget(index=index, ids=[str(number) for number in names])["docs"]
    return {names[int(doc["_id"])]: doc["_source"]["image"] for doc in found}


def pixels(image: dict[str, Any]) -> np.ndarray[Any, Any]:
    assert "error" not in image, image["error"]
    return np.asarray(opened(image["data"]).convert("RGB")).astype(int)


def test_jpegs_of_any_sampling_are_decoded(es: Elasticsearch, index: str, pipeline: str) -> None:
    factors = {"4:4:1": (1, 4), "4:1:0": (4, 2), "4:1:1": (4, 1), "3:1": (3, 1), "4:4:0": (1, 2), "4:2:0": (2, 2)}
    files = {name: flat_jpeg(150, 103, [luma, (1, 1), (1, 1)], (120, 90, 200)) for name, luma in factors.items()}
    expected = np.array(Image.new("YCbCr", (1, 1), (120, 90, 200)).convert("RGB").getpixel((0, 0)))
    for name, image in stored(es, index, pipeline, files, PNG).items():
        shown = pixels(image)
        assert shown.shape == (103, 150, 3), name
        assert np.abs(shown - expected).max() <= 2, name


def test_bitmaps_whose_alpha_is_zero_throughout_are_opaque(es: Elasticsearch, index: str, pipeline: str) -> None:
    for name, image in stored(es, index, pipeline, test_kinds_bitmaps.HIDDEN, PNG).items():
        assert (pixels(image) == test_kinds_bitmaps.COLORS).all(), name
        assert not image["has_alpha"], name
    for name, image in stored(es, index, pipeline, test_kinds_bitmaps.SHOWN, PNG).items():
        alpha = np.asarray(opened(image["data"]).convert("RGBA"))[..., 3]
        assert (alpha == test_kinds_bitmaps.ALPHA).all(), name


def test_what_is_no_picture_is_called_by_its_name(es: Elasticsearch, index: str, pipeline: str) -> None:
    named = {f"{name}, {number}": data for name, all_ in NAMED.items() for number, data in enumerate(all_)}
    named |= {f"SVG, {coding}": mark + SVG.encode(name) for coding, (mark, name) in CODINGS.items()}
    named |= {f"HTML, {coding}": mark + "<html><p>404".encode(name) for coding, (mark, name) in CODINGS.items()}
    for name, image in stored(es, index, pipeline, named, PNG).items():
        assert image["error"]["code"] == "unsupported_format", name
        assert name.partition(",")[0] in image["error"]["reason"], name
        assert "data" not in image or image["data"] is None, name


def test_big_tiffs_of_both_byte_orders_are_processed_like_classic_ones(
    es: Elasticsearch, index: str, pipeline: str
) -> None:
    files: dict[str, bytes] = {}
    classic: dict[str, bytes] = {}
    for layout, options in test_kinds_big_tiff.LAYOUTS.items():
        classic[layout] = test_kinds_big_tiff.written(**options)
        files |= {f"{layout}, {order}": rewritten(classic[layout], order, big=True) for order in "<>"}
    twins = stored(es, index, pipeline, classic, PNG)
    for name, image in stored(es, index, pipeline, files, PNG).items():
        assert (pixels(image) == pixels(twins[name.partition(",")[0]])).all(), name
    private = {order: test_kinds_big_tiff.with_metadata(order) for order in "<>"}
    for image in stored(es, index, pipeline, private, ["strip_metadata"]).values():
        assert image["metadata"]["caption"] == test_kinds_big_tiff.CAPTION
        assert image["metadata"]["location"]["lat"] == pytest.approx(48.858, abs=0.01)
        assert image["format"] == "tiff"
        assert not [trace for trace in TRACES if trace in base64.b64decode(image["data"])]


def test_tiffs_of_10_to_14_bits_in_16_are_not_dark(es: Elasticsearch, index: str, pipeline: str) -> None:
    ramp = np.linspace(0, 1, 12 * 20).reshape(12, 20, 1) * np.array([1, 0.5, 0.25])
    files: dict[str, bytes] = {}
    for bits in (10, 12, 14, 16):
        values = np.round(ramp * (2**bits - 1)).astype(np.uint16)
        files |= {f"{bits}{order}": one(values, RGB, order=order) for order in "<>"}
        files[f"{bits} grey"] = one(values[..., 0], GREY)
    for name, image in stored(es, index, pipeline, files, PNG).items():
        expected = ramp[..., :1] if "grey" in name else ramp
        assert np.abs(pixels(image) - expected * 255).max() <= 1, name
    dark = np.round(ramp * 60).astype(np.uint16) * 257
    (image,) = stored(es, index, pipeline, {"8 bits, widened": one(dark, RGB)}, PNG).values()
    assert np.abs(pixels(image) - ramp * 60).max() <= 1


def test_orientations_of_any_type_count(es: Elasticsearch, index: str, pipeline: str) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    held = scene().transpose(HELD[6])
    files: dict[str, bytes] = {}
    for kind, name in ODD_TYPES.items():
        block = rewritten(exif.tobytes().removeprefix(b"Exif\0\0"), ">", big=False, kinds={274: kind})
        files[f"JPEG, {name}"] = encoded(held, "JPEG", quality=100, subsampling=0, exif=b"Exif\0\0" + block)
        files[f"PNG, {name}"] = encoded(held, "PNG", exif=block)
        files[f"TIFF, {name}"] = rewritten(encoded(held, "TIFF", exif=exif), "<", big=False, kinds={274: kind})
    for name, image in stored(es, index, pipeline, files, PNG).items():
        assert_alike(opened(image["data"]), scene(), 2, f"node-{name}")


def private_files() -> dict[str, bytes]:
    files = {name: make() for name, make in secrets_in_units.FILES.items() if name.startswith("AVIF")}
    for format_ in ("jpeg", "png", "webp", "tiff", "avif", "jp2", "ico"):
        files |= {f"{format_}, {where}": data for where, data in getattr(secrets_in_profiles, format_)()}
    return files


@pytest.mark.parametrize("keep", [None, ["icc"]])
def test_no_name_is_stored_in_a_profile_or_within_the_pixels(
    es: Elasticsearch, index: str, pipeline: str, keep: list[str] | None
) -> None:
    operations = [{"strip_metadata": {"keep": keep}}] if keep else []
    for name, image in stored(es, index, pipeline, private_files(), operations).items():
        assert "error" not in image, name
        data = base64.b64decode(image["data"])
        assert not [trace for trace in TRACES if trace in data], name
        if name.endswith(", in the profile"):
            shown = opened(data)
            assert "jp2" in name or bare_profile(shown.info["icc_profile"]), name

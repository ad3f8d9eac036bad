"""Kinds of pictures that came out wrong, in bulk through a real node: many of a kind in one request."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from elasticsearch import Elasticsearch
from PIL import ExifTags, Image

from processor_service.color.bare_profile import bare_profile
from tests.helpers import broken_parts, secrets_in_profiles, secrets_in_units
from tests.helpers.built_jpegs import flat_jpeg
from tests.helpers.built_tiffs import one
from tests.helpers.pictures import assert_alike, b64, encoded, opened
from tests.helpers.png_chunks import chunk
from tests.helpers.png_reference import decode_png
from tests.helpers.rewritten_tiffs import rewritten
from tests.helpers.secrets_in_files import TRACES
from tests.helpers.turned_heif import clip, heic, turn
from tests.processor_service.decoding import test_kinds_adobe_rgb as adobe_rgb
from tests.processor_service.decoding import test_kinds_bitmaps
from tests.processor_service.decoding import test_kinds_raw as raw
from tests.processor_service.decoding import test_kinds_salvaged as salvaged
from tests.processor_service.decoding.no_pictures import NAMED, SVG
from tests.processor_service.decoding.test_kinds_png import keyed
from tests.processor_service.decoding.test_kinds_tiff import colors
from tests.processor_service.decoding.test_markup_refused import CODINGS
from tests.processor_service.encoding.test_kinds_timing import apng, book
from tests.processor_service.formats import test_kinds_big_tiff
from tests.processor_service.pixels.test_kinds_orientation import HELD, ODD_TYPES, scene
from tests.processor_service.wire.test_payload import VECTORS

PNG: list[dict[str, Any]] = [{"auto_orient": {}}, {"convert": {"format": "png"}}, {"strip_metadata": {}}]
WHITE_IS_ZERO, GREY, RGB, INKS = 0, 1, 2, 5
STRAIGHT = (2,)


@pytest.fixture(scope="module")
def index(index_of_module: str) -> str:
    return index_of_module


@pytest.fixture(scope="module")
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


def rgba(image: dict[str, Any]) -> np.ndarray[Any, Any]:
    assert "error" not in image, image["error"]
    return np.asarray(opened(image["data"]).convert("RGBA")).astype(int)


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


def test_texts_are_read_by_the_node_as_by_the_service(es: Elasticsearch, index: str, pipeline: str) -> None:
    """No text of these is a picture: those that are read are said to be none, the others to be no base64."""
    es.ingest.put_pipeline(id=pipeline, processors=[{"image": {"properties": [], "on_invalid": "record"}}])
    lines: list[dict[str, Any]] = []
    for vector in VECTORS["vectors"]:
        lines += [{"index": {"_id": vector["why"]}}, {"image": {"data": vector["text"]}}]
    assert not es.bulk(index=index, operations=lines, pipeline=pipeline)["errors"]
    for vector in VECTORS["vectors"]:
        code = es.get(index=index, id=vector["why"])["_source"]["image"]["error"]["code"]
        assert (code == "not_an_image") is (vector["base64"] is not None), (vector["why"], code)


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


def test_raw_files_are_refused_and_reduced_copies_are_not_the_picture(
    es: Elasticsearch, index: str, pipeline: str
) -> None:
    for name, image in stored(es, index, pipeline, raw.RAW, PNG).items():
        assert image["error"]["code"] == "unsupported_format", name
        assert "a camera's raw file; send the JPEG" in image["error"]["reason"], name
        assert image.get("data") is None, name
    for name, image in stored(es, index, pipeline, raw.ORDINARY | raw.FULL_SECOND, PNG).items():
        assert (image["width"], image["original"]["width"], image["frames"]) == (128, 128, 1), name


def test_a_broken_part_takes_neither_turn_nor_profile_along(es: Elasticsearch, index: str, pipeline: str) -> None:
    """Upright, and in the colours of the file without that part, whose profile is Display P3."""
    large = zlib.compress(salvaged.PROFILE + bytes(1_500_000), 9)
    for format, parts, at in (("PNG", broken_parts.CHUNKS, 33), ("JPEG", broken_parts.SEGMENTS, 2)):
        whole = salvaged.whole(format)
        files = {name: whole[:at] + part + whole[at:] for name, part in parts.items()}
        (twin,) = stored(es, index, pipeline, {"whole": whole}, PNG).values()
        assert pixels(twin).shape == (96, 64, 3)
        for name, image in stored(es, index, pipeline, files, PNG).items():
            assert (pixels(image) == pixels(twin)).all(), name
    upright = encoded(salvaged.base(), exif=salvaged.turned())
    files = {name: upright[:33] + part + upright[33:] for name, part in {
        "no profile": b"", "a profile above 1 MB": chunk(b"iCCP", b"icc\0\0" + large),
    }.items()}  # fmt: skip
    one, other = stored(es, index, pipeline, files, PNG).values()
    assert (pixels(one) == pixels(other)).all() and pixels(one).shape == pixels(twin).shape


def test_transparency_and_samples_that_few_programs_write(es: Elasticsearch, index: str, pipeline: str) -> None:
    files: dict[str, bytes] = {}
    expected: dict[str, np.ndarray[Any, Any]] = {}
    inks = np.asarray(Image.fromarray(np.round(colors(4) * 255).astype(np.uint8), "CMYK").convert("RGB"))
    grey, opaque = np.repeat(colors(2)[..., :1], 3, axis=2), np.ones_like(colors(1))
    for depth in (np.uint8, np.uint16):
        wide = [np.round(colors(count) * np.iinfo(depth).max).astype(depth) for count in range(6)[1:]]
        named = {
            "inks and alpha": (wide[4], INKS, np.dstack([inks / 255, colors(5)[..., 4]])),
            "grey and alpha": (wide[1], GREY, np.dstack([grey, colors(2)[..., 1]])),
            "white is zero, and alpha": (wide[1], WHITE_IS_ZERO, np.dstack([1 - grey, colors(2)[..., 1]])),
        }
        for name, (values, kind, shown) in named.items():
            files[f"{name}, {depth}"], expected[f"{name}, {depth}"] = one(values, kind, extra=STRAIGHT), shown * 255
    files["floats"], expected["floats"] = one(colors(3).astype("f4"), RGB), np.dstack([colors(3), opaque]) * 255
    values = np.random.default_rng(8).integers(0, 256, (16, 24, 3)).astype(np.uint16)
    for high in (0, 0x100, 0xAB00):
        key = tuple(int(value) | high for value in values[5, 7])
        files[f"a key of 8 bits, {high}"] = keyed(8, 2, key, values)
        expected[f"a key of 8 bits, {high}"] = decode_png(keyed(8, 2, key, values)).astype(int)
    for name, image in stored(es, index, pipeline, files, PNG).items():
        shown = rgba(image)
        assert np.abs(shown[..., 3] - expected[name][..., 3]).max() <= 1, name
        visible = expected[name][..., 3] > 0
        assert np.abs(shown - expected[name])[visible].max() <= 2, name


def test_what_is_said_of_the_original(es: Elasticsearch, index: str, pipeline: str) -> None:
    turned = {f"turned, {turn}": one(np.zeros((10, 30, 3), np.uint8), RGB, tags={274: turn}) for turn in range(1, 9)}
    files = turned | {
        "HEIC": heic(clip(256, 200), turn(1)),
        "still": apng([(1, 10)] * 4, book(4), still=True),
        "moving": apng([(1, 10)] * 4, book(4)),
        "Adobe RGB": adobe_rgb.camera(),
    }
    images = stored(es, index, pipeline, files, PNG)
    assert [images[name]["frames"] for name in ("still", "moving")] == [3, 4]
    heif = images["HEIC"]
    assert (heif["original"]["width"], heif["original"]["height"], heif["width"]) == (256, 200, 200)
    for name in turned:
        assert (images[name]["original"]["width"], images[name]["original"]["height"]) == (30, 10), name
        assert images[name]["width"] == (10 if name[-1] > "4" else 30), name
    shown = adobe_rgb.patches(adobe_rgb.COLORS)
    assert_alike(opened(images["Adobe RGB"]["data"]).convert("RGB"), shown, 2, "node-adobe-rgb")


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

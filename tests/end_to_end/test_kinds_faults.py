"""Faults in pictures and encoders through a real node: what is sound stays, and what is not has a code of its own."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from elasticsearch import BadRequestError, Elasticsearch
from PIL import Image, JpegImagePlugin

from processor_service.color.profiles import make_srgb
from tests.end_to_end.test_kinds import PNG, pixels, stored
from tests.end_to_end.test_kinds_animation_and_ends import animation, kept
from tests.helpers import twin_tags
from tests.helpers.built_jpegs import flat_jpeg
from tests.helpers.kinds import furthest
from tests.helpers.located_pictures import places, with_place
from tests.helpers.nodes import source
from tests.helpers.pictures import b64, encoded, opened
from tests.helpers.secrets_in_files import TRACES
from tests.helpers.service import Service
from tests.processor_service.decoding.test_kinds_png_checksum import BOOK, LATER
from tests.processor_service.decoding.test_kinds_png_checksum import moving as damaged

# Read by Python before anything else: saving a WebP raises another exception for each width.
BROKEN_ENCODER = """
import struct
from PIL import Image, WebPImagePlugin
ERRORS = [OSError("encoder error -2"), KeyError("x"), struct.error("'H' format"), ValueError(), AssertionError("y")]
def fails(image, *_):
    raise ERRORS[image.width % 5]
Image.register_save("WEBP", fails)
"""


@pytest.fixture
def pipeline(es: Elasticsearch, index: str) -> Iterator[str]:
    yield f"faults-{index}"
    es.ingest.delete_pipeline(id=f"faults-{index}")


def test_whatever_an_encoder_raises_is_recorded_or_answered_with_a_code(
    es: Elasticsearch,
    index: str,
    pipeline: str,
    start_service: Callable[..., Service],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "sitecustomize.py").write_text(BROKEN_ENCODER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "broken"))
    start_service(workers="1")
    webp: list[Any] = [{"grayscale": {}}, {"convert": {"format": "webp"}}]
    photographs = [with_place(encoded(Image.effect_noise((100 + more, 80), 60), "JPEG")) for more in range(5)]
    files = {str(number): data for number, data in enumerate(photographs)}
    for number, image in stored(es, index, pipeline, files, webp).items():
        assert image["error"]["code"] == "cannot_encode", number
        assert "cannot be stored as webp" in image["error"]["reason"]
        # The photograph is kept, without its place.
        assert opened(image["data"]).size == opened(files[number]).size
        assert list(places(b64(files[number]))) and not list(places(image))
    es.ingest.put_pipeline(id=pipeline, processors=[{"image": {"operations": webp, "properties": []}}])
    for data in photographs:
        with pytest.raises(BadRequestError, match=r"cannot_encode.*another format may do"):
            es.index(index=index, id="refused", document={"image": {"data": b64(data)}}, pipeline=pipeline)
    assert not es.exists(index=index, id="refused")
    # The service is in order for other formats.
    (image,) = stored(es, index, pipeline, {"png": photographs[0]}, PNG).values()
    assert "error" not in image


@pytest.mark.parametrize("operations", [PNG, []], ids=["png", "as it is"])
def test_jpegs_of_odd_sampling_without_an_end_marker(
    es: Elasticsearch, index: str, pipeline: str, operations: list[Any]
) -> None:
    upper, lower = (120, 90, 200), (70, 160, 100)
    factors = [(1, 4), (4, 2), (4, 1), (3, 1), (1, 3), (2, 4), (1, 2), (2, 2), (1, 1)]
    files = {str(luma): flat_jpeg(150, 192, [luma, (1, 1), (1, 1)], upper, lower, end=b"") for luma in factors}
    files["two with half"] = flat_jpeg(150, 192, [(2, 2), (2, 1), (1, 2)], upper, lower, end=b"")
    shown = [np.array(Image.new("YCbCr", (1, 1), color).convert("RGB").getpixel((0, 0))) for color in (upper, lower)]
    for name, image in stored(es, index, pipeline, files, operations).items():
        found = pixels(image)
        assert found.shape == (192, 150, 3), name
        for rows, color in zip((found[:60], found[-60:]), shown, strict=True):
            assert np.abs(rows - color).max() <= 3, name
    cut = {name: data[: len(data) * 9 // 10] for name, data in files.items()}
    for name, image in stored(es, index, pipeline, cut, operations).items():
        assert image["error"]["code"] == "truncated_image", name


def test_checksums_of_later_frames(es: Elasticsearch, index: str, pipeline: str) -> None:
    files = {f"fdAT {at}": damaged(b"fdAT", number, at) for number, at in ((0, LATER[0]), (0, LATER[9]), (1, LATER[5]))}
    for name, image in stored(es, index, pipeline, files, kept("png")).items():
        assert image["error"]["code"] == "corrupt_image", name
    for name, image in stored(es, index, pipeline, files, PNG).items():
        assert "error" not in image and furthest(opened(image["data"]).convert("RGB"), BOOK[0]) == 0, name
    numbers = {"acTL": damaged(b"acTL", 0, 3), "fcTL": damaged(b"fcTL", 1, 21)}
    for name, image in stored(es, index, pipeline, numbers, kept("png")).items():
        assert [furthest(frame.convert("RGB"), BOOK[0]) for frame in animation(image).frames] == [0], name


@pytest.mark.parametrize("operations", [PNG, ["strip_metadata"]], ids=["png", "as it is"])
def test_of_two_tags_of_a_tiff_the_first_sound_one_counts(
    es: Elasticsearch, index: str, pipeline: str, operations: list[Any]
) -> None:
    images = stored(es, index, pipeline, dict(twin_tags.twins()), operations)
    for name, image in images.items():
        alone = images[f"{name.partition(',')[0]}, alone"]
        assert (pixels(image) == pixels(alone)).all(), name
        assert image["metadata"] == alone["metadata"] and image["metadata"]["artist"], name
        assert ("location" in image["metadata"]) is name.startswith("place"), name
        assert (image["metadata"].get("title") == "harbour") is name.startswith(("XMP", "IPTC")), name
        data = base64.b64decode(image["data"])
        assert not [trace for trace in TRACES if trace in data], name
    assert pixels(images["turn, alone"]).shape == (40, 30, 3)
    assert (pixels(images["profile, alone"]) != pixels(images["place, alone"])).any()


def test_a_broken_profile_on_one_page_of_several(es: Elasticsearch, index: str, pipeline: str) -> None:
    files = {name: data for name, data, _ in twin_tags.pages()}
    wide = {name: flags for name, _, flags in twin_tags.pages()}
    pages: dict[str, list[np.ndarray[Any, Any]]] = {}
    for operations in (kept("webp"), [], ["strip_metadata"]):
        if operations and isinstance(operations[0], dict):
            operations[1]["convert"]["lossless"] = True
        for name, image in stored(es, index, pipeline, files, operations).items():
            assert "error" not in image, name
            data = base64.b64decode(image["data"])
            assert not [trace for trace in TRACES if trace in data], name
            moving = animation(image)
            make_srgb(moving)
            pages[name] = [np.asarray(frame.convert("RGB")).astype(int) for frame in moving.frames]
        plain = pages["none, none"]
        for name, shown in pages.items():
            changed = [bool((page != bare).any()) for page, bare in zip(shown, plain, strict=True)]
            assert changed == wide[name], (name, operations)


def tables(data: bytes) -> dict[int, list[int]]:
    image = opened(data)
    assert isinstance(image, JpegImagePlugin.JpegImageFile)
    return {number: list(table) for number, table in image.quantization.items()}


@pytest.mark.parametrize(
    "wanted",
    [
        {"rotate": {"degrees": 90}},
        {"rotate": {"degrees": 17}},
        {"resize": {"width": 900, "height": 600, "enlarge": True}},
        {"adjust": {"contrast": 2.0}},
        {"flip": {"direction": "vertical"}},
    ],
    ids=str,
)
def test_bytes_and_quality_of_a_recipe_hold_after_operations_of_a_document(
    es: Elasticsearch, index: str, pipeline: str, wanted: dict[str, Any]
) -> None:
    data = b64(encoded(Image.effect_noise((600, 400), 90).convert("RGB"), "JPEG", quality=95))
    most = 100_000
    recipes = {"max_bytes": {"format": "jpeg", "max_bytes": most}, "quality": {"format": "jpeg", "quality": 30}}
    coarse = tables(encoded(Image.new("RGB", (8, 8)), "JPEG", quality=30))
    es.indices.create(index=index, settings={"default_pipeline": pipeline})
    for name, convert in recipes.items():
        options = {"operations": [{"convert": convert}], "properties": [], "document_operations": True}
        es.ingest.put_pipeline(id=pipeline, processors=[{"image": options}])
        es.index(index=index, id="at once", document={"image": {"data": data, "operations": [wanted]}})
        es.index(index=index, id="later", document={"image": {"data": data}})
        before = source(es, index, "later")["image"]["data"]
        for _ in range(2):
            es.update(index=index, id="later", doc={"image": {"operations": [wanted]}})
        for id_ in ("at once", "later"):
            image = source(es, index, id_)["image"]
            octets = base64.b64decode(image["data"])
            assert image["data"] != before and "operations" not in image
            if name == "quality":
                assert tables(octets) == coarse, id_
            else:
                # Near the bound: without it, it would have more.
                assert most // 2 < len(octets) <= most, (id_, len(octets))
    es.indices.delete(index=index)

"""The small inputs of tests/pictures/cases through a real node: each stands for a kind of picture that came out wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from PIL import Image

from tests.helpers.pictures import b64, opened, picture

PNG: list[dict[str, Any]] = [{"auto_orient": {}}, {"convert": {"format": "png"}}, {"strip_metadata": {}}]


def kept(format: str) -> list[dict[str, Any]]:
    return [{"animation": {"frames": "keep"}}, {"convert": {"format": format}}, {"strip_metadata": {}}]


@pytest.fixture(scope="module")
def index(index_of_module: str) -> str:
    return index_of_module


def stored(es: Elasticsearch, index: str, name: str, operations: list[dict[str, Any]]) -> dict[str, Any]:
    """The field `image` of a document that went through a pipeline with these operations."""
    pipeline = f"cases-{index}"
    es.ingest.put_pipeline(
        id=pipeline, processors=[{"image": {"operations": operations, "properties": [], "on_invalid": "record"}}]
    )
    try:
        es.index(index=index, id="1", pipeline=pipeline, document={"image": {"data": b64(picture(f"cases/{name}"))}})
        return dict(es.get(index=index, id="1")["_source"]["image"])
    finally:
        es.ingest.delete_pipeline(id=pipeline)


def color(image: Image.Image, *at: int) -> tuple[int, ...]:
    pixel = image.convert("RGBA").getpixel((at[0], at[1]))
    assert isinstance(pixel, tuple)
    return pixel


def near(one: tuple[int, ...], other: tuple[int, ...], most: int = 3) -> bool:
    return all(abs(a - b) <= most for a, b in zip(one, other, strict=True))


def _small_first(image: Image.Image) -> bool:
    return color(image, 15, 15) == (200, 30, 30, 255) and color(image, 2, 2)[3] == 0


def _last(image: Image.Image) -> tuple[int, int]:
    return image.width - 1, image.height - 1


RED, PALE = (200, 30, 30, 255), (240, 240, 240, 255)
SHOWN: dict[str, Callable[[Image.Image], bool]] = {
    "tiff_pal8.tif": lambda image: [color(image, 0, 0), color(image, *_last(image))] == [RED, PALE],
    "tiff_rgb16_12bit.tif": lambda image: near(color(image, 2, 2), (220, 40, 50, 255)),
    "tiff_orient6.tif": lambda image: image.size == (64, 96),
    "png16_trns.png": lambda image: sum(alpha == 0 for alpha in image.convert("RGBA").getchannel("A").tobytes()) == 8,
    "png_ztxt_12mb.png": lambda image: image.size == (64, 96),
    "jpeg_short_jfif_orient.jpg": lambda image: image.size == (64, 96),
    "jpeg_no_eoi.jpg": lambda image: image.size == (96, 64) and near(color(image, 2, 2), (220, 40, 50, 255)),
    "gif_small_first.gif": _small_first,
}


@pytest.mark.parametrize("name", SHOWN)
def test_a_picture_is_stored_as_it_looks(es: Elasticsearch, index: str, name: str) -> None:
    image = stored(es, index, name, PNG)
    assert "error" not in image
    assert SHOWN[name](opened(image["data"]))


def test_the_original_size_of_a_turned_tiff_is_that_of_the_file(es: Elasticsearch, index: str) -> None:
    original = stored(es, index, "tiff_orient6.tif", PNG)["original"]
    assert (original["width"], original["height"]) == (96, 64)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("raw_dng.dng", "raw file"), ("rw2.rw2", "raw file"), ("svg_bom.svg", "SVG is a drawing")],
)
def test_what_is_no_picture_is_refused_with_its_sentence(
    es: Elasticsearch, index: str, name: str, sentence: str
) -> None:
    error = stored(es, index, name, PNG)["error"]
    assert error["code"] == "unsupported_format"
    assert sentence in error["reason"]


def times(image: Image.Image) -> list[int]:
    found = []
    for number in range(getattr(image, "n_frames", 1)):
        image.seek(number)
        image.load()
        found.append(int(image.info["duration"]))
    return found


def test_times_that_a_gif_cannot_say_are_the_nearest_that_it_can(es: Elasticsearch, index: str) -> None:
    assert max(times(opened(stored(es, index, "apng_660s.png", kept("gif"))["data"]))) == 655_350
    assert times(opened(stored(es, index, "webp_fast.webp", kept("gif"))["data"])) == [20, 20, 30]


def test_an_animation_plays_as_often_as_before(es: Elasticsearch, index: str) -> None:
    """Once more to GIF: what reads AVIF here does not say how often it plays."""
    avif = stored(es, index, "gif_loop1.gif", kept("avif"))
    assert (avif["format"], avif["frames"]) == ("avif", 3)
    es.ingest.put_pipeline(id=f"again-{index}", processors=[{"image": {"operations": kept("gif"), "properties": []}}])
    try:
        es.index(index=index, id="2", pipeline=f"again-{index}", document={"image": {"data": avif["data"]}})
        assert opened(es.get(index=index, id="2")["_source"]["image"]["data"]).info["loop"] == 1
    finally:
        es.ingest.delete_pipeline(id=f"again-{index}")

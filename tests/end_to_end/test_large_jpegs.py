"""Photographs far above 50 megapixels through a real node: turned, scaled, in their colours; memory is their limit."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from elasticsearch import BadRequestError, Elasticsearch
from PIL import ExifTags, Image

from tests.helpers.large_jpegs import QUARTERS, quartered
from tests.helpers.nodes import source
from tests.helpers.pictures import b64, encoded, opened, pixel
from tests.helpers.secrets_in_files import NAME, TRACES
from tests.helpers.service import Service

MB = 1024**2
ABOVE_LEFT, ABOVE_RIGHT, BELOW_LEFT, BELOW_RIGHT = QUARTERS
# Colours of the corners as they are shown, above left first, by EXIF orientation.
CORNERS = {
    1: (ABOVE_LEFT, ABOVE_RIGHT, BELOW_LEFT, BELOW_RIGHT),
    3: (BELOW_RIGHT, BELOW_LEFT, ABOVE_RIGHT, ABOVE_LEFT),
    6: (BELOW_LEFT, ABOVE_LEFT, BELOW_RIGHT, ABOVE_RIGHT),
    8: (ABOVE_RIGHT, BELOW_RIGHT, ABOVE_LEFT, BELOW_LEFT),
}
SMALLER: list[dict[str, Any]] = [{"auto_orient": {}}, {"resize": {"width": 4096, "height": 4096, "fit": "inside"}}]


def exif(turn: int) -> bytes:
    block = Image.Exif()
    block[ExifTags.Base.Orientation], block[ExifTags.Base.Artist] = turn, NAME.decode()
    block.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (48.0, 51.0, 29.99), 3: "E", 4: (2.0, 17.0, 40.0)})
    return block.tobytes()


def assert_shown(data: str, turn: int, size: tuple[int, int]) -> None:
    image = opened(data).convert("RGB")
    assert image.size == size
    places = [(x, y) for y in (9, size[1] - 10) for x in (9, size[0] - 10)]
    for place, color in zip(places, CORNERS[turn], strict=True):
        assert all(abs(a - b) < 25 for a, b in zip(pixel(image, place), color, strict=True)), (place, color)


@pytest.mark.parametrize(
    ("width", "height", "turn", "size"),
    [
        (8000, 6000, 6, (1536, 2048)),
        (9248, 6936, 1, (2048, 1536)),
        (12000, 9000, 8, (1536, 2048)),
        (16320, 12240, 6, (1536, 2048)),
        # A panorama; no other format may have a side that long.
        (65_500, 8_000, 3, (2048, 250)),
    ],
)
def test_photographs_in_colour_are_turned_scaled_and_without_their_place(
    es: Elasticsearch, index: str, width: int, height: int, turn: int, size: tuple[int, int]
) -> None:
    data = quartered(width, height, exif=exif(turn))
    assert any(trace in data for trace in TRACES)
    es.index(index=index, id="1", document={"image": {"data": b64(data)}})
    image = source(es, index, "1")["image"]
    assert "error" not in image
    assert (image["original"]["width"], image["original"]["height"]) == (width, height)
    assert_shown(image["data"], turn, size)
    assert not any(trace in base64.b64decode(image["data"]) for trace in TRACES)


@pytest.fixture
def pipeline(es: Elasticsearch, index: str) -> Iterator[Callable[..., str]]:
    """Makes a pipeline that scales pictures down, and gives its name."""

    def make(**options: Any) -> str:
        es.ingest.put_pipeline(
            id=f"large-{index}", processors=[{"image": {"operations": SMALLER, "properties": [], **options}}]
        )
        return f"large-{index}"

    yield make
    es.ingest.delete_pipeline(id=f"large-{index}")


def photograph(progressive: bool) -> bytes:
    """72 megapixels. The coefficients of a progressive one take 208 MB, whatever its size after decoding."""
    image = Image.new("RGB", (9800, 7400), ABOVE_LEFT)
    image.paste(ABOVE_RIGHT, (4900, 0, 9800, 3700))
    image.paste(BELOW_LEFT, (0, 3700, 4900, 7400))
    image.paste(BELOW_RIGHT, (4900, 3700, 9800, 7400))
    return encoded(image, "JPEG", quality=80, progressive=progressive, exif=exif(6))


# Memory of a worker, in MB, that is too little, and enough.
KINDS = {"baseline": (176, 480), "progressive": (272, 640)}


@pytest.mark.parametrize("kind", KINDS)
def test_memory_decides_whether_a_photograph_is_too_large(
    es: Elasticsearch, index: str, pipeline: Callable[..., str], start_service: Callable[..., Service], kind: str
) -> None:
    little, enough = KINDS[kind]
    data = photograph(kind == "progressive")
    document = {"title": "t", "image": {"data": b64(data)}}
    start_service(workers="1", worker_memory=str(little * MB))
    with pytest.raises(BadRequestError, match=r"out_of_memory.*IMAGE_WORKER_MEMORY"):
        es.index(index=index, id="refused", document=document, pipeline=pipeline())
    assert not es.exists(index=index, id="refused")
    es.index(index=index, id="recorded", document=document, pipeline=pipeline(on_invalid="record"))
    es.index(index=index, id="kept", document=document, pipeline=pipeline(on_invalid="record", keep_invalid=True))
    for id_ in ("recorded", "kept"):
        recorded = source(es, index, id_)
        assert recorded["title"] == "t" and recorded["image"]["error"]["code"] == "out_of_memory"
        assert kind == "baseline" or "(baseline)" in recorded["image"]["error"]["reason"]
    # Nothing could be cut off it, so it is left out, unless the pipeline keeps what is invalid.
    assert "data" not in source(es, index, "recorded")["image"]
    assert source(es, index, "kept")["image"]["data"] == b64(data)
    # A small picture is not affected, and the same document is stored where there is more memory.
    es.index(index=index, id="small", document={"image": {"data": b64(quartered(640, 480))}}, pipeline=pipeline())
    start_service(workers="1", worker_memory=str(enough * MB))
    es.index(index=index, id="kept", document=source(es, index, "kept"), pipeline=pipeline(on_invalid="record"))
    image = source(es, index, "kept")["image"]
    assert "error" not in image, image["error"]
    assert_shown(image["data"], 6, (3093, 4096))

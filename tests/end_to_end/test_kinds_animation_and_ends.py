"""More kinds of pictures in bulk through a real node: animations, palettes, JPEGs without an end, what cannot be stored."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from elasticsearch import Elasticsearch
from PIL import Image

from processor_service.encoding import encode
from processor_service.picture import Output, Picture
from tests.end_to_end.test_kinds import PNG, pixels, rgba, stored
from tests.helpers.built_jpegs import flat_jpeg
from tests.helpers.built_tiffs import one, packed
from tests.helpers.kinds import decoded
from tests.helpers.pictures import assert_alike, encoded, opened
from tests.processor_service.decoding.test_kinds_jpeg import JPEGS, RUBBISH, with_process
from tests.processor_service.encoding.test_kinds_timing import FORMATS, SOURCES, apng, book, gif, square

PALETTE = 3
FLAT = ("odd sampling", "4:4:1")


@pytest.fixture(scope="module")
def index(index_of_module: str) -> str:
    return index_of_module


@pytest.fixture(scope="module")
def pipeline(es: Elasticsearch, index: str) -> Iterator[str]:
    yield f"more-kinds-{index}"
    es.ingest.delete_pipeline(id=f"more-kinds-{index}")


def kept(format: str) -> list[dict[str, Any]]:
    return [{"animation": {"frames": "keep"}}, {"convert": {"format": format}}, {"strip_metadata": {}}]


def animation(image: dict[str, Any]) -> Picture:
    assert "error" not in image, image["error"]
    return decoded(base64.b64decode(image["data"]), all_frames=True)


def test_palettes_of_0_to_255_are_not_black(es: Elasticsearch, index: str, pipeline: str) -> None:
    table = np.random.default_rng(3).integers(0, 256, (3, 256))
    table[0, 0] = 255
    files: dict[str, bytes] = {}
    expected: dict[str, np.ndarray[Any, Any]] = {}
    for bits in (1, 2, 4, 8):
        numbers = np.random.default_rng(bits).integers(0, 2**bits, (12, 20, 1))
        for scale in (1, 256, 257):
            tags = {320: tuple(int(value) * scale for value in table[:, : 2**bits].ravel())}
            name = f"{bits} bits, times {scale}"
            files[name] = packed(numbers, bits, PALETTE, tags=tags)
            if bits == 8:
                files[name] = one(numbers.astype(np.uint8), PALETTE, order=">", tags=tags)
            expected[name] = table.T[numbers[..., 0]]
    for name, image in stored(es, index, pipeline, files, PNG).items():
        assert (pixels(image) == expected[name]).all(), name


@pytest.mark.parametrize("operations", [PNG, []], ids=["png", "as it is"])
def test_a_jpeg_of_which_the_end_marker_alone_is_missing(
    es: Elasticsearch, index: str, pipeline: str, operations: list[Any]
) -> None:
    whole = {kind: data for kind, data in JPEGS.items() if kind not in FLAT}
    twins = stored(es, index, pipeline, whole, operations)
    files = {f"{kind}, {rubbish}": whole[kind][:-2] + RUBBISH[rubbish] for kind in whole for rubbish in RUBBISH}
    for name, image in stored(es, index, pipeline, files, operations).items():
        assert "error" not in image, (name, image["error"])
        assert image["format"] == "png" or base64.b64decode(image["data"]).endswith(b"\xff\xd9"), name
        assert_alike(opened(image["data"]), opened(twins[name.partition(",")[0]]["data"]), 3, f"node-end-{name}")
    cut = {kind: data[: len(data) * 9 // 10] for kind, data in whole.items()}
    for name, image in stored(es, index, pipeline, cut, operations).items():
        assert image["error"]["code"] == "truncated_image", name


def test_jpegs_that_no_decoder_knows_are_not_called_broken(es: Elasticsearch, index: str, pipeline: str) -> None:
    files = {
        "lossless": with_process(0xC3),
        "hierarchical": with_process(0xC6),
        "3x1, 2x1, 1x1": flat_jpeg(50, 40, [(3, 1), (2, 1), (1, 1)], (120, 90, 200)),
    }
    for name, image in stored(es, index, pipeline, files, PNG).items():
        assert image["error"]["code"] == "unsupported_format", name
        assert name in image["error"]["reason"]


def test_around_frames_that_are_smaller_than_a_gif_there_is_nothing(
    es: Elasticsearch, index: str, pipeline: str
) -> None:
    frames = [((4, 3), square("#c81e1e"), {"duration": 100}), ((6, 5), square("#00ff00"), {"duration": 100})]
    palette = bytes((200, 30, 30, 0, 0, 0))
    files = {str(background): gif(frames, (20, 16), palette=palette, background=background) for background in (0, 1)}
    files["no palette"] = gif(frames, (20, 16))
    for name, image in stored(es, index, pipeline, files, PNG).items():
        shown = rgba(image)
        assert shown.shape[:2] == (16, 20), name
        assert (shown[3:11, 4:12] == (200, 30, 30, 255)).all(), name
        assert (shown[..., 3] == 255).sum() == 64, name
    for format in ("gif", "png"):
        for name, image in stored(es, index, pipeline, files, kept(format)).items():
            opaque = [np.asarray(frame.convert("RGBA"))[..., 3] == 255 for frame in animation(image).frames]
            assert [int(each.sum()) for each in opaque] == [64, 64 + 64 - 36], (format, name)


@pytest.mark.parametrize("to", FORMATS)
def test_times_and_repetitions_from_every_format_to_every_other(
    es: Elasticsearch, index: str, pipeline: str, to: str
) -> None:
    files = {f"times of {source}": make([20, 500, 1230]) for source, make in SOURCES.items()}
    for source in FORMATS:
        for loops in (0, 1, 2, 100):
            moving = Picture(
                book(), decoded("cases/base.png").source, durations=[100] * 3, loop=loops, output=Output(source)
            )
            files[f"{source} {loops}"] = encode.encode(moving)[0]
    files["too fast"] = SOURCES["webp"]([15, 5, 33])
    files["too long"] = apng([(65_535, 1), (1, 10), (660, 1)], book())
    files["too often"] = apng([(1, 10)] * 3, book(), loops=100_000)
    images = {name: animation(image) for name, image in stored(es, index, pipeline, files, kept(to)).items()}
    for name, moving in images.items():
        if name.startswith("times of"):
            assert moving.durations == [20, 500, 1230], name
        elif not name.startswith("too"):
            assert (len(moving.frames), moving.loop) == (3, int(name.split()[1])), name
    assert images["too fast"].durations == ([20, 20, 30] if to == "gif" else [15, 5, 33])
    longest = {"gif": 655_350, "webp": 2**24 - 1}.get(to, 65_535_000)
    assert images["too long"].durations == [longest, 100, min(longest, 660_000)]
    assert images["too often"].loop == {"gif": 65_536, "webp": 65_535}.get(to, 100_000)


def test_what_a_format_has_no_room_for_has_a_code_of_its_own(es: Elasticsearch, index: str, pipeline: str) -> None:
    narrow = encoded(Image.new("RGB", (1, 16_384), "red"))
    (image,) = stored(es, index, pipeline, {"narrow": narrow}, [{"convert": {"format": "webp"}}]).values()
    assert image["error"]["code"] == "dimension_too_large"
    assert "webp has room for 16383 a side" in image["error"]["reason"]

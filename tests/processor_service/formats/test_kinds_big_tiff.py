"""BigTIFF of both byte orders: whatever a classic TIFF may hold is processed alike, and cut."""

from __future__ import annotations

import base64
import struct
from typing import Any

import numpy as np
import pytest
import pyvips
from PIL import Image

from processor_service.errors import Code
from processor_service.formats.big_tiff import as_classic
from processor_service.pipeline import process
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers.built_tiffs import Page, tiff
from tests.helpers.kinds import decoded, furthest, refused, shown
from tests.helpers.pictures import b64, encoded
from tests.helpers.rewritten_tiffs import rewritten
from tests.helpers.secrets_in_files import NAME, TRACES, exif, small

ORDERS = ["<", ">"]
DEPTHS: dict[str, type[np.uint8 | np.uint16 | np.uint32]] = {
    "8 bits": np.uint8,
    "16 bits": np.uint16,
    "32 bits": np.uint32,
}
CAPTION = "In the garden"


def written(**options: Any) -> bytes:
    """A classic TIFF of 8 bits by libvips."""
    return bytes(pyvips.Image.new_from_array(np.asarray(small())).tiffsave_buffer(**options))


LAYOUTS: dict[str, dict[str, Any]] = {
    "strips": {},
    "packed strips": {"compression": "lzw"},
    "predicted strips": {"compression": "deflate", "predictor": "horizontal"},
    "tiles": {"tile": True, "tile_width": 16, "tile_height": 16},
    "packed tiles": {"tile": True, "tile_width": 16, "tile_height": 16, "compression": "deflate"},
    "tiles of JPEG": {"tile": True, "tile_width": 16, "tile_height": 16, "compression": "jpeg"},
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_big_tiff_looks_like_its_classic_twin(layout: str, order: str) -> None:
    classic = written(**LAYOUTS[layout])
    assert furthest(shown(rewritten(classic, order, big=True)), shown(classic)) == 0


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("count", [1, 3, 4])
@pytest.mark.parametrize("planar", [False, True])
def test_samples_of_every_depth(planar: bool, count: int, depth: str, order: str) -> None:
    kind = DEPTHS[depth]
    ramp = np.linspace(0, np.iinfo(kind).max, 6 * 8 * count).astype(kind).reshape(6, 8, count)
    page = Page(ramp, 2 if count > 2 else 1, extra=(2,) * (count == 4), planar=planar and count > 1)
    classic = tiff(page, order=order)
    assert furthest(decoded(rewritten(classic, order, big=True)).image, decoded(classic).image) == 0


@pytest.mark.parametrize("order", ORDERS)
def test_pages_of_a_big_tiff_are_counted_and_kept(order: str) -> None:
    pages = [Page(np.full((6, 8), level, np.uint8)) for level in (10, 90, 200)]
    data = rewritten(tiff(*pages, order=order), order, big=True)
    whole = decoded(data, all_frames=True)
    assert whole.source.frames == 3
    assert [frame.getpixel((0, 0)) for frame in whole.frames] == [10, 90, 200]


@pytest.mark.parametrize("order", ORDERS)
def test_a_preview_in_a_big_tiff_is_no_page(order: str) -> None:
    preview = Page(np.full((3, 4), 9, np.uint8), tags={254: 1})
    full = Page(np.full((6, 8), 77, np.uint8))
    for classic in (tiff(preview, full, order=order), tiff(Page(preview.values, tags={254: 1}, below=[full]))):
        assert decoded(rewritten(classic, order, big=True)).image.getpixel((0, 0)) == 77


def with_metadata(order: str) -> bytes:
    block = Image.Exif()
    block.load(exif())
    block[270], block[274] = CAPTION, 6
    return rewritten(encoded(small(), "TIFF", exif=block.tobytes()), order, big=True)


@pytest.mark.parametrize("order", ORDERS)
def test_the_metadata_of_a_big_tiff_becomes_fields(order: str) -> None:
    body = {"data": b64(with_metadata(order)), "operations": ["auto_orient", "strip_metadata"]}
    fields = process(
        Request.parse(body | {"properties": [{"metadata": {"location": "full"}}]}), Settings(), Stopwatch()
    )
    fields |= fields["metadata"]
    assert (fields["width"], fields["height"]) == small().size[::-1]
    assert (fields["original"]["width"], fields["original"]["height"]) == small().size
    assert (fields["caption"], fields["artist"]) == (CAPTION, NAME.decode())
    assert fields["location"]["lat"] == pytest.approx(48.858, abs=0.01)


@pytest.mark.parametrize("order", ORDERS)
def test_the_metadata_of_a_big_tiff_is_cut(order: str) -> None:
    data = with_metadata(order)
    assert NAME in data
    body = {"data": b64(data), "operations": ["strip_metadata"]}
    fields = process(Request.parse(body), Settings(), Stopwatch())
    stored = base64.b64decode(fields["data"])
    assert fields["format"] == "tiff"
    assert not [trace for trace in TRACES if trace in stored]
    assert furthest(shown(stored), shown(data)) == 0


@pytest.mark.parametrize("order", ORDERS)
def test_a_big_tiff_that_names_the_same_bytes_a_thousand_times_grows_no_further_than_that(order: str) -> None:
    """Every entry claims all of the file as places of 64 bits."""
    count, size = 1000, 400_000
    entries = b"".join(struct.pack(order + "HHQQ", tag, 16, size // 8, 0) for tag in range(40_000, 40_000 + count))
    head = {"<": b"II", ">": b"MM"}[order] + struct.pack(order + "HHHQQ", 43, 8, 0, 16, count)
    data = (head + entries).ljust(size, b"\0")
    assert len(as_classic(data)) < 4 * size


@pytest.mark.parametrize("order", ORDERS)
def test_a_big_tiff_that_is_cut_off_is_refused_with_a_code_of_the_picture(order: str) -> None:
    data = with_metadata(order)
    for end in range(16, len(data), 97):
        code, _ = refused(data[:end])
        assert code in (Code.CORRUPT_IMAGE, Code.TRUNCATED_IMAGE, Code.UNSUPPORTED_FORMAT)

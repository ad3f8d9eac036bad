"""Animations and documents of pages that end before the last one, where all of them are kept."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from PIL import Image

from processor_service.errors import Code, ImageError
from processor_service.formats.tiff_directories import chain
from processor_service.pipeline import process
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers.broken_icons import scene
from tests.helpers.kinds import SETTINGS, decoded, furthest, refused
from tests.helpers.pictures import b64, encoded
from tests.helpers.png_chunks import chunk

PAGES = [scene(9), scene(9).rotate(90), scene(9).transpose(Image.Transpose.FLIP_TOP_BOTTOM)]
KEPT: list[list[Any]] = [[], ["strip_metadata"], [{"strip_metadata": {"keep": ["all"]}}]]
FORMATS: dict[str, dict[str, Any]] = {
    "GIF": {},
    "PNG": {},
    "PNG with a still picture": {"default_image": True},
    "WEBP": {"lossless": True},
    "TIFF": {},
    "BigTIFF": {"big_tiff": True},
    "AVIF": {"quality": 50},
}


def several(name: str) -> bytes:
    pages = [page.quantize() for page in PAGES] if name == "GIF" else PAGES
    format = "TIFF" if name == "BigTIFF" else name.split()[0]
    return encoded(pages[0], format, save_all=True, append_images=pages[1:], **FORMATS[name])


@pytest.mark.parametrize("name", FORMATS)
def test_no_frame_or_page_is_lost_without_a_word(name: str) -> None:
    data = several(name)
    expected = decoded(data, all_frames=True).frames
    ends = []
    for end in range(60, len(data), 1 if len(data) < 1500 else 2):
        try:
            found = decoded(data[:end], all_frames=True).frames
        except ImageError as error:
            assert error.code in (Code.TRUNCATED_IMAGE, Code.CORRUPT_IMAGE), end
        else:
            same = len(found) == len(expected) and all(map(lambda *pair: furthest(*pair) == 0, found, expected))
            ends.append((end, same))
    # Between two frames of a GIF nobody can tell, with or without the end of the first, and the mark of any extension.
    assert sum(not same for _, same in ends) == (6 if name == "GIF" else 0), ends
    # The first one alone is enough where it alone is kept. Of an AVIF nothing is left.
    half = data[: len(data) * 2 // 3]
    if name == "AVIF":
        assert refused(half)[0] is Code.TRUNCATED_IMAGE
    else:
        assert furthest(decoded(half).image, decoded(data).image) == 0
        assert refused(half, all_frames=True)[0] is Code.TRUNCATED_IMAGE


@pytest.mark.parametrize("operations", KEPT, ids=str)
@pytest.mark.parametrize("name", FORMATS)
def test_a_file_that_is_kept_is_whole(name: str, operations: list[Any]) -> None:
    """Also where a recipe names no frames: what was stored of a WebP could not be decoded."""
    data = several(name)
    whole = {"data": b64(data), "operations": operations}
    assert process(Request.parse(whole), SETTINGS, Stopwatch())["data"]
    with pytest.raises(ImageError) as refusal:
        process(Request.parse(whole | {"data": b64(data[: len(data) * 2 // 3])}), SETTINGS, Stopwatch())
    assert refusal.value.code is Code.TRUNCATED_IMAGE


def stored(data: bytes, operations: list[Any]) -> bytes:
    request = Request.parse({"data": b64(data), "operations": operations})
    return base64.b64decode(process(request, SETTINGS, Stopwatch())["data"])


@pytest.mark.parametrize("operations", KEPT, ids=str)
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "jpeg"])
def test_pixels_of_a_later_page_are_not_cut_off(compression: str, operations: list[Any]) -> None:
    pages = [page.resize((50, 50)) for page in PAGES[:2]]
    data = encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:], compression=compression)
    last = list(chain(data))[1]
    # The strip lies behind its directory, as in files of other programs.
    start, length, (_, _, at) = last.number(273), last.number(279), last.entries[273]
    data = data[:at] + len(data).to_bytes(4, "little") + data[at + 4 :] + data[start : start + length]
    expected = decoded(data, all_frames=True).frames
    assert list(map(furthest, decoded(stored(data, operations), all_frames=True).frames, expected)) == [0, 0]
    for lost in (100, length // 2, length):
        assert len(list(chain(data[:-lost]))) == 2
        with pytest.raises(ImageError) as refusal:
            stored(data[:-lost], operations)
        assert refusal.value.code is Code.TRUNCATED_IMAGE


@pytest.mark.parametrize("still", [True, False])
def test_a_comment_that_is_cut_off_is_no_frame_of_a_gif(still: bool) -> None:
    data = encoded(scene(9).quantize(), "GIF") if still else several("GIF")
    comment = b"\x21\xfe\3abc\0"
    expected = decoded(data, all_frames=True).frames
    for cut in (data[:-1], data[:-2], *(data[:-1] + comment[:end] for end in range(1, len(comment) + 1))):
        kept = [decoded(stored(cut, operations), all_frames=True).frames for operations in KEPT]
        for found in (decoded(cut, all_frames=True).frames, *kept):
            assert [furthest(*pair) for pair in zip(found, expected, strict=True)] == [0] * len(expected)


def test_an_image_that_a_gif_announces_is_missing() -> None:
    for data in (encoded(scene(9).quantize(), "GIF"), several("GIF")):
        for control in (b"\x21\xf9", b"\x21\xf9\4\0\0\0\0\0", b"\x21\xf9\4\0\0\0\0\0\x21\xf9\4"):
            for operations in KEPT:
                with pytest.raises(ImageError) as refusal:
                    stored(data[:-1] + control, operations)
                assert refusal.value.code is Code.TRUNCATED_IMAGE


def test_a_checksum_that_is_cut_off_takes_no_frame_of_a_png_along() -> None:
    data = several("PNG")
    expected = decoded(data, all_frames=True).frames
    for end in range(-16, -11):
        assert list(map(furthest, decoded(data[:end], all_frames=True).frames, expected)) == [0, 0, 0]
        assert [bool(stored(data[:end], operations)) for operations in KEPT] == [True] * len(KEPT)
    assert refused(data[:-17], all_frames=True)[0] is Code.TRUNCATED_IMAGE


def test_an_exif_that_is_cut_off_takes_no_frame_of_a_webp_along() -> None:
    data = encoded(
        PAGES[0], "WEBP", save_all=True, append_images=PAGES[1:], lossless=True, exif=b"Exif\0\0" + bytes(99)
    )
    expected = decoded(data, all_frames=True).frames
    assert data.rindex(b"EXIF") > data.rindex(b"ANMF")
    cut = data[:-50]
    assert list(map(furthest, decoded(cut, all_frames=True).frames, expected)) == [0, 0, 0]
    assert refused(data[: data.rindex(b"EXIF") - 2], all_frames=True)[0] is Code.TRUNCATED_IMAGE


@pytest.mark.parametrize("number", [20_000, 2_000_000])
def test_an_even_number_in_place_of_the_next_page_is_none(number: int) -> None:
    page = scene(9).resize((60, 60))
    for data in (
        bytearray(encoded(page, "TIFF")),
        bytearray(encoded(page, "TIFF", compression="tiff_lzw", dpi=(9, 9))),
    ):
        (directory,) = chain(bytes(data))
        data[directory.next_at : directory.next_at + 4] = min(number, len(data) * 15 // 2 * 2).to_bytes(4, "little")
        assert len(decoded(bytes(data), all_frames=True).frames) == 1
        for operations in KEPT:
            assert furthest(decoded(stored(bytes(data), operations)).image, page) == 0
        # Half of the pixels of another page behind it.
        assert refused(bytes(data) + bytes(range(256)), all_frames=True)[0] is Code.TRUNCATED_IMAGE


def test_a_number_in_place_of_the_next_page_is_none() -> None:
    """Some programs leave any number there."""
    data = bytearray(encoded(scene(9), "TIFF"))
    (page,) = chain(bytes(data))
    for number in (7, 2**32 - 2, 5 * len(data) | 1):
        data[page.next_at : page.next_at + 4] = number.to_bytes(4, "little")
        assert furthest(decoded(bytes(data), all_frames=True).image, scene(9)) == 0


def test_a_gif_of_one_frame_needs_no_end() -> None:
    data = encoded(scene(9).quantize(), "GIF")
    comment = b"\x21\xfe\3abc\0"
    for end in (b"", b"rubbish", comment, comment + b"\0"):
        assert furthest(decoded(data[:-1] + end, all_frames=True).image, decoded(data).image) == 0


@pytest.mark.parametrize("more", [1, 4, 20, 2000])
def test_a_text_of_a_wrong_length_hides_no_frame_of_a_png_without_a_word(more: int) -> None:
    """Before the pixels of the last frame: its numbers were there, so none seemed to be missing."""
    data = several("PNG")
    at = data.rindex(b"fdAT") - 4
    text = chunk(b"tEXt", b"Comment\0Hello there")
    wrong = data[:at] + (len(text) - 12 + more).to_bytes(4) + text[4:] + data[at:]
    assert refused(wrong, all_frames=True)[0] is Code.TRUNCATED_IMAGE
    assert furthest(decoded(wrong).image, decoded(data).image) == 0

"""Raw files of cameras are refused, never replaced by their preview; ordinary TIFFs that look a little like them are not."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest

from processor_service.errors import Code
from processor_service.formats import tiff_directories
from processor_service.pipeline import process
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers.built_tiffs import Page, one, tiff
from tests.helpers.kinds import SETTINGS, decoded, refused
from tests.helpers.pictures import b64, encoded, opened, picture

RGB, SENSOR, LINEAR = 2, 32803, 34892
SMALL = np.full((24, 32, 3), 90, np.uint8)
LARGE = np.full((96, 128, 3), 200, np.uint8)
SEEN = np.full((96, 128, 1), 3000, np.uint16)
REDUCED: dict[int, Any] = {254: 1}
CAMERA: dict[int, Any] = {271: tuple(b"Maker\0"), 272: tuple(b"Model\0")}


def sensor(**tags: Any) -> Page:
    return Page(SEEN, SENSOR, tags={int(tag[1:]): value for tag, value in tags.items()})


RAW = {
    "preview first, the sensor below it (NEF, ARW, 3FR, ERF)": tiff(Page(SMALL, RGB, tags=REDUCED, below=[sensor()])),
    "a preview that does not say so": tiff(Page(SMALL, RGB, tags=CAMERA, below=[Page(LARGE, RGB), sensor()])),
    "two levels below": tiff(Page(SMALL, RGB, below=[Page(SMALL, RGB, below=[sensor()])])),
    "three levels below": tiff(Page(SMALL, RGB, below=[Page(SMALL, RGB, below=[Page(SMALL, RGB, below=[sensor()])])])),
    "below a second page": tiff(Page(SMALL, RGB, tags=REDUCED), Page(SMALL, RGB, below=[sensor()])),
    "the sensor as a second page (MEF)": tiff(Page(SMALL, RGB, tags=REDUCED), sensor()),
    "the sensor as the last page": tiff(Page(SMALL, RGB), Page(SMALL, RGB), Page(SMALL, RGB), sensor()),
    "the sensor alone (PEF, MOS)": tiff(sensor()),
    "big endian": tiff(Page(SMALL, RGB, tags=REDUCED, below=[sensor()]), order=">"),
    "linear light": tiff(Page(SMALL, RGB, tags=REDUCED, below=[Page(LARGE, LINEAR)])),
    "a DNG whose preview is all that one can read": one(SMALL, RGB, tags={50706: (1, 4, 0, 0)}),
    "Nikon's compression": tiff(Page(SMALL, RGB, below=[Page(SEEN, 1, tags={259: 34713})])),
    "Sony's compression": tiff(Page(SMALL, RGB, tags=REDUCED), Page(SEEN, 1, tags={259: 32767})),
    "Pentax' compression": tiff(Page(SEEN, 1, tags={259: 65535})),
    "Samsung's compression": tiff(Page(SMALL, RGB, below=[Page(SEEN, 1, tags={259: 32770})])),
    "a colour filter": tiff(Page(SMALL, RGB, below=[Page(SEEN, 1, tags={33421: (2, 2), 33422: (0, 1, 1, 2)})])),
    "private data alone (SRF)": one(SMALL, RGB, tags=CAMERA | {50740: (1, 2, 3, 4)}),
    "ARRIRAW": b"ARRI\x12\x34\x56\x78" + bytes(200),
    "PXN": b"PXN\0" + bytes(200),
    "CR2": b"II*\0\x10\0\0\0CR\x02\0" + bytes(200),
    "CR3": b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom" + bytes(200),
    "CRW": b"II\x1a\0\0\0HEAPCCDR" + bytes(200),
    "RW2": one(SEEN[..., 0][..., None], 1)[:2] + b"U\0" + one(SEEN, 1)[4:],
    "RAF": b"FUJIFILMCCD-RAW 0201FF383501" + bytes(200),
    "ORF IIRO": b"IIRO" + one(SMALL, RGB)[4:],
    "ORF IIRS": b"IIRS" + one(SMALL, RGB)[4:],
    "ORF MMOR": b"MMOR" + tiff(Page(SMALL, RGB), order=">")[4:],
    "MRW": b"\0MRM" + bytes(200),
    "of a Contax": bytes(25) + b"ARECOYK" + bytes(200),
    "X3F": b"FOVb" + bytes(200),
    "IIQ": b"II*\0\x10\0\0\0IIII\x01waR" + bytes(200),
    "IIQ of the other order": b"MM\0*\0\0\0\x10MMMMRaw\x01" + bytes(200),
}


@pytest.mark.parametrize("name", RAW)
def test_a_raw_file_is_refused_with_its_sentence(name: str) -> None:
    code, reason = refused(RAW[name])
    assert code is Code.UNSUPPORTED_FORMAT
    assert "a camera's raw file; send the JPEG" in reason


@pytest.mark.parametrize("name", ["raw_dng.dng", "rw2.rw2"])
def test_the_raw_files_of_the_cases(name: str) -> None:
    code, reason = refused(f"cases/{name}")
    assert code is Code.UNSUPPORTED_FORMAT
    assert "raw file" in reason


ORDINARY = {
    "of a camera": one(LARGE, RGB, tags=CAMERA),
    "of a scanner, with a preview behind": tiff(Page(LARGE, RGB, tags=CAMERA), Page(SMALL, RGB, tags=REDUCED)),
    "with smaller sizes below": tiff(Page(LARGE, RGB, below=[Page(SMALL, RGB, tags=REDUCED)])),
    "with smaller sizes behind, as cloud-optimized GeoTIFFs have them": tiff(
        Page(LARGE, RGB, tags={33550: (1, 1, 0), 34735: (1, 1, 0, 0)}), Page(SMALL, RGB, tags=REDUCED)
    ),
    "whose first pixels are the letters of a raw file": one(np.full((96, 128, 3), ord("I"), np.uint8), RGB),
    "reduced, and nothing else": one(LARGE, RGB, tags=REDUCED),
}


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_tiff_is_a_picture(name: str) -> None:
    assert decoded(ORDINARY[name]).image.size == (128, 96)


FULL_SECOND = {
    "behind": tiff(Page(SMALL, RGB, tags=REDUCED), Page(LARGE, RGB, tags={254: 0})),
    "by the old tag": tiff(Page(SMALL, RGB, tags={255: 2}), Page(LARGE, RGB, tags={255: 1})),
    "without a tag": tiff(Page(SMALL, RGB, tags=REDUCED), Page(LARGE, RGB)),
    "big endian": tiff(Page(SMALL, RGB, tags=REDUCED), Page(LARGE, RGB), order=">"),
    "below": tiff(Page(SMALL, RGB, tags=REDUCED, below=[Page(LARGE, RGB)])),
    "after two": tiff(Page(SMALL, RGB, tags=REDUCED), Page(SMALL, RGB, tags=REDUCED), Page(LARGE, RGB)),
}


@pytest.mark.parametrize("name", FULL_SECOND)
@pytest.mark.parametrize("all_frames", [False, True])
def test_a_first_page_that_is_a_reduced_copy_is_not_the_picture(name: str, all_frames: bool) -> None:
    result = decoded(FULL_SECOND[name], all_frames=all_frames)
    assert (result.source.width, result.source.height, result.source.frames) == (128, 96, 1)
    assert result.image.getpixel((5, 5)) == (200, 200, 200)


def test_a_big_tiff_with_a_preview_first() -> None:
    """BigTIFF: Pillow writes the pages, the tag is set by hand."""
    small, large = (
        opened(encoded(opened(picture("cases/base.png")).resize((48, 32)))),
        opened(picture("cases/base.png")),
    )
    data = bytearray(encoded(small, "TIFF", save_all=True, append_images=[large], big_tiff=True, tiffinfo={254: 1}))
    assert decoded(bytes(data)).source.frames == 2, "both pages say that they are reduced"
    entry = struct.pack("<HHQ", 254, 4, 1)
    last = data.rindex(entry)
    data[last + 12 : last + 16] = bytes(4)
    result = decoded(bytes(data))
    assert (result.source.width, result.source.frames) == (96, 1)


FINER = LARGE[..., :1].repeat(2, axis=0).repeat(2, axis=1)
NO_PAGES = {
    "a preview": Page(SMALL, RGB, tags=REDUCED),
    "a preview by the old tag": Page(SMALL, RGB, tags={255: 2}),
    "a mask": Page(LARGE[..., :1], 4, tags={254: 4}),
    "a preview of a mask": Page(SMALL[..., :1], 4, tags={254: 5}),
    "a finer mask": Page(FINER, 1, tags={254: 4}),
    "a finer mask that is not decoded": Page(FINER, 4, tags={254: 4}),
    "a mask by its colours": Page(LARGE[..., :1], 4),
    "a finer mask by its colours": Page(FINER, 4),
}


@pytest.mark.parametrize("name", NO_PAGES)
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_preview_or_a_mask_behind_a_page_is_no_page(name: str, order: str) -> None:
    """A mask is of a kind that is not decoded, and would cost the picture if all pages are kept."""
    for pages in ([], [Page(LARGE // 2, RGB)]):
        data = tiff(Page(LARGE, RGB), NO_PAGES[name], *pages, order=order)
        result = decoded(data, all_frames=True)
        assert result.source.frames == len(result.frames) == 1 + len(pages)
        assert [frame.getpixel((5, 5)) for frame in result.frames] == [(200,) * 3, (100,) * 3][: 1 + len(pages)]
        assert decoded(data).source.frames == 1 + len(pages)


@pytest.mark.parametrize("most", [10_000, 30])
def test_of_many_pages_with_masks_and_previews_none_is_lost(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Scanned documents have a mask for each page. Behind the bound masks count as pages, too."""
    monkeypatch.setattr(tiff_directories, "_MOST_PAGES", most)
    grey = [Page(np.full((4, 4, 1), number, np.uint8), 1) for number in range(100)]
    beside = Page(np.full((2, 2, 1), 200, np.uint8), 1, tags={254: 4})
    data = tiff(*(part for page in grey for part in (page, beside)))
    shown = [frame.getpixel((0, 0)) for frame in decoded(data, all_frames=True).frames]
    assert [level for level in shown if level != 200] == list(range(100))
    assert (200 in shown) == (most < 200)


def test_pages_of_very_many_entries_are_not_all_looked_at() -> None:
    """Directories may lie within each other: 50 kB have three million entries."""
    pages, entries = 3_000, 1024
    data = bytearray(struct.pack("<2sHI", b"II", 42, 8) + bytes(16 * pages + 12 * entries + 6))
    for at in range(8, 8 + 16 * pages, 16):
        struct.pack_into("<H", data, at, entries)
        struct.pack_into("<I", data, at + 2 + 12 * entries, at + 16)
    looked_at, rest = tiff_directories.pages_of(bytes(data))
    assert 50 < len(looked_at) < 100 and rest == looked_at[-1].next > 0


@pytest.mark.parametrize("page", [{}, REDUCED], ids=["page", "page that says it is reduced"])
@pytest.mark.parametrize(("photometric", "tags"), [(1, {254: 4}), (4, {254: 4}), (4, {}), (4, {254: 1})])
def test_a_mask_is_not_the_picture_even_if_it_is_first_and_finer(
    photometric: int, tags: dict[int, Any], page: dict[int, Any]
) -> None:
    for mask in (LARGE[..., :1], SMALL[..., :1], FINER):
        data = tiff(Page(mask, photometric, tags=tags), Page(LARGE, RGB, tags=page))
        result = decoded(data, all_frames=True)
        assert (result.source.width, result.source.frames) == (128, 1)
        assert result.image.getpixel((5, 5)) == (200, 200, 200)
        stored = process(Request.parse({"data": b64(data)}), SETTINGS, Stopwatch())
        assert opened(stored["data"]).size == (128, 96)


def test_pages_of_one_kind_all_stay() -> None:
    pages = [Page(LARGE, RGB, tags={254: 2}), Page(SMALL, RGB, tags={254: 2})]
    assert decoded(tiff(*pages), all_frames=True).source.frames == 2


def test_directories_that_point_at_each_other_come_to_an_end() -> None:
    data = bytearray(tiff(Page(SMALL, RGB, below=[Page(SMALL, RGB)]), Page(SMALL, RGB)))
    first = int.from_bytes(data[4:8], "little")
    entry = data.index(struct.pack("<HH", 330, 4), first)
    # The directory below is the page itself.
    data[entry + 8 : entry + 12] = first.to_bytes(4, "little")
    assert decoded(bytes(data)).source.frames == 2

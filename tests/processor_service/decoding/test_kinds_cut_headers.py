"""A picture that is cut off within its header is refused as one that ends too early, like one cut within its pixels."""

from __future__ import annotations

import pytest

from processor_service.errors import Code
from tests.helpers.broken_icons import scene
from tests.helpers.built_tiffs import Page, tiff
from tests.helpers.kinds import decoded, refused
from tests.helpers.pictures import encoded, picture
from tests.processor_service.decoding.test_kinds_raw import LARGE

PHOTO = scene(64)
# Its bytes, and with how many of them it is recognized.
KINDS: dict[str, tuple[bytes, int]] = {
    "BMP": (encoded(PHOTO, "BMP"), 2),
    "BMP with a palette": (encoded(PHOTO.quantize(), "BMP"), 2),
    "TIFF": (encoded(PHOTO, "TIFF"), 4),
    "big-endian TIFF": (tiff(Page(LARGE, 2), order=">"), 4),
    "BigTIFF": (encoded(PHOTO, "TIFF", big_tiff=True), 4),
    "PPM": (encoded(PHOTO, "PPM"), 2),
    "PPM with a comment": (b"P6 # by hand\n64 64\n#\n255\n" + PHOTO.tobytes(), 2),
    "PBM": (encoded(PHOTO.convert("1"), "PPM"), 2),
    "PFM": (b"Pf\n4 4\n-1.0\n" + bytes(64), 2),
    "TGA that begins like a cursor": (encoded(PHOTO, "TGA"), 4),
    "ICO": (encoded(PHOTO, "ICO", sizes=[(16, 16), (32, 32), (64, 64)]), 4),
    "CUR": (picture("pillow/mask_1.cur"), 4),
    "ICNS": (encoded(PHOTO, "ICNS"), 4),
    "PSD": (picture("pillow/rgba.psd"), 4),
    "JPEG": (encoded(PHOTO, "JPEG"), 3),
    "PNG": (encoded(PHOTO), 8),
    "GIF": (encoded(PHOTO.quantize(), "GIF"), 6),
    "WEBP": (encoded(PHOTO, "WEBP"), 16),
    "AVIF": (encoded(PHOTO, "AVIF"), 12),
    "SGI": (encoded(PHOTO, "SGI"), 2),
    "PCX": (encoded(PHOTO, "PCX"), 4),
    "QOI": (picture("pillow/hopper.qoi"), 4),
    "DDS": (picture("pillow/bgr15.dds"), 4),
    "XPM": (picture("pillow/hopper_bpp2.xpm"), 9),
    "Sun raster": (picture("pillow/hopper.ras"), 4),
    "MSP": (picture("pillow/hopper.msp"), 4),
    "FLI": (picture("pillow/hopper.fli")[:128], 16),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_cut_off_within_its_header_ends_too_early(kind: str) -> None:
    data, recognized = KINDS[kind]
    assert {refused(data[:length])[0] for length in range(recognized, min(len(data) - 24, 300))} == {
        Code.TRUNCATED_IMAGE
    }


@pytest.mark.parametrize("kind", ["TIFF", "PPM", "ICO", "ICNS", "PSD", "QOI"])
def test_a_whole_picture_whose_header_is_wrong_is_broken(kind: str) -> None:
    data, recognized = KINDS[kind]
    decoded(data)
    codes = {refused(data[:recognized] + octet * 300 + data[recognized + 300 :])[0] for octet in (b"a", b"\xff", b"\0")}
    assert Code.CORRUPT_IMAGE in codes


@pytest.mark.parametrize("missing", [1, 20])
@pytest.mark.parametrize("kind", ["AVIF", "HEIC"])
def test_a_picture_whose_pixels_go_to_the_end_of_the_file_ends_too_early(kind: str, missing: int) -> None:
    """Its boxes do not tell that anything is missing: the last one has no length."""
    data = encoded(PHOTO, kind) if kind == "AVIF" else picture("thumbor/image.heic")
    place = data.rindex(b"mdat") - 4
    data = data[:place] + bytes(4) + data[place + 4 :]
    decoded(data)
    assert refused(data[:-missing])[0] is Code.TRUNCATED_IMAGE


@pytest.mark.parametrize("text", [b"BMW builds cars", b"P6 is the sixth one", b"P6 64 Ada 255\n", b"P3 2 2 255\n1 x"])
def test_a_short_text_that_begins_like_a_picture_is_none_that_is_cut_off(text: bytes) -> None:
    assert refused(text)[0] in (Code.CORRUPT_IMAGE, Code.NOT_AN_IMAGE)


def test_an_icon_that_says_it_has_no_pictures_is_broken() -> None:
    assert refused(b"\0\0\1\0\0\0" + b"Ada" * 40)[0] is Code.CORRUPT_IMAGE

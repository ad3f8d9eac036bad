"""JPEGs that lack their end marker, or whose colours lie in a way that few encoders write."""

from __future__ import annotations

import io
import random

import pytest
import simplejpeg
from PIL import Image

from processor_service.errors import Code, ImageError
from processor_service.pipeline import process
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers.built_jpegs import flat_jpeg
from tests.helpers.kinds import SETTINGS, decoded, furthest, refused
from tests.helpers.pictures import assert_alike, b64, encoded, opened, picture

END = b"\xff\xd9"


def photograph() -> Image.Image:
    return opened(picture("golang-image/video-001.png")).convert("RGB")


JPEGS = {
    "baseline": encoded(photograph(), "JPEG", quality=90),
    "4:4:4": encoded(photograph(), "JPEG", quality=90, subsampling=0),
    "progressive": encoded(photograph(), "JPEG", quality=90, progressive=True),
    "grey": encoded(photograph().convert("L"), "JPEG", quality=90),
    "progressive grey": encoded(photograph().convert("L"), "JPEG", quality=90, progressive=True),
    "inks": encoded(photograph().convert("CMYK"), "JPEG", quality=90),
    "restarts": encoded(photograph(), "JPEG", quality=90, restart_marker_rows=1),
    "odd sampling": flat_jpeg(150, 103, [(4, 2), (1, 1), (1, 1)], (120, 90, 200)),
    "4:4:1": flat_jpeg(150, 103, [(1, 4), (1, 1), (1, 1)], (120, 90, 200)),
}
RUBBISH = {
    "nothing": b"",
    "half a marker": b"\xff",
    "zeros": bytes(40),
    "text": b"-- end of the transmission --\r\n",
    "another marker": b"\0\0\xff\xe5\xff\xff rubbish",
}


# Of odd sampling nobody says how many bytes are left over.
ENDLESS = [
    (kind, rubbish) for kind in JPEGS for rubbish in RUBBISH if kind != "odd sampling" or len(RUBBISH[rubbish]) < 2
]


@pytest.mark.parametrize(("kind", "rubbish"), ENDLESS)
def test_a_jpeg_without_its_end_marker_is_whole(kind: str, rubbish: str) -> None:
    data = JPEGS[kind]
    assert data.endswith(END)
    assert furthest(decoded(data[:-2] + RUBBISH[rubbish]).image, decoded(data).image) == 0


@pytest.mark.parametrize("kind", JPEGS)
def test_a_jpeg_that_lacks_more_than_its_end_marker_is_refused(kind: str) -> None:
    """Wherever it is cut, also between the scans of a progressive one: a picture is right or refused."""
    data = JPEGS[kind]
    expected = decoded(data).image
    start = data.index(b"\xff\xda")
    places = {*range(len(data) - 20, len(data) - 2)} | {at for at in range(start, len(data)) if data[at] == 0xFF}
    places |= {at + 1 for at in places} | {random.Random(at).randrange(start, len(data) - 3) for at in range(30)}
    accepted = []
    for at in sorted(place for place in places if place < len(data) - 2):
        for tail in (b"", bytes(5)):
            try:
                result = decoded(data[:at] + tail)
            except ImageError as error:
                assert error.code in (Code.TRUNCATED_IMAGE, Code.CORRUPT_IMAGE)
            else:
                assert furthest(result.image, expected) == 0
                accepted.append(at)
    # Of the last byte some bits only fill it up; those of a flat picture may be zeros, as what follows is.
    assert "sampling" in kind or "4:4:1" in kind or all(at >= len(data) - 3 for at in accepted)


def test_a_jpeg_whose_pixels_end_in_a_zero_and_that_more_zeros_follow_is_refused() -> None:
    """These may stand where the last bytes of the pixels were: the picture would be another one."""
    image = photograph().resize((64, 48))
    image.paste("#c08040", (0, 28, 64, 48))
    files = [encoded(image, "JPEG", quality=quality) for quality in range(60, 96)]
    files = [data for data in files if data.endswith(b"\0" + END) and not data.endswith(b"\xff\0" + END)]
    assert files
    for data in files:
        assert furthest(decoded(data[:-2]).image, decoded(data).image) == 0
        assert refused(data[:-2] + bytes(40))[0] is Code.TRUNCATED_IMAGE


@pytest.mark.parametrize("length", [0, 1, 4], ids="a length of {}".format)
def test_a_segment_of_a_wrong_length_hides_no_missing_pixels(length: int) -> None:
    """Decoders leave out what follows it. Zeros at the end would be taken for pixels."""
    data = JPEGS["baseline"]
    data = data[:2] + b"\xff\xe1" + length.to_bytes(2) + b"Exif\0\0rubbish" + data[2:]
    assert furthest(decoded(data[:-2]).image, decoded(JPEGS["baseline"]).image) == 0
    for missing in (3, 20, 300):
        assert refused(data[:-missing] + bytes(40))[0] is Code.TRUNCATED_IMAGE


@pytest.mark.parametrize("alone", [0xD0, 0xD7])
@pytest.mark.parametrize("kind", ["baseline", "progressive", "restarts"])
def test_a_marker_before_the_pixels_that_has_no_length_hides_nothing(kind: str, alone: int) -> None:
    data = JPEGS[kind]
    for place in (2, data.index(b"\xff\xda")):
        changed = data[:place] + bytes((0xFF, alone)) + data[place:]
        assert furthest(decoded(changed[:-2]).image, decoded(data).image) == 0
        assert refused(changed[:-300] + bytes(40))[0] is Code.TRUNCATED_IMAGE


def test_the_case_without_an_end_marker() -> None:
    assert_alike(decoded("cases/jpeg_no_eoi.jpg").image, opened(picture("cases/base.png")).convert("RGB"), 3)


@pytest.mark.parametrize("kept", [[], ["icc"], ["all"]], ids=str)
@pytest.mark.parametrize("rubbish", RUBBISH)
def test_what_is_stored_of_it_has_an_end_marker(rubbish: str, kept: list[str]) -> None:
    """Also where its pixels are stored as they came: other decoders are not as lenient."""
    data = JPEGS["baseline"][:-2] + RUBBISH[rubbish]
    request = Request.parse({"data": b64(data), "operations": [{"strip_metadata": {"keep": kept}}]})
    stored = process(request, SETTINGS, Stopwatch())["data"]
    # Encoded again where the rubbish looks like a segment, or may hold words.
    assert_alike(opened(stored), opened(JPEGS["baseline"]), 3 if rubbish in ("another marker", "text") else 0)


def test_a_turned_jpeg_without_its_end_marker_keeps_its_turn() -> None:
    data = picture("exif-orientation/Landscape_6.jpg")
    assert decoded(data[: data.rindex(END)]).orientation == 6


def test_a_large_jpeg_without_its_end_marker_is_scaled_as_it_is_decoded() -> None:
    """108 megapixels: more than are accepted, unless the recipe makes the picture smaller at once."""
    data = encoded(Image.new("L", (12_000, 9_000), 90), "JPEG")
    result = decoded(data[:-2], target=lambda *_: (120, 90))
    assert result.image.getcolors() == [(120 * 90, 90)]


def test_a_jpeg_cut_in_its_metadata_is_refused() -> None:
    data = picture("exif-orientation/Landscape_6.jpg")
    assert refused(data[:300])[0] in (Code.TRUNCATED_IMAGE, Code.CORRUPT_IMAGE)


SAMPLINGS = [
    [(1, 1)] * 3,
    [(2, 1), (1, 1), (1, 1)],
    [(1, 2), (1, 1), (1, 1)],
    [(2, 2), (1, 1), (1, 1)],
    [(4, 1), (1, 1), (1, 1)],
    [(1, 4), (1, 1), (1, 1)],
    [(4, 2), (1, 1), (1, 1)],
    [(2, 4), (1, 1), (1, 1)],
    [(3, 1), (1, 1), (1, 1)],
    [(1, 3), (1, 1), (1, 1)],
    [(2, 2), (2, 1), (1, 2)],
    [(1, 1), (2, 2), (2, 2)],
    [(1, 2), (1, 2), (1, 2)],
    [(2, 2)],
    [(1, 1), (1, 1), (1, 1), (1, 1)],
    [(2, 1), (1, 1), (1, 1), (2, 1)],
]


@pytest.mark.parametrize("sampling", SAMPLINGS, ids=lambda factors: ",".join(f"{h}x{v}" for h, v in factors))
def test_a_jpeg_of_any_sampling(sampling: list[tuple[int, int]]) -> None:
    data = flat_jpeg(50, 40, sampling, (120, 90, 200, 128)[: len(sampling)])
    image = opened(data)
    expected = image.convert("RGB") if image.mode == "CMYK" else image
    assert furthest(decoded(data).image, expected) <= 2
    if len(sampling) == 3:
        assert decoded(data).image.getpixel((49, 39)) == (221, 82, 53)
        assert decoded(data, target=lambda *_: (10, 8)).image.getpixel((9, 7)) == (221, 82, 53)


def with_process(marker: int) -> bytes:
    """The frame says that it was made by another process (ITU-T T.81, table B.1)."""
    return JPEGS["baseline"].replace(b"\xff\xc0", bytes([0xFF, marker]))


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (flat_jpeg(50, 40, [(3, 1), (2, 1), (1, 1)], (120, 90, 200)), "the sampling factors 3x1, 2x1, 1x1"),
        (flat_jpeg(50, 40, [(1, 1), (1, 2), (1, 3)], (120, 90, 200)), "the sampling factors 1x1, 1x2, 1x3"),
        (flat_jpeg(50, 40, [(2, 3), (1, 2), (1, 1)], (120, 90, 200)), "the sampling factors 2x3, 1x2, 1x1"),
        # More than ten blocks of all components together.
        (flat_jpeg(50, 40, [(2, 2), (2, 2), (2, 2)], (120, 90, 200)), "the sampling factors 2x2, 2x2, 2x2"),
        (flat_jpeg(50, 40, [(4, 2), (2, 1), (2, 1)], (120, 90, 200)), "the sampling factors 4x2, 2x1, 2x1"),
        (flat_jpeg(50, 40, [(4, 2), (2, 1), (1, 1)], (120, 90, 200)), "the sampling factors 4x2, 2x1, 1x1"),
        (flat_jpeg(50, 40, [(4, 4), (1, 1), (1, 1)], (120, 90, 200)), "the sampling factors 4x4, 1x1, 1x1"),
        (with_process(0xC3), "a lossless JPEG"),
        (with_process(0xCB), "a lossless JPEG"),
        (with_process(0xC5), "a hierarchical JPEG"),
        (with_process(0xCE), "a hierarchical JPEG"),
    ],
)
def test_a_jpeg_of_a_kind_that_libjpeg_does_not_know_is_not_called_broken(data: bytes, kind: str) -> None:
    # Nothing of it can be accepted, either.
    for accept_truncated in (False, True):
        code, reason = refused(data, accept_truncated=accept_truncated)
        assert code is Code.UNSUPPORTED_FORMAT
        assert kind in reason
        assert "convert it to PNG" in reason
    assert refused(data[:-20], accept_truncated=True)[0] in (Code.UNSUPPORTED_FORMAT, Code.TRUNCATED_IMAGE)


@pytest.mark.parametrize("factors", [(0, 1), (5, 1), (15, 15)])
def test_sampling_factors_that_no_jpeg_may_have_are_broken(factors: tuple[int, int]) -> None:
    sound = flat_jpeg(50, 40, [(1, 1)] * 3, (120, 90, 200))
    data = sound.replace(b"\2\x11\0", bytes([2, factors[0] << 4 | factors[1], 0]), 1)
    assert data != sound
    assert refused(data)[0] is Code.CORRUPT_IMAGE


@pytest.mark.parametrize("error", [KeyError(6), MemoryError(), RuntimeError("x"), IndexError(), TypeError()])
def test_whatever_the_fast_decoder_raises_the_slow_one_is_asked(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise error

    expected = decoded(JPEGS["baseline"]).image
    monkeypatch.setattr(simplejpeg, "decode_jpeg", fails)
    result = decoded(JPEGS["baseline"]).image
    assert_alike(result, expected, 1)
    buffer = io.BytesIO()
    result.save(buffer, "PNG")

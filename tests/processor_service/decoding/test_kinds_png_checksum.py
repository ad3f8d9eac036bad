"""A PNG whose pixels are damaged is refused, though its decoder makes a picture of what is left."""

from __future__ import annotations

from contextlib import suppress

import pytest
from PIL import Image

from processor_service.errors import Code, ImageError
from processor_service.formats.containers import png_chunks
from processor_service.pipeline import process
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers.broken_icons import scene
from tests.helpers.kinds import SETTINGS, decoded, furthest, refused
from tests.helpers.pictures import b64, encoded, opened
from tests.helpers.png_chunks import chunk
from tests.processor_service.encoding.test_kinds_timing import apng

PLACES = range(60, 2600, 120)


def damaged(at: int) -> bytes:
    """One bit of the packed pixels is another one."""
    data = bytearray(encoded(scene(512), "PNG"))
    data[at] ^= 0x10
    return bytes(data)


def changed_by_pillow(data: bytes) -> int | None:
    """How far pixels are from what they were; None when Pillow refuses them."""
    with suppress(OSError, SyntaxError):
        return furthest(opened(data), scene(512))
    return None


def test_damaged_pixels_are_refused_also_those_that_pillow_takes() -> None:
    """A few bits may be others and the pixels the same."""
    changes = {at: changed_by_pillow(damaged(at)) for at in PLACES}
    for at, change in changes.items():
        if change != 0:
            assert refused(damaged(at))[0] is Code.CORRUPT_IMAGE, at
    assert max(change or 0 for change in changes.values()) > 100
    assert decoded(damaged(next(at for at, change in changes.items() if change == 0))).image.size == (512, 512)


@pytest.mark.parametrize("missing", [12, 13, 15, 16])
def test_damaged_pixels_are_refused_also_where_the_end_is_missing(missing: int) -> None:
    """As far as the checksum of the pixels is there, which is 16 bytes before the end."""
    for at in PLACES:
        if changed_by_pillow(damaged(at)):
            assert refused(damaged(at)[:-missing])[0] in (Code.CORRUPT_IMAGE, Code.TRUNCATED_IMAGE), at
    whole = encoded(scene(512), "PNG")
    for more in (missing, 20):
        assert furthest(decoded(whole[:-more]).image, scene(512)) == 0
    # Zeros in place of the checksum and of what follows it.
    for rest in (0, 4):
        assert refused(whole[:-20] + bytes(4 + rest))[0] in (Code.CORRUPT_IMAGE, Code.TRUNCATED_IMAGE)


def test_a_wrong_checksum_of_a_chunk_alone_takes_nothing() -> None:
    parts = [chunk(b"IDAT", part[8:-4], 7) if name == b"IDAT" else part
             for name, part in png_chunks(encoded(scene(512), "PNG"))]  # fmt: skip
    assert furthest(decoded(encoded(scene(512), "PNG")[:8] + b"".join(parts)).image, scene(512)) == 0


def test_they_are_taken_when_missing_pixels_are() -> None:
    sizes = [decoded(damaged(at), accept_truncated=True).image.size for at in PLACES[-3:]]
    assert sizes == [(512, 512)] * 3


BOOK = [scene(512), scene(512).transpose(Image.Transpose.FLIP_LEFT_RIGHT), scene(512).convert("L").convert("RGB")]
# Enough bytes into a later frame for a change that Pillow does not notice.
LATER = range(900, 1300, 20)


def moving(name: bytes, number: int, at: int, length: int = 1) -> bytes:
    """An APNG of three frames; of its `number`th chunk of this name, bytes from `at` on are other ones."""
    data = apng([(1, 10)] * 3, BOOK)
    place = [place for place in range(len(data)) if data.startswith(name, place)][number] + 4 + at
    return data[:place] + bytes(octet ^ 0x10 for octet in data[place : place + length]) + data[place + length :]


def test_damaged_pixels_of_a_later_frame_are_refused_where_frames_are_kept() -> None:
    """A few bits may be others and the pixels the same."""
    taken = []
    for at in LATER:
        data = moving(b"fdAT", 0, at)
        try:
            assert furthest(decoded(data, all_frames=True).frames[1], BOOK[1]) == 0, at
        except ImageError as error:
            assert error.code is Code.CORRUPT_IMAGE, at
            # The first frame is in order.
            assert furthest(decoded(data).image, BOOK[0]) == 0
            bare = next(part for name, part in png_chunks(data) if name == b"fdAT")[12:-4]
            taken.append(changed_by_pillow(encoded(BOOK[0])[:33] + chunk(b"IDAT", bare) + chunk(b"IEND", b"")))
    assert any(taken), "Pillow makes a picture of some"


def test_a_wrong_checksum_of_a_later_frame_alone_takes_nothing() -> None:
    data = moving(
        b"fdAT", 0, len(next(part for name, part in png_chunks(moving(b"fdAT", 0, 0)) if name == b"fdAT")) - 9
    )
    result = decoded(data, all_frames=True)
    assert [furthest(*pair) for pair in zip(result.frames, BOOK, strict=True)] == [0, 0, 0]


@pytest.mark.parametrize(
    ("name", "number", "at"), [(b"acTL", 0, 3), (b"fcTL", 0, 21), (b"fcTL", 1, 21), (b"fcTL", 2, 7)]
)
def test_of_an_animation_with_other_numbers_the_still_picture_is_left(name: bytes, number: int, at: int) -> None:
    result = decoded(moving(name, number, at), all_frames=True)
    assert [furthest(frame, BOOK[0]) for frame in result.frames] == [0]
    request = Request.parse({"data": b64(moving(name, number, at)), "operations": ["strip_metadata"]})
    stored = opened(process(request, SETTINGS, Stopwatch())["data"])
    assert (getattr(stored, "n_frames", 1), furthest(stored, BOOK[0])) == (1, 0)

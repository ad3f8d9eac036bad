"""A PNG whose pixels are damaged is refused, though its decoder makes a picture of what is left."""

from __future__ import annotations

from contextlib import suppress

from processor_service.errors import Code
from processor_service.formats.containers import png_chunks
from tests.helpers.broken_icons import scene
from tests.helpers.kinds import decoded, furthest, refused
from tests.helpers.pictures import encoded, opened
from tests.helpers.png_chunks import chunk

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


def test_a_wrong_checksum_of_a_chunk_alone_takes_nothing() -> None:
    parts = [chunk(b"IDAT", part[8:-4], 7) if name == b"IDAT" else part
             for name, part in png_chunks(encoded(scene(512), "PNG"))]  # fmt: skip
    assert furthest(decoded(encoded(scene(512), "PNG")[:8] + b"".join(parts)).image, scene(512)) == 0


def test_they_are_taken_when_missing_pixels_are() -> None:
    sizes = [decoded(damaged(at), accept_truncated=True).image.size for at in PLACES[-3:]]
    assert sizes == [(512, 512)] * 3

"""Names hidden in numbers, in chunks that are there twice and in unused parts of WebP: none is stored."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from PIL import Image, ImageSequence

from processor_service.formats.containers import riff_chunks
from processor_service.metadata.cut import cut_refused
from tests.helpers.hidden import assert_gone
from tests.helpers.secrets_in_files import NAME, riff, saved, small

SHORT = b"Zeb!"
Change = Callable[[bytes], bytes]


def made(chunks: list[bytes]) -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def still(*, lossless: bool = False) -> bytes:
    return saved("WEBP", xmp=b" ", lossless=lossless)


def transparent() -> bytes:
    image = small().convert("RGBA")
    image.putalpha(image.getchannel("G"))
    return saved("WEBP", image)


def moving() -> bytes:
    return saved("WEBP", save_all=True, append_images=[small().rotate(90)], duration=100)


def changed(data: bytes, name: bytes, change: Change) -> bytes:
    """The file with other bytes for the first chunk of that name; the change gets its content."""
    chunks, done = [], False
    for one, chunk in riff_chunks(data):
        here = one == name and not done
        done = done or here
        chunks.append(change(chunk[8 : 8 + int.from_bytes(chunk[4:8], "little")]) if here else chunk)
    assert done
    return made(chunks)


def in_frame(change: Change) -> bytes:
    """An animation whose first frame has other content."""
    return changed(moving(), b"ANMF", lambda body: riff(b"ANMF", change(body)))


def over(body: bytes, at: int, secret: bytes) -> bytes:
    return body[:at] + secret + body[at + len(secret) :]


def length(body: bytes, at: int) -> int:
    return int.from_bytes(body[at : at + 4], "little")


def behind_first_part(body: bytes) -> bytes:
    """Lossy pixels whose first part is longer by a name; three bytes have its length, shifted by five bits."""
    begin = int.from_bytes(body[:3], "little")
    end = 10 + (begin >> 5)
    longer = (begin + (len(NAME) << 5)).to_bytes(3, "little") + body[3:end] + NAME + body[end:]
    return riff(b"VP8 ", longer)


PIXELS = riff(b"VP8L", b"\x2f\0\0\0\0" + NAME)
HIDDEN: dict[str, tuple[Callable[[], bytes], bytes]] = {
    "reserved bytes of the header": (
        lambda: changed(still(), b"VP8X", lambda body: riff(b"VP8X", over(body, 1, b"Zeb"))),
        b"Zeb",
    ),
    "behind the header": (lambda: changed(still(), b"VP8X", lambda body: riff(b"VP8X", body + NAME)), NAME),
    "a second header": (lambda: made([*(c for _, c in riff_chunks(still())), riff(b"VP8X", NAME[:10])]), NAME[:10]),
    "behind the number of loops": (
        lambda: changed(moving(), b"ANIM", lambda body: riff(b"ANIM", body + NAME)),
        NAME,
    ),
    "a second number of loops": (
        lambda: changed(moving(), b"ANIM", lambda body: riff(b"ANIM", body) + riff(b"ANIM", NAME[:6])),
        NAME[:6],
    ),
    "an animation in a still picture": (
        lambda: made([*(c for _, c in riff_chunks(still())), riff(b"ANIM", NAME)]),
        NAME,
    ),
    "a frame in a still picture": (
        lambda: made([*(c for _, c in riff_chunks(still())), riff(b"ANMF", NAME + b"!!!" + PIXELS)]),
        NAME,
    ),
    "second pixels in a still picture": (lambda: made([*(c for _, c in riff_chunks(still())), PIXELS]), NAME),
    "second pixels in a simple file": (lambda: made([*(c for _, c in riff_chunks(saved("WEBP"))), PIXELS]), NAME),
    "pixels beside an animation": (lambda: made([*(c for _, c in riff_chunks(moving())), PIXELS]), NAME),
    "second pixels in a frame": (lambda: in_frame(lambda body: body + PIXELS), NAME),
    "transparency behind the pixels of a frame": (lambda: in_frame(lambda body: body + riff(b"ALPH", NAME)), NAME),
    "a frame without pixels": (
        lambda: made([*(c for _, c in riff_chunks(moving())), riff(b"ANMF", NAME + b"!!!")]),
        NAME,
    ),
    "a second transparency": (
        lambda: changed(transparent(), b"ALPH", lambda body: riff(b"ALPH", body) + riff(b"ALPH", b"\1" + NAME)),
        NAME,
    ),
    "behind transparency that is not packed": (
        lambda: changed(transparent(), b"ALPH", lambda _: riff(b"ALPH", b"\0" + b"\xff" * 48 * 32 + NAME)),
        NAME,
    ),
    "behind lossy pixels": (
        lambda: changed(still(), b"VP8 ", lambda body: riff(b"VP8 ", body + b"Zeb!")),
        b"Zeb!",
    ),
    "behind lossless pixels": (
        lambda: changed(still(lossless=True), b"VP8L", lambda body: riff(b"VP8L", body + b"Zeb!")),
        b"Zeb!",
    ),
    "behind packed transparency": (
        lambda: changed(transparent(), b"ALPH", lambda body: riff(b"ALPH", body + b"Zeb!")),
        b"Zeb!",
    ),
    "behind the first part of lossy pixels": (lambda: changed(still(), b"VP8 ", behind_first_part), NAME),
    "behind the pixels of a frame": (
        lambda: in_frame(lambda body: body[:16] + riff(b"VP8 ", body[24 : 24 + length(body, 20)] + b"Zeb!")),
        b"Zeb!",
    ),
    "transparency beside lossless pixels": (
        lambda: changed(still(lossless=True), b"VP8L", lambda body: riff(b"ALPH", b"\1" + NAME) + riff(b"VP8L", body)),
        NAME,
    ),
}


@pytest.mark.parametrize("case", HIDDEN)
def test_nothing_hides_in_a_picture(case: str) -> None:
    make, secret = HIDDEN[case]
    assert_gone(make(), secret)


def test_bytes_of_a_picture_of_one_colour_that_no_decoder_needs_are_zero() -> None:
    flat = saved("WEBP", Image.new("RGB", (16, 16), (130, 130, 130)))
    # Behind a header of 10 bytes a first part, then the coefficients, of which there are none.
    (chunk,) = (chunk for name, chunk in riff_chunks(flat) if name == b"VP8 ")
    rest = 18 + (int.from_bytes(chunk[8:11], "little") >> 5)
    hidden = made([riff(b"VP8 ", chunk[8:rest] + SHORT)])
    with Image.open(io.BytesIO(flat)) as before, Image.open(io.BytesIO(hidden)) as after:
        assert after.tobytes() == before.tobytes()
    assert_gone(hidden, SHORT)


def test_the_byte_that_fills_up_an_odd_chunk_is_zero() -> None:
    def filled(byte: bytes) -> bytes:
        alpha = riff(b"ALPH", b"\0" + b"\xff" * 48 * 32)
        return changed(transparent(), b"ALPH", lambda _: alpha[:-1] + byte)

    assert cut_refused(filled(b"Z")) == cut_refused(filled(b"\0")) == filled(b"\0")


@pytest.mark.parametrize("make", [still, transparent, moving, lambda: still(lossless=True), lambda: saved("WEBP")])
def test_a_sound_picture_keeps_its_pixels(make: Callable[[], bytes]) -> None:
    data = make()
    kept = cut_refused(data)
    assert kept is not None
    with Image.open(io.BytesIO(data)) as before, Image.open(io.BytesIO(kept)) as after:
        frames = [frame.tobytes() for frame in ImageSequence.Iterator(before)]
        assert [frame.tobytes() for frame in ImageSequence.Iterator(after)] == frames


def test_what_precedes_pixels_that_are_cut_off_ends_with_its_last_bit() -> None:
    whole = changed(transparent(), b"ALPH", lambda body: riff(b"ALPH", body))
    assert cut_refused(whole[:-40], cut_off=True) is not None
    longer = changed(whole, b"ALPH", lambda body: riff(b"ALPH", body + bytes(8) + NAME))
    assert NAME in longer[:-40] and cut_refused(longer[:-40], cut_off=True) is None


def test_transparency_that_is_broken_is_not_stored() -> None:
    broken = changed(transparent(), b"ALPH", lambda body: riff(b"ALPH", body[: len(body) // 2] + NAME))
    for data in (broken, broken[:-40]):
        assert NAME not in (cut_refused(data, cut_off=data != broken) or b"")


def test_a_frame_that_is_shorter_than_it_says_is_not_stored() -> None:
    broken = in_frame(lambda body: body[: len(body) // 2] + NAME)
    assert cut_refused(broken) is None
    last = moving()
    assert cut_refused(last[:-40], cut_off=True) is not None

"""What is said of a picture that cannot be decoded holds nothing of it: it is stored with the document."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from PIL import Image

from processor_service.decoding.guard import decoder_errors
from processor_service.errors import Code, ImageError
from processor_service.formats.containers import PNG_SIGNATURE, png_chunks
from tests.helpers.kinds import SETTINGS, decoded, refused
from tests.helpers.pictures import encoded, opened, picture
from tests.helpers.png_chunks import chunk

OF_DECODERS = (Code.CORRUPT_IMAGE, Code.TRUNCATED_IMAGE, Code.UNSUPPORTED_FORMAT)


def photograph() -> Image.Image:
    return opened(picture("golang-image/video-001.png")).convert("RGB").resize((32, 32))


NAME = b"Quillon"
XPM = b'/* XPM */\nstatic char * x[] = {\n"2 2 2 1",\n"  c #000000",\n". c #FFFFFF",\n"  ",\n"..",\n};\n'


@pytest.mark.parametrize(
    "data",
    [
        b"P6 4 " + NAME + b" 255\n" + bytes(48),
        b"P6 4 " + NAME * 4 + b" 255\n" + bytes(48),
        b"P3 2 2 255\n" + (b"1 2 " + NAME + b" ") * 4,
        b"P3 2 2 255\n" + b"1 2 " + NAME * 4,
        b"P3 2 2 255\n" + b"1 2 77341 " * 4,
        b"Pf 2 2 " + NAME + b"\n" + bytes(16),
        XPM.replace(b"#FFFFFF", b"#" + NAME),
        picture("pillow/hopper_long_name.im").replace(b"128*128", NAME, 1),
        *(
            text.encode() + bytes(400)
            for text in ("P6\n10 10 Müller\n", "P6\n10 Ann 10\n", "P5\nAnn: 1 255\n", "P6 4 4 'Ann'\n")
        ),
        encoded(Image.new("L", (9, 9)), "PNG").replace(b"IDAT", b"ANNA"),
        *(
            encoded(photograph(), "PNG").replace(b"IDAT", name)
            for name in (b"Ann\xff", b"Ann\n", b"Ann'", b'Ann"', b"ANNA")
        ),
    ],
    ids=str,
)
def test_what_is_said_of_a_broken_picture_has_nothing_that_is_in_it(data: bytes) -> None:
    """Decoders quote numbers that are none. The reason is stored with the document."""
    code, reason = refused(data)
    assert code in (Code.CORRUPT_IMAGE, Code.TRUNCATED_IMAGE) and ": " in reason
    said = reason.partition(": ")[2]
    assert all(text not in said for text in (NAME.decode(), "77341", "Ann", "ANN", "ller", "'", '"', "0x"))


LETTERS = b"Qzkj"


def with_letters(data: bytes) -> Iterator[bytes]:
    """Four letters in each place of the header; of a PNG with a checksum that is right."""
    for at in range(4, min(len(data) - 4, 120)):
        changed = data[:at] + LETTERS + data[at + 4 :]
        yield changed
        if data.startswith(PNG_SIGNATURE):
            yield b"".join([PNG_SIGNATURE, *(chunk(part[4:8], part[8:-4]) for _, part in png_chunks(changed))])


@pytest.mark.parametrize(
    "kind",
    [
        "JPEG",
        "PNG",
        "GIF",
        "WEBP",
        "BMP",
        "TIFF",
        "AVIF",
        "ICO",
        "ICNS",
        "PPM",
        "TGA",
        "SGI",
        "PCX",
        "JPEG2000",
        "DDS",
        "BLP",
        "QOI",
    ],
)
def test_what_is_said_of_a_changed_header_is_none_of_its_letters_or_numbers(kind: str) -> None:
    image = photograph().convert("P" if kind == "BLP" else "RGB")
    numbers = [str(int.from_bytes(LETTERS[:count], order)) for count in (3, 4) for order in ("little", "big")]
    reasons = set()
    for data in with_letters(encoded(image, kind)):
        for all_frames in (False, True):
            try:
                decoded(data, all_frames=all_frames)
            except ImageError as error:
                reasons |= {error.reason} if error.code in OF_DECODERS else set()
    assert reasons or kind in ("GIF",)
    for reason in reasons:
        assert all(text not in reason for text in (LETTERS.decode(), *numbers, "0x", "b'", "<", ">")), reason


def test_an_object_is_described_without_its_address() -> None:
    file = io.BytesIO(b"a frame that no decoder knows")
    with pytest.raises(ImageError) as refusal, decoder_errors(file.getvalue(), SETTINGS):
        Image.open(file)
    assert refusal.value.code is Code.CORRUPT_IMAGE
    assert "0x" not in refusal.value.reason and "<" not in refusal.value.reason

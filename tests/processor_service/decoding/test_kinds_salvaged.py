"""One part of a file that decoders refuse is dropped alone: the turn, the profile, the texts beside it stay."""

from __future__ import annotations

import base64
import io
import re
import struct
import zlib
from itertools import pairwise, product
from typing import Any

import pytest
from PIL import ExifTags, Image

from processor_service.decoding.salvage import _resources
from processor_service.formats.containers import riff_chunks
from processor_service.picture import Picture
from processor_service.pipeline import process
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers.broken_parts import BEHIND, CHUNKS, SEGMENTS
from tests.helpers.kinds import SETTINGS, decoded, furthest
from tests.helpers.pictures import assert_alike, b64, encoded, opened, picture
from tests.helpers.png_chunks import chunk

PROFILE = opened(picture("libavif/apple_gainmap_old.jpg")).info["icc_profile"]
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="r"/></x:xmpmeta>'


def base() -> Image.Image:
    return opened(picture("cases/base.png")).convert("RGB")


def turned() -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    return exif.tobytes()


def whole(format: str) -> bytes:
    """A picture that lies on its side, in Display P3."""
    options = {"lossless": True} if format == "WEBP" else {"quality": 95} if format == "JPEG" else {}
    return encoded(base(), format, exif=turned(), icc_profile=PROFILE, **options)


def assert_whole(result: Picture, tolerance: float = 0) -> None:
    assert result.orientation == 6
    assert result.icc_profile == PROFILE
    assert_alike(result.image, base(), tolerance)


@pytest.mark.parametrize("behind", BEHIND)
@pytest.mark.parametrize("name", CHUNKS)
@pytest.mark.parametrize("place", ["first", "last"])
def test_a_chunk_of_a_png_takes_no_other_along(name: str, place: str, behind: str) -> None:
    data = whole("PNG")
    data = data[:33] + chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP) + data[33:]
    at = 33 if place == "first" else data.rindex(b"IEND") - 4
    broken = data[:at] + CHUNKS[name] + data[at:]
    # Without the chunk that ends it, too.
    for end in (len(broken), -12):
        result = decoded(broken[:end] + BEHIND[behind])
        assert_whole(result)
        assert result.metadata.xmp == XMP


def test_a_profile_above_1_mb_takes_no_turn_along() -> None:
    data = encoded(base(), exif=turned())
    result = decoded(data[:33] + chunk(b"iCCP", b"icc\0\0" + zlib.compress(PROFILE + bytes(1_500_000))) + data[33:])
    assert (result.orientation, result.icc_profile) == (6, None)
    assert furthest(result.image, base()) == 0


@pytest.mark.parametrize("broken", [chunk(b"eXIf", b"MM\0*\xff\xff\xff\xff"), chunk(b"eXIf", turned()[6:], 5)])
def test_broken_exif_takes_no_profile_along(broken: bytes) -> None:
    data = encoded(base(), icc_profile=PROFILE)
    result = decoded(data[:33] + broken + data[33:])
    assert (result.orientation, result.icc_profile) == (1, PROFILE)


@pytest.mark.parametrize("behind", BEHIND)
@pytest.mark.parametrize("name", SEGMENTS)
@pytest.mark.parametrize("place", ["first", "last"])
def test_a_segment_of_a_jpeg_takes_no_other_along(name: str, place: str, behind: str) -> None:
    data = whole("JPEG")
    at = 2 if place == "first" else data.index(b"\xff\xdb")
    broken = data[:at] + SEGMENTS[name] + data[at:]
    assert_whole(decoded(broken + BEHIND[behind]), 3)
    # Without its end marker, too. Pixels of this picture end with a zero: nobody can tell how many do.
    if behind != "zeros":
        assert_whole(decoded(broken[:-2] + BEHIND[behind]), 3)


@pytest.mark.parametrize("name", ["jpeg_short_jfif_orient.jpg", "png_ztxt_12mb.png"])
def test_the_cases_lie_on_their_side_and_say_so(name: str) -> None:
    result = decoded(f"cases/{name}")
    assert (result.image.size, result.orientation) == ((96, 64), 6)


@pytest.mark.parametrize(
    "broken",
    [
        b"EXIF" + struct.pack("<I", 5_000_000) + b"x",
        b"XMP " + struct.pack("<I", 5_000_000) + b"x",
        b"ABCD" + struct.pack("<I", 0x7FFFFFFF) + b"x",
    ],
)
def test_a_chunk_of_a_webp_that_reaches_beyond_the_end_takes_no_other_along(broken: bytes) -> None:
    chunks = b"".join(part for _, part in riff_chunks(whole("WEBP"))) + broken
    for length in (len(chunks) + 4, len(chunks) + 5_000_000):
        for tail in BEHIND.values():
            assert_whole(decoded(b"RIFF" + struct.pack("<I", length) + b"WEBP" + chunks + tail))


@pytest.mark.parametrize("frames", [1, 2])
@pytest.mark.parametrize("lossless", [True, False])
def test_a_profile_of_a_webp_whose_length_is_wrong_takes_nothing_along(lossless: bool, frames: int) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    more = {"save_all": True, "append_images": [base().rotate(180)]} if frames > 1 else {}
    data = encoded(base(), "WEBP", lossless=lossless, exif=exif, icc_profile=PROFILE, xmp=XMP, **more)
    expected = decoded(data, all_frames=True)
    at = data.index(b"ICCP") + 4
    for wrong in (-len(PROFILE), -5, -2, 2, 50, 1_000_000):
        changed = data[:at] + struct.pack("<I", len(PROFILE) + wrong) + data[at + 4 :]
        result = decoded(changed, all_frames=True)
        assert [furthest(*pair) for pair in zip(result.frames, expected.frames, strict=True)] == [0] * frames, wrong
        assert (result.orientation, result.metadata.xmp) == (6, XMP)
        request = Request.parse({"data": b64(changed), "operations": []})
        kept = decoded(base64.b64decode(process(request, SETTINGS, Stopwatch())["data"]), all_frames=True)
        assert (len(kept.frames), kept.orientation) == (frames, 6)


def test_a_frame_of_a_webp_whose_length_is_wrong_hides_no_other() -> None:
    """Decoders find what is in it by other lengths. What was kept of the file lost those behind it."""
    pages = [base(), base().rotate(180), base().transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    data = encoded(base(), "WEBP", lossless=True, save_all=True, append_images=pages[1:])
    places = [found.end() for found in re.finditer(b"ANMF", data)]
    for at, behind in pairwise(places):
        length = int.from_bytes(data[at : at + 4], "little")
        next_length = int.from_bytes(data[behind : behind + 4], "little")
        # The last one is up to the end of the next frame.
        for more in (2, 8, behind - at + next_length + next_length % 2 - length):
            changed = data[:at] + struct.pack("<I", length + more) + data[at + 4 :]
            request = Request.parse({"data": b64(changed), "operations": []})
            kept = decoded(base64.b64decode(process(request, SETTINGS, Stopwatch())["data"]), all_frames=True)
            # Encoded again, and not without losses.
            for frame, expected in zip(kept.frames, decoded(changed, all_frames=True).frames, strict=True):
                assert_alike(frame, expected, 8)
            assert len(kept.frames) == 3


@pytest.mark.parametrize("frames", [1, 2])
def test_a_chunk_of_a_webp_that_nobody_knows_leaves_the_pixels_as_they_are(frames: int) -> None:
    """Whatever its name, such as the zeros with which a file is filled up: it was encoded again."""
    more = {"save_all": True, "append_images": [base().rotate(180)]} if frames > 1 else {}
    data = encoded(base(), "WEBP", quality=60, **more)
    for name in (b"a_b ", bytes(4)):
        longer = data[12:] + name + bytes(8)
        request = Request.parse({"data": b64(b"RIFF" + struct.pack("<I", 4 + len(longer)) + b"WEBP" + longer)})
        assert base64.b64decode(process(request, SETTINGS, Stopwatch())["data"]) == data


@pytest.mark.parametrize("behind", BEHIND)
def test_a_box_of_a_jp2_that_is_broken_is_dropped(behind: str) -> None:
    data = encoded(base(), "JPEG2000")
    at = data.index(b"jp2c") - 4
    too_long = struct.pack(">I", 5_000_000)
    short = (b"\0\0\0\x03uuid", b"\0\0\0\x09xml x", b"\0\0\0\x10resX" + bytes(8))
    # Up to the end of the file, into the head of the pixels, and into the pixels.
    wrong = (struct.pack(">I", length) + b"xml x" for length in (0, 15, 400))
    for box in (*short, too_long + b"uuid", too_long + b"xml x", *wrong):
        # The pixels may be said to reach up to the end of the file.
        for pixels in (data[at:], bytes(4) + data[at + 4 :]):
            assert furthest(decoded(data[:at] + box + pixels + BEHIND[behind]).image, base()) == 0, box
    assert furthest(decoded(data + box + BEHIND[behind]).image, base()) == 0


def test_a_tiff_with_tags_beyond_its_end_keeps_its_picture() -> None:
    buffer = io.BytesIO()
    base().save(buffer, "TIFF", icc_profile=PROFILE, tiffinfo={305: "x" * 50, 700: b"y" * 50})
    data = bytearray(buffer.getvalue())
    for tag in (305, 700):
        entry = data.index(struct.pack("<HH", tag, 2 if tag == 305 else 1))
        data[entry + 8 : entry + 12] = struct.pack("<I", len(data) + 1000)
    result = decoded(bytes(data))
    assert result.icc_profile == PROFILE
    assert furthest(result.image, base()) == 0


# Types of numbers (TIFF 6.0, section 2), and the bytes of each. XMP should be of the first or of UNDEFINED.
TYPES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 9: 4, 11: 4, 12: 8, 13: 4}


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw"])
def test_xmp_of_any_type_takes_no_tiff_along(compression: str) -> None:
    xmp = XMP.ljust(80)
    options: dict[str, Any] = {"icc_profile": PROFILE, "tiffinfo": {700: xmp}, "compression": compression}
    data = encoded(base(), "TIFF", **options, save_all=True, append_images=[base()])
    # On both pages.
    places = [found.start() + 2 for found in re.finditer(re.escape(struct.pack("<HHI", 700, 1, len(xmp))), data)]
    assert len(places) == 2
    for at, (kind, size) in product(places, TYPES.items()):
        changed = data[:at] + struct.pack("<HI", kind, len(xmp) // size) + data[at + 6 :]
        result = decoded(changed, all_frames=True)
        assert (result.icc_profile, result.metadata.xmp) == (PROFILE, xmp), kind
        assert [furthest(frame, base()) for frame in result.frames] == [0, 0], kind


@pytest.mark.parametrize("broken", [0, 4])
def test_broken_exif_in_an_avif_takes_nothing_along(broken: int) -> None:
    data = picture("libavif/paris_icc_exif_xmp.avif")
    at = data.index(b"II*\0") - broken
    result = decoded(data[:at] + b"\xff" * 40 + data[at + 40 :])
    assert furthest(result.image, decoded(data).image) == 0
    assert (result.metadata.exif, result.metadata.xmp) == (b"", decoded(data).metadata.xmp)


def resource(number: int, content: bytes, length: int | None = None) -> bytes:
    """A resource of a PSD, which may say another length than it has."""
    length = len(content) if length is None else length
    return b"8BIM" + struct.pack(">HHI", number, 0, length) + content + bytes(len(content) % 2)


@pytest.mark.parametrize(
    "broken",
    [*(resource(1036, b"abcdefghijk", length) for length in (4000, 1, 200)), b"\xff" * 20],
    ids=["longer than all", "shorter", "longer", "none"],
)
@pytest.mark.parametrize("layers", [b"", b"\xff" * 40], ids=["no layers", "layers that are none"])
def test_a_resource_of_a_psd_takes_nothing_along(broken: bytes, layers: bytes) -> None:
    image = base().resize((9, 6))
    head = b"8BPS\0\1" + struct.pack(">6xHIIHHI", 3, 6, 9, 8, 3, 0)
    pixels = b"\0\0" + b"".join(channel.tobytes() for channel in image.split())
    profile, xmp = resource(1039, PROFILE), resource(1060, XMP)
    for resources in (broken + profile + xmp, profile + broken + xmp, profile + xmp + broken):
        result = decoded(head + b"".join(struct.pack(">I", len(part)) + part for part in (resources, layers)) + pixels)
        assert (furthest(result.image, image), result.icc_profile, result.metadata.xmp) == (0, PROFILE, XMP)


class _Counted(bytes):
    """Bytes that count how many of them are copied."""

    copied = 0

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        self.copied += len(found) if isinstance(found, bytes) else 1
        return found


def test_resources_of_a_psd_are_read_once() -> None:
    """Each of these but the last one takes those behind it along."""
    count = 500
    parts = [b"8BIM" + struct.pack(">HHI", 1036, 0, 12 * (count - number - 1) - 8) for number in range(count - 1)]
    section = _Counted(b"".join(parts) + bytes(12))
    assert list(_resources(section)) == [parts[-1] + bytes(4)]
    assert section.copied < 10 * len(section)

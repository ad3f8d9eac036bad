"""Icons whose largest pictures are broken."""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable

import pytest
from PIL import Image

from processor_service.decoding.windows_icons import by_size, entries
from processor_service.errors import Code
from processor_service.pipeline import process
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers import twin_parts
from tests.helpers.broken_icons import SIDES, bitmap, black, icon, icon_of_a_mac, macintosh, scene, windows
from tests.helpers.broken_parts import CHUNKS
from tests.helpers.kinds import decoded, furthest, refused
from tests.helpers.pictures import assert_alike, b64, encoded, opened

ICONS = {name: (data, side) for name, data, side in (*windows(), *macintosh())}


@pytest.mark.parametrize("name", ICONS)
def test_the_largest_sound_picture_is_the_icon(name: str) -> None:
    data, side = ICONS[name]
    fields = process(Request.parse({"data": b64(data)}), Settings(), Stopwatch())
    assert (fields["width"], fields["original"]["width"], fields["format"]) == (side, side, "png")
    # In a Mac's icon the size that was left out is another one's half.
    if not name.startswith("ICNS"):
        assert_alike(opened(base64.b64decode(fields["data"])).convert("RGB"), scene(side), 0, "icons")


@pytest.mark.parametrize("kind", [1, 2])
def test_an_icon_without_a_sound_picture_is_refused(kind: int) -> None:
    broken = {side: encoded(scene(side), "PNG").replace(b"IHDR", b"IHDX") for side in SIDES}
    assert refused(icon(kind, broken))[0] in (Code.CORRUPT_IMAGE, Code.TRUNCATED_IMAGE)


@pytest.mark.parametrize("kind", [1, 2])
@pytest.mark.parametrize(
    ("make", "missing"), [(bitmap, 1000), (lambda side: encoded(scene(side), "PNG"), 100)], ids=["bitmaps", "PNGs"]
)
def test_an_icon_that_is_cut_off_is_refused_as_such(kind: int, make: Callable[[int], bytes], missing: int) -> None:
    """The smallest one is there; the rest may come with the next attempt."""
    for sides in (SIDES, SIDES[:1]):
        data = icon(kind, {side: make(side) for side in sides})
        assert refused(data[:-missing])[0] is Code.TRUNCATED_IMAGE


def test_a_sound_icon_keeps_its_largest_picture() -> None:
    assert decoded(icon(1, {64: bitmap(64), 48: encoded(scene(48), "PNG")})).image.size == (64, 64)


@pytest.mark.parametrize("kind", [1, 2])
@pytest.mark.parametrize("first", ["fewest", "most"])
def test_of_several_pictures_of_a_size_the_one_with_most_colours_is_the_icon(kind: int, first: str) -> None:
    pictures = [black(32), bitmap(32)] if first == "fewest" else [bitmap(32), black(32)]
    assert_alike(decoded(icon(kind, {32: pictures})).image.convert("RGB"), scene(32), 0, "icon-colors")
    broken = encoded(scene(32), "PNG").replace(b"IHDR", b"IHDX")
    assert decoded(icon(kind, {32: [broken, black(32)]})).image.convert("RGB").getextrema() == ((0, 0),) * 3


def test_of_very_many_pictures_only_the_first_ones_are_looked_at() -> None:
    """Each has the header of a bitmap to read, once for each smaller icon that is tried."""
    count = 20_000
    place = 6 + 16 * count
    entry = struct.pack("<BBBBHHII", 32, 32, 0, 0, 1, 32, len(bitmap(32)), place)
    data = struct.pack("<HHH", 0, 1, count) + entry * count + bitmap(32)
    assert len(entries(data)) == len(by_size(data)) == 256
    assert_alike(decoded(data).image.convert("RGB"), scene(32), 0, "many-icons")


def pngs(side: int) -> dict[str, bytes]:
    """A PNG of each kind, as programs that make files smaller write them."""
    image = scene(side)
    clear = image.convert("RGBA")
    clear.putalpha(Image.linear_gradient("L").resize(image.size))
    deep = Image.new("I;16", image.size, 40_000)
    return {
        "palette": encoded(image.quantize(64), "PNG"),
        "palette with alpha": encoded(clear.quantize(64), "PNG"),
        "palette with a transparent colour": encoded(image.quantize(64), "PNG", transparency=3),
        "two colours": encoded(image.quantize(2), "PNG", bits=1),
        "grey": encoded(image.convert("L"), "PNG"),
        "grey with a transparent one": encoded(
            image.convert("L"), "PNG", transparency=image.convert("L").getpixel((5, 5))
        ),
        "grey with alpha": encoded(clear.convert("LA"), "PNG"),
        "black and white": encoded(image.convert("1"), "PNG"),
        "16 bits": encoded(deep, "PNG"),
        "colour": encoded(image, "PNG"),
        "colour with a transparent one": encoded(image, "PNG", transparency=image.getpixel((5, 5))),
        "colour with alpha": encoded(clear, "PNG"),
    }


@pytest.mark.parametrize("kind", pngs(16))
def test_the_icon_of_a_mac_has_the_colours_of_its_png(kind: str) -> None:
    largest = pngs(256)[kind]
    for several in ({b"ic08": largest}, {b"ic08": largest, b"ic07": pngs(128)[kind]}):
        result = decoded(icon_of_a_mac(several))
        assert result.image.size == (256, 256) and not result.source.is_part
        assert furthest(result.image, decoded(largest).image) == 0


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("kind", pngs(16))
def test_an_icon_has_the_colours_and_the_transparency_of_its_png(kind: str, number: int) -> None:
    largest = pngs(64)[kind]
    for several in ({64: largest}, {64: largest, 32: bitmap(32)}, {64: largest, 48: pngs(48)[kind]}):
        result = decoded(icon(number, several))
        assert result.image.size == (64, 64) and not result.source.is_part
        assert furthest(result.image, decoded(largest).image) == 0


def test_a_png_in_an_icon_that_says_a_wrong_length_is_whole() -> None:
    for kind, png in pngs(64).items():
        data = icon(1, {64: png})
        for length in (1, len(png) // 2):
            changed = data[:14] + length.to_bytes(4, "little") + data[18:]
            assert furthest(decoded(changed).image, decoded(png).image) == 0, kind


KINDS = {
    "ICO": lambda file: icon(1, {64: file, 32: encoded(black_scene(32), "PNG")}),
    "CUR": lambda file: icon(2, {64: file, 32: bitmap(32)}),
    "ICNS": lambda file: icon_of_a_mac({b"icp6": file, b"icp5": encoded(black_scene(32), "PNG")}),
}


def black_scene(side: int) -> Image.Image:
    return Image.new("RGB", (side, side))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CHUNKS)
def test_a_broken_part_of_a_png_in_an_icon_takes_nothing_along(kind: str, name: str) -> None:
    whole = encoded(scene(64), "PNG", icc_profile=twin_parts.PROFILE)
    broken = whole[:33] + CHUNKS[name] + whole[33:]
    result = decoded(KINDS[kind](broken))
    assert furthest(result.image, scene(64)) == 0
    assert (result.icc_profile, result.source.is_part) == (twin_parts.PROFILE, False)
    assert result.source.format == kind.lower() and result.source.bytes == len(KINDS[kind](broken))


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_pixels_of_a_png_in_an_icon_are_refused_also_those_that_pillow_takes(kind: str) -> None:
    """A smaller picture that is sound is the icon."""
    whole = encoded(scene(64), "PNG")
    for at in range(60, len(whole) - 20, 5):
        damaged = whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :]
        result = decoded(KINDS[kind](damaged))
        assert result.image.size == (32, 32) or furthest(result.image, scene(64)) == 0, at


@pytest.mark.parametrize("options", [{}, {"no_jp2": True}], ids=["boxes", "bare"])
def test_a_jpeg_2000_in_the_icon_of_a_mac_is_read_as_if_it_were_alone(options: dict[str, bool]) -> None:
    clear = scene(64).convert("RGBA")
    clear.putalpha(Image.linear_gradient("L").resize(clear.size))
    for image in (scene(64), clear, scene(64).convert("L")):
        file = encoded(image, "JPEG2000", **options)
        result = decoded(KINDS["ICNS"](file)).image
        assert (result.mode, furthest(result, image)) == (image.mode, 0)
    smaller_first = icon_of_a_mac({b"icp5": encoded(scene(32), "PNG"), b"icp6": file})
    for end in range(12, len(smaller_first), 3):
        assert refused(smaller_first[:end])[0] is Code.TRUNCATED_IMAGE, end


def test_an_icon_is_refused_where_its_format_is_also_if_its_png_is_not() -> None:
    common = Settings(formats="common")
    for kind in ("CUR", "ICNS"):
        code, reason = refused(KINDS[kind](encoded(scene(64), "PNG")), common)
        assert code is Code.UNSUPPORTED_FORMAT and reason.startswith(f"{kind.lower()} is accepted only")


@pytest.mark.parametrize("kind", [1, 2])
@pytest.mark.parametrize("less", [20, 60])
def test_a_png_that_is_longer_than_its_icon_says_is_stored_whole(kind: int, less: int) -> None:
    """Decoders read on; the part that was stored could not be decoded."""
    data = icon(kind, {48: encoded(scene(48), "PNG")})
    size = int.from_bytes(data[14:18], "little")
    wrong = data[:14] + (size - less).to_bytes(4, "little") + data[18:]
    fields = process(Request.parse({"data": b64(wrong), "operations": []}), Settings(), Stopwatch())
    assert furthest(decoded(base64.b64decode(fields["data"])).image, decoded(data).image) == 0

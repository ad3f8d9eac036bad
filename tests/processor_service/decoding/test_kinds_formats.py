"""Every format that is read looks like the same picture in a common format; what is not read is refused helpfully."""

from __future__ import annotations

import random
import sys
from typing import Any

import pytest
from PIL import Image

from processor_service.errors import Code
from processor_service.extras import installing
from processor_service.formats import registry
from processor_service.formats.heif_turn import is_quarter_turned
from processor_service.pipeline import process
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers.kinds import SETTINGS, decoded, furthest, refused
from tests.helpers.paths import CORPUS
from tests.helpers.pictures import assert_alike, b64, encoded, opened, picture
from tests.helpers.turned_heif import SIDE, clip, heic, turn

HOPPER = ("qoi", "sgi", "ras", "dcx", "fli", "pxr")
COMMON = Settings(formats="common")


@pytest.mark.parametrize(
    ("name", "twin", "tolerance"),
    [
        *((f"pillow/hopper.{suffix}", "pillow/hopper.jpg", 12) for suffix in HOPPER),
        ("pillow/hopper_long_name.im", "pillow/hopper.jpg", 12),
        ("pillow/hopper_bpp2.xpm", "pillow/hopper.jpg", 12),
        ("pillow/hopper_webp_bits.ppm", "pillow/hopper.jpg", 12),
        ("pillow/bgr15.dds", "pillow/bgr15.png", 0),
        ("pillow/blp/blp2_dxt1.blp", "pillow/blp/blp2_dxt1.png", 0),
        ("pillow/ftex_dxt1.ftc", "pillow/ftex_dxt1.png", 1),
        ("golang-image/colormap.bmp", "golang-image/colormap.png", 0),
        ("golang-image/video-001.bmp", "golang-image/video-001.png", 0),
        ("golang-image/video-001.tiff", "golang-image/video-001.png", 0),
        ("golang-image/blue-purple-pink.lossless.webp", "golang-image/blue-purple-pink.png", 0),
        ("golang-image/gopher-doc.with-alpha.lossless.webp", "golang-image/gopher-doc.with-alpha.png", 0),
        ("golang-image/gopher-doc.2bpp.lossless.webp", "golang-image/gopher-doc.2bpp.png", 0),
        ("libavif/draw_points_idat.avif", "libavif/draw_points.png", 1),
        ("pillow/rgb_trns_ycbc.jp2", "pillow/rgb_trns.png", 3),
        ("thumbor/image.jp2", "thumbor/image.jpg", 3),
        ("thumbor/image.webp", "thumbor/image.jpg", 3),
        ("thumbor/image.avif", "thumbor/image.jpg", 3),
    ],
)
def test_the_same_picture_in_another_format(name: str, twin: str, tolerance: float) -> None:
    assert_alike(decoded(name).image, decoded(twin).image, tolerance, name.replace("/", "-"))


@pytest.mark.parametrize("name", ["pillow/hopper.msp", "pillow/hopper_underscore.xbm"])
def test_black_and_white_is_not_reversed(name: str) -> None:
    """Seen from afar, a dithered picture is as light and dark as the photograph that it was made of."""
    image, photograph = decoded(name).image, opened(picture("pillow/hopper.jpg")).convert("L")
    near, far = (part.resize((4, 4), Image.Resampling.BOX) for part in (image, photograph))
    lights = list(zip(near.get_flattened_data(), far.get_flattened_data(), strict=True))
    mean = [sum(part) / 16 for part in zip(*lights, strict=True)]
    assert sum((one - mean[0]) * (other - mean[1]) for one, other in lights) > 0


def test_grey_of_a_plain_pgm() -> None:
    assert_alike(decoded("pillow/hopper_8bit_plain.pgm").image, opened(picture("pillow/hopper.jpg")).convert("L"), 12)


@pytest.mark.parametrize(
    ("name", "format", "size"),
    [
        ("pillow/la.tga", "tga", (64, 64)),
        ("pillow/tga/common/200x32_rgba_tl_rle.tga", "tga", (200, 32)),
        ("pillow/tga/common/1x1_l_tl_raw.tga", "tga", (1, 1)),
        ("pillow/odd_stride.pcx", "pcx", (371, 150)),
        ("pillow/rgba.psd", "psd", (100, 100)),
        ("pillow/mask_1.cur", "cur", (1, 4)),
    ],
)
def test_rare_formats_are_read_unless_the_setting_says_otherwise(name: str, format: str, size: tuple[int, int]) -> None:
    result = decoded(name)
    assert (result.source.format, result.image.size) == (format, size)
    code, reason = refused(name, COMMON)
    assert code in (Code.UNSUPPORTED_FORMAT, Code.NOT_AN_IMAGE)
    assert code is Code.NOT_AN_IMAGE or "IMAGE_FORMATS=all" in reason
    assert "tga" not in reason.split("accepted are")[-1]


def test_the_largest_picture_of_an_icon() -> None:
    assert decoded("pillow/python.ico").image.size == (48, 48)
    sizes = [(16, 16), (64, 64), (32, 32)]
    assert decoded(encoded(Image.new("RGBA", (64, 64), "red"), "ICO", sizes=sizes)).image.size == (64, 64)


@pytest.mark.parametrize("format", ["PBM", "PGM", "PPM", "PFM"])
def test_the_pnm_family(format: str) -> None:
    texts = {
        "PBM": b"P1 2 1 1 0",
        "PGM": b"P5 2 1 255 \x00\xff",
        "PPM": b"P6 2 1 255 \x00\x00\x00\xff\xff\xff",
        "PFM": b"Pf\n2 1\n-1.0\n\x00\x00\x00\x00\x00\x00\x80\x3f",
    }
    assert list(decoded(texts[format]).image.convert("RGB").getchannel("R").get_flattened_data()) == [0, 255]


def test_every_readable_format_has_a_decoder_and_a_name() -> None:
    Image.init()
    assert set(registry.decoders(registry.readable(SETTINGS))) <= set(Image.OPEN)
    assert all(name.islower() for name in (one.name for one in registry.readable(SETTINGS)))
    assert registry.readable(COMMON) == registry.readable(SETTINGS)[: len(registry.readable(COMMON))]


def test_heic_with_the_optional_extra() -> None:
    pytest.importorskip("pi_heif")
    result = decoded("thumbor/image.heic")
    assert (result.source.format, result.image.mode, result.orientation) == ("heif", "RGB", 1)
    assert registry.stored_as("heif") == "jpeg"
    assert refused("thumbor/image.heic", Settings(max_pixels=100))[0] is Code.TOO_MANY_PIXELS
    assert refused(picture("thumbor/image.heic")[:500])[0] in (Code.TRUNCATED_IMAGE, Code.CORRUPT_IMAGE)


@pytest.mark.parametrize("quarters", range(4))
@pytest.mark.parametrize("first", [False, True])
def test_a_turned_heic_is_as_large_as_in_the_file(quarters: int, first: bool) -> None:
    """Whether its turn comes before or behind other properties that it has."""
    properties = [clip(256, 200), turn(quarters)] if not first else [turn(quarters)]
    result = decoded(heic(*properties))
    height = SIDE if first else 200
    assert (result.source.width, result.source.height) == (SIDE, height)
    assert result.image.size == ((height, SIDE) if quarters % 2 else (SIDE, height))


def test_a_heic_whose_boxes_are_broken_is_as_large_as_its_decoder_says() -> None:
    sound = heic(turn(1))
    assert is_quarter_turned(sound)
    for name in (b"meta", b"pitm", b"iprp", b"ipma", b"irot"):
        for broken in (sound.replace(name, b"free"), sound[: sound.index(name) + 5]):
            assert is_quarter_turned(broken) is False


def test_heic_without_the_optional_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    registry.heif_is_installed.cache_clear()
    try:
        code, reason = refused("thumbor/image.heic")
    finally:
        monkeypatch.undo()
        registry.heif_is_installed.cache_clear()
    assert code is Code.UNSUPPORTED_FORMAT
    assert installing("heic") in reason
    assert "heif" not in reason.split("accepted are")[-1]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"%PDF-1.7\n", "PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "PostScript"),
        (b"\xff\x0a" + bytes(30), "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b'<?xml version="1.0"?>\n<!-- a --><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b"  <svg width='3'/>", "SVG"),
        (b"<!DOCTYPE html><html>404</html>", "HTML"),
        (b"\xd7\xcd\xc6\x9a" + bytes(40), "WMF"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isom", "video"),
        (b"\0\0\0\x18ftypcrx \0\0\0\0crx ", "raw"),
        (b"PK\x03\x04" + bytes(30), "archive"),
        (bytes(128) + b"DICM", "DICOM"),
    ],
)
def test_what_is_not_read_is_refused_with_a_sentence(data: bytes, name: str) -> None:
    code, reason = refused(data)
    assert code is Code.UNSUPPORTED_FORMAT
    assert name in reason
    assert "accepted are jpeg, png, webp" in reason


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not beside this checkout")
@pytest.mark.parametrize("ending", [".eps", ".wmf", ".h5"])
def test_formats_that_need_other_programs_are_refused(ending: str) -> None:
    for path in CORPUS.rglob(f"*{ending}"):
        assert refused(path.read_bytes())[0] in (Code.UNSUPPORTED_FORMAT, Code.NOT_AN_IMAGE)


def test_noise_and_text_are_not_taken_for_pictures() -> None:
    """TGA and IM have no magic number, PCX a weak one: whatever comes must not be taken for them."""
    noise = random.Random(7)
    samples = [noise.randbytes(noise.choice([3, 30, 3000])) for _ in range(3000)]
    samples += [bytes(size) for size in (0, 1, 17, 18, 19, 100, 5000)]
    samples += [
        b"Name: a\r\nScale: 1\n\x1a" + bytes(300_000),
        b"#define x_width\n",
        b"/* c */ int main() {}\n",
        b"\x0a\x05" + bytes(200),
    ]
    # The header of a TGA of 2 x 2 pixels, and nothing behind it.
    samples += [bytes([0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 2, 0, 24, 0])]
    assert {refused(sample)[0] for sample in samples} <= {
        Code.NOT_AN_IMAGE,
        Code.CORRUPT_IMAGE,
        Code.TRUNCATED_IMAGE,
        Code.UNSUPPORTED_FORMAT,
    }
    assert sum(refused(sample)[0] is Code.NOT_AN_IMAGE for sample in samples) >= len(samples) - 4


def test_a_slow_decoder_gets_fewer_pixels() -> None:
    code, reason = refused("pillow/hopper.qoi", Settings(max_slow_pixels=128 * 128 - 1))
    assert code is Code.TOO_MANY_PIXELS
    assert "IMAGE_MAX_SLOW_PIXELS" in reason
    assert furthest(decoded("pillow/hopper.qoi").image, opened(picture("pillow/hopper.qoi"))) == 0


TURNED = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'


@pytest.mark.parametrize(
    ("format", "options"),
    [("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"}), ("TIFF", {"big_tiff": True}), ("AVIF", {})],
    ids=str,
)
def test_a_turn_in_xmp_does_not_count_where_the_file_itself_says_how_it_is_turned(
    format: str, options: dict[str, Any]
) -> None:
    """It was applied to a TIFF, and lost when that was stored as it is."""
    image = Image.radial_gradient("L").resize((40, 24)).convert("RGB")
    xmp = {"tiffinfo": {700: TURNED}} if format == "TIFF" else {"xmp": TURNED}
    data = encoded(image, format, **options, **xmp)
    result = decoded(data)
    assert (result.image.size, result.orientation, result.metadata.xmp) == (image.size, 1, TURNED)
    fields = process(Request.parse({"data": b64(data), "operations": ["strip_metadata"]}), SETTINGS, Stopwatch())
    assert (fields["width"], fields["height"], opened(fields["data"]).size) == (*image.size, image.size)

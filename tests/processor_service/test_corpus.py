"""The whole corpus, where it lies beside the checkout: every file is processed, or refused with a code that fits."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import ExifTags, Image

from processor_service.decoding.decode import decode
from processor_service.encoding.encode import encode
from processor_service.errors import Code, ImageError
from processor_service.operations import Operation, wants_all_frames
from processor_service.picture import Picture
from processor_service.wire.recipe import parse_operations
from tests.helpers.kinds import SETTINGS, furthest, shown
from tests.helpers.paths import CORPUS
from tests.helpers.pictures import assert_alike
from tests.helpers.service import DEFAULT_OPERATIONS

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not beside this checkout")

# What Pillow decodes and we refuse, with the reason; everything else that Pillow decodes is processed.
REFUSED_ON_PURPOSE = {"thumbor/9643x10328.jpg": Code.TOO_MANY_PIXELS}
# What Pillow does not decode and we do: pictures within hostile metadata, HEIC with the optional extra, JPEGs that only
# lack their end marker, inks with alpha, the still picture of an APNG without the numbers of its frames.
GAINED = {
    "pillow/apng/chunk_no_fctl.png",
    "pillow/png_decompression_dos.png",
    "pillow/unknown_compression_method.png",
    "thumbor/image.heic",
    "pillow/truncated_jpeg.jpg",
    "jpegturbo-seeds/images/id_000385,src_000000,op_int32,pos_500,val_-32768,+cov.jpg",
    "jpegturbo-seeds/images/id_000903,src_000177,op_havoc,rep_2.jpg",
    "image-rs/bad/tiff/TODO_hpredict_cmyk.tiff",
}
# Codes that say something about the file. Others (a timeout, a defect) would say something about us.
ABOUT_THE_FILE = {
    Code.NOT_AN_IMAGE,
    Code.UNSUPPORTED_FORMAT,
    Code.CORRUPT_IMAGE,
    Code.TRUNCATED_IMAGE,
    Code.TOO_MANY_PIXELS,
    Code.DIMENSION_TOO_LARGE,
    Code.TOO_MANY_FRAMES,
}
LOSSLESS_TWINS = [
    ("golang-image/blue-purple-pink.lossless.webp", "golang-image/blue-purple-pink.png"),
    ("golang-image/blue-purple-pink.lzwcompressed.tiff", "golang-image/blue-purple-pink.png"),
    ("golang-image/gopher-doc.1bpp.lossless.webp", "golang-image/gopher-doc.1bpp.png"),
    ("golang-image/gopher-doc.2bpp.lossless.webp", "golang-image/gopher-doc.2bpp.png"),
    ("golang-image/gopher-doc.4bpp.lossless.webp", "golang-image/gopher-doc.4bpp.png"),
    ("golang-image/gopher-doc.8bpp.lossless.webp", "golang-image/gopher-doc.8bpp.png"),
    ("golang-image/gopher-doc.with-alpha.lossless.webp", "golang-image/gopher-doc.with-alpha.png"),
    ("golang-image/video-001.bmp", "golang-image/video-001.png"),
    ("golang-image/video-001.tiff", "golang-image/video-001.png"),
    ("golang-image/video-001-strip-64.tiff", "golang-image/video-001.tiff"),
    ("golang-image/colormap.bmp", "golang-image/colormap.png"),
    ("golang-image/colormap-0.bmp", "golang-image/colormap-0.png"),
    ("golang-image/colormap-251.bmp", "golang-image/colormap-251.png"),
    ("golang-image/bmp_1bpp.bmp", "golang-image/bmp_1bpp.png"),
    ("golang-image/bmp_4bpp.bmp", "golang-image/bmp_4bpp.png"),
    ("golang-image/bw-gopher_ccittGroup3.tiff", "golang-image/bw-gopher.png"),
    ("golang-image/bw-gopher_ccittGroup4.tiff", "golang-image/bw-gopher.png"),
    ("pillow/tiff_strip_planar_16bit_RGB.tiff", "pillow/tiff_16bit_RGB.tiff"),
    ("pillow/16bit.MM.cropped.tif", "pillow/16bit.r.tif"),
    ("pillow/16bit.deflate.tif", "pillow/16bit.r.tif"),
]
LOCATED = (b"GPSLatitude", b"GPSInfo", b"atitude")
# What the pixels of a TIFF cannot do without; a TIFF is its own EXIF.
LAYOUT = set(range(254, 263)) | {273, 277, 278, 279, 282, 283, 284, 296, 317, 320, 338, 339}


def expected() -> dict[str, dict[str, Any]]:
    return dict(json.loads((CORPUS / "EXPECTED.json").read_text())) if CORPUS.is_dir() else {}


EXPECTED = expected()


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Picture | ImageError]:
    """Every file of the corpus, decoded; anything but an ImageError is a defect and fails here."""
    return dict(decode_all())


def decode_all() -> Iterator[tuple[str, Picture | ImageError]]:
    for name in EXPECTED:
        try:
            picture = decode((CORPUS / name).read_bytes(), SETTINGS)
            # Looked at later for their sizes only: the pixels of all files are too much to keep.
            picture.frames = [
                frame if frame.width * frame.height < 300_000 else frame.resize((9, 9)) for frame in picture.frames
            ]
            yield name, picture
        except ImageError as error:
            yield name, error


def test_every_file_that_pillow_decodes_is_processed_and_every_other_has_a_code(
    outcomes: dict[str, Picture | ImageError], capsys: pytest.CaptureFixture[str]
) -> None:
    refusals = {name: error for name, error in outcomes.items() if isinstance(error, ImageError)}
    pillow = {name for name, known in EXPECTED.items() if known["pillow_outcome"] == "ok"}
    assert {name: refusals[name].code for name in pillow & refusals.keys()} == REFUSED_ON_PURPOSE
    assert set(EXPECTED) - pillow - refusals.keys() <= GAINED
    assert {error.code for error in refusals.values()} <= ABOUT_THE_FILE
    assert all(len(error.reason) > 15 for error in refusals.values())
    counts = Counter(error.code.code for error in refusals.values())
    with capsys.disabled():
        print(f"\n{len(EXPECTED)} files: {len(EXPECTED) - len(refusals)} ok, {dict(counts.most_common())}")


def test_sizes_and_formats_are_what_is_known(outcomes: dict[str, Picture | ImageError]) -> None:
    for name, picture in outcomes.items():
        known = EXPECTED[name]
        if isinstance(picture, Picture) and "size" in known and known["pillow_outcome"] == "ok":
            assert [picture.source.width, picture.source.height] == known["size"], name
            assert picture.source.format == {"JPEG2000": "jp2", "PPM": "pnm"}.get(
                known["format"], known["format"].lower()
            )
            if (orientation := known.get("exif_orientation")) and known["format"] != "TIFF":
                assert picture.orientation == orientation, name


def test_what_is_truncated_is_called_so(outcomes: dict[str, Picture | ImageError]) -> None:
    for name in (
        "sharp/truncated.jpg",
        "sharp/truncated.png",
        "skimage/truncated.jpg",
        "thumbor/BlueSquare_truncated.jpg",
    ):
        refusal = outcomes[name]
        assert isinstance(refusal, ImageError)
        assert refusal.code is Code.TRUNCATED_IMAGE, name


@pytest.mark.parametrize(("one", "other"), LOSSLESS_TWINS)
def test_lossless_twins_are_equal(one: str, other: str) -> None:
    images = [shown((CORPUS / name).read_bytes()) for name in (one, other)]
    assert furthest(*images) == 0


@pytest.mark.parametrize("group", ["exif-orientation/Landscape_{}.jpg", "pillow/hopper_orientation_{}.jpg"])
def test_orientation_groups_are_alike(group: str) -> None:
    files = [CORPUS / group.format(number) for number in range(9)]
    images = [shown(path.read_bytes()) for path in files if path.exists()]
    assert len(images) >= 7
    assert len({image.size for image in images}) == 1
    for image in images[1:]:
        # A number is written into the middle of each scene: from afar they are the same.
        assert_alike(image.resize((60, 40), reducing_gap=2), images[0].resize((60, 40), reducing_gap=2), 6, "group")


@pytest.mark.parametrize(
    "steps", [DEFAULT_OPERATIONS, [{"strip_metadata": {}}]], ids=["default recipe", "metadata only"]
)
def test_nothing_of_the_metadata_is_stored(steps: list[dict[str, Any]]) -> None:
    operations: list[Operation] = parse_operations(steps)
    checked = 0
    for name, known in EXPECTED.items():
        if known["pillow_outcome"] != "ok" or known["size"][0] * known["size"][1] > 1_000_000:
            continue
        data = (CORPUS / name).read_bytes()
        if not (b"Exif" in data or b"eXIf" in data or any(word in data for word in LOCATED) or b"xmp" in data):
            continue
        picture = decode(data, SETTINGS)
        for operation in operations:
            operation.apply_to(picture)
        stored, _ = encode(picture)
        written = Image.open(io.BytesIO(stored))
        exif = written.getexif()
        # Where nothing turned the picture, its orientation is all that is kept.
        assert set(exif) <= {ExifTags.Base.Orientation} | (LAYOUT if written.format == "TIFF" else set()), name
        assert not exif.get_ifd(ExifTags.IFD.GPSInfo), name
        assert not {"xmp", "photoshop", "comment", "icc_profile"} & written.info.keys(), name
        assert not any(word in stored for word in LOCATED), name
        checked += 1
    assert checked > 50


# Recipes that write in other ways, each of which could carry metadata over.
WRITING: list[list[dict[str, Any]]] = [
    *(
        list[dict[str, Any]]([{"convert": {"format": format}}, {"strip_metadata": {"keep": ["icc", "copyright"]}}])
        for format in ("jpeg", "png", "webp", "avif", "gif")
    ),
    [{"animation": {"frames": "keep"}}],
    [{"animation": {"frames": "keep"}}, {"convert": {"format": "webp"}}],
]


def has_place(data: bytes) -> bool:
    """Whether EXIF has a position, or XMP speaks of one."""
    try:
        gps = Image.open(io.BytesIO(data)).getexif().get_ifd(ExifTags.IFD.GPSInfo)
    except Exception:
        gps = {}
    return {ExifTags.GPS.GPSLatitude, ExifTags.GPS.GPSLongitude} <= gps.keys() or any(word in data for word in LOCATED)


@pytest.mark.parametrize("steps", WRITING, ids=[json.dumps(steps) for steps in WRITING])
def test_no_place_is_stored_however_the_picture_is_written(steps: list[dict[str, Any]]) -> None:
    operations: list[Operation] = parse_operations(steps)
    located = 0
    for name, known in EXPECTED.items():
        data = (CORPUS / name).read_bytes()
        if known["pillow_outcome"] != "ok" or len(data) > 3_000_000 or not has_place(data):
            continue
        picture = decode(data, SETTINGS, all_frames=wants_all_frames(operations))
        for operation in operations:
            operation.apply_to(picture)
        stored, _ = encode(picture)
        assert not has_place(stored), name
        located += 1
    assert located >= 5


def test_the_corpus_is_whole() -> None:
    assert len(EXPECTED) == 956
    assert all((CORPUS / name).exists() for name in EXPECTED), Path(CORPUS)

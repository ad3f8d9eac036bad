from __future__ import annotations

import base64
import io
import random
import struct
import zlib

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageSequence, PngImagePlugin
from PIL.TiffImagePlugin import TiffImageFile

from processor_service.color.bare_profile import bare_profile
from processor_service.decoding.decode import decode
from processor_service.document import failure
from processor_service.errors import Code, ImageError
from processor_service.formats.boxes import item_places
from processor_service.formats.containers import gif_blocks, jpeg_segments
from processor_service.metadata.cut import cut_metadata, cut_refused
from processor_service.pipeline import process
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.recipe import parse_recipe
from processor_service.wire.request import Request
from tests.helpers.paths import CORPUS, PICTURES
from tests.helpers.pictures import b64, opened, picture
from tests.helpers.secrets_in_files import gif, jp2, jpeg, png, webp
from tests.helpers.secrets_in_more_files import avif, bmp, icons, pnm, tiff

SETTINGS = Settings()
SECRET = b"7 Example Street"


def stored(data: bytes, operations: object = None) -> bytes:
    body = {"data": b64(data), "operations": operations, "properties": []}
    return base64.b64decode(process(Request.parse(body), SETTINGS, Stopwatch())["data"])


def with_metadata(format_: str, orientation: int = 6, **options: object) -> bytes:
    """A photograph with a place, a comment, an address in each kind of metadata that Pillow can write."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Artist] = "Ansel"
    exif[ExifTags.Base.ImageDescription] = SECRET.decode()
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (48.0, 51.0, 29.0), 3: "E", 4: (2.0, 17.0, 40.0)})
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF>" + SECRET + b"</rdf:RDF></x:xmpmeta>"
    extra: dict[str, object] = {"exif": exif, "xmp": xmp, **options}
    if format_ == "PNG":
        texts = PngImagePlugin.PngInfo()
        texts.add_text("Comment", SECRET.decode(), zip=True)
        texts.add_itxt("XML:com.adobe.xmp", xmp.decode())
        extra = {"exif": exif, "pnginfo": texts, **options}
    if format_ in ("JPEG", "GIF"):
        extra["comment"] = SECRET
    buffer = io.BytesIO()
    image = opened(picture("exif-orientation/Landscape_1.jpg")).resize((90, 60))
    image.save(buffer, format_, **extra)
    return buffer.getvalue()


def frames(data: bytes) -> list[bytes]:
    with Image.open(io.BytesIO(data)) as image:
        return [frame.convert("RGBA").tobytes() for frame in ImageSequence.Iterator(image)]


@pytest.mark.parametrize("operations", [None, [], ["strip_metadata"]])
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "GIF"])
def test_without_operations_only_the_metadata_goes(format_: str, operations: object) -> None:
    data = with_metadata(format_)
    cut = stored(data, operations)
    assert SECRET in data or format_ == "PNG"
    assert frames(cut) == frames(data)
    image = opened(cut)
    turned = {} if format_ == "GIF" else {ExifTags.Base.Orientation: 6}
    assert dict(image.getexif()) == turned
    assert not {"xmp", "comment", "Comment", "XML:com.adobe.xmp"} & image.info.keys()
    for trace in (SECRET, zlib.compress(SECRET)[:8], b"Ansel", b"GPS", b"xmpmeta"):
        assert trace not in cut
    # What was cut is left alone from then on.
    assert stored(cut, operations) == cut


def test_an_avif_is_encoded_again() -> None:
    data = with_metadata("AVIF", orientation=1)
    cut = stored(data)
    assert opened(cut).format == "AVIF"
    assert SECRET not in cut
    assert b"xmpmeta" not in cut
    assert not opened(cut).getexif().get_ifd(ExifTags.IFD.GPSInfo)


@pytest.mark.parametrize(
    "name", ["12in16bit.tif", "16bit.MM.cropped.tif", "tiff_tiled_planar_16bit_RGBa.tiff", "lab.tif"]
)
def test_a_tiff_keeps_every_bit_of_its_pixels(name: str) -> None:
    data = picture(f"pillow/{name}")
    described = b"ImageDescription: " + SECRET
    cut = stored(data + described)
    assert SECRET not in cut
    before, after = (decode(file, SETTINGS).image for file in (data, cut))
    assert np.array_equal(np.asarray(before), np.asarray(after))
    with Image.open(io.BytesIO(data)) as one, Image.open(io.BytesIO(cut)) as other:
        assert isinstance(one, TiffImageFile) and isinstance(other, TiffImageFile)
        for tag in (258, 259, 262, 277, 284):
            assert one.tag_v2.get(tag) == other.tag_v2.get(tag)


def test_names_can_be_kept_in_a_tiff() -> None:
    cut = opened(stored(with_metadata("TIFF"), [{"strip_metadata": {"keep": ["copyright"]}}]))
    assert cut.getexif()[ExifTags.Base.Artist] == "Ansel"
    assert ExifTags.Base.ImageDescription not in cut.getexif()


def test_previews_among_the_pages_of_a_tiff_go() -> None:
    preview = Image.new("RGB", (10, 10), "red")
    preview.encoderinfo = {"tiffinfo": {254: 1}}
    buffer = io.BytesIO()
    Image.new("RGB", (40, 40), "green").save(buffer, "TIFF", save_all=True, append_images=[preview])
    assert [len(frame) for frame in frames(stored(buffer.getvalue()))] == [40 * 40 * 4]


def naming_its_bytes_many_times(step: int) -> bytes:
    """A TIFF of 200 pages with one strip each, `step` bytes behind the one of the page before."""
    buffer = io.BytesIO()
    Image.effect_noise((300, 300), 60).save(buffer, "TIFF", compression=None)
    data = bytearray(buffer.getvalue())
    (first,) = struct.unpack_from("<I", data, 4)
    size = 2 + 12 * int.from_bytes(data[first : first + 2], "little")
    directory = bytearray(data[first : first + size])
    place = next(at for at in range(2, size, 12) if int.from_bytes(directory[at : at + 2], "little") == 273) + 8
    for _ in range(200):
        struct.pack_into("<I", data, len(data) - 4 if len(data) > len(buffer.getvalue()) else first + size, len(data))
        struct.pack_into("<I", directory, place, struct.unpack_from("<I", directory, place)[0] + step)
        data += directory + bytes(4)
    return bytes(data)


def test_a_file_that_names_the_same_bytes_many_times_does_not_grow() -> None:
    shared = naming_its_bytes_many_times(0)
    cut = cut_refused(shared)
    assert cut is not None
    assert len(cut) <= len(shared)
    assert frames(cut) == frames(shared)
    assert cut_refused(naming_its_bytes_many_times(1)) is None


def test_a_table_of_places_that_take_no_bytes_is_bounded() -> None:
    """Of 65,535 items each says that it has 65,535 parts, in numbers of no bytes."""
    item = struct.pack(">HHH", 1, 0, 65535)
    with pytest.raises(ValueError, match="too many items"):
        list(item_places(bytes(4) + bytes(2) + struct.pack(">H", 65535) + item * 10, 0))


def test_a_file_of_a_million_parts_is_not_gone_through_to_its_end() -> None:
    segments = b"\xff\xd8" + b"\xff\xe5\0\2" * 1_000_000 + b"\xff\xd9"
    chunks = b"\x89PNG\r\n\x1a\n" + (bytes(4) + b"IDAT" + bytes(4)) * 200_000
    assert cut_refused(segments) is None
    assert cut_refused(chunks) is None


def test_damaged_files_are_cut_or_not_and_nothing_else_comes_of_them() -> None:
    chance = random.Random(12)
    files = [data for make in (jpeg, png, webp, gif, jp2, tiff, avif, icons, bmp, pnm) for _, data in make()]
    for _ in range(1500):
        data = bytearray(chance.choice(files))
        for _ in range(chance.randint(1, 8)):
            at = chance.randrange(len(data))
            data[at : at + chance.choice((0, 1, 1, 4))] = bytes(
                chance.choice((0, 1, 127, 255)) for _ in range(chance.randint(0, 4))
            )
        cut = cut_refused(bytes(data))
        assert cut is None or len(cut) <= len(data) + 64 * 1024


def test_a_refused_photograph_keeps_its_turn_and_nothing_else() -> None:
    for format_ in ("JPEG", "PNG", "WEBP"):
        data = with_metadata(format_)
        cut_off = format_ == "JPEG"
        cut = cut_refused(data[: len(data) - 200] if cut_off else data, cut_off=cut_off)
        assert cut is not None
        with Image.open(io.BytesIO(cut)) as image:
            assert dict(image.getexif()) == {ExifTags.Base.Orientation: 6}
        assert SECRET not in cut
        assert b"Ansel" not in cut


@pytest.mark.parametrize("data", [b"no picture", b"%PDF-1.7", b"", b"II*\0", b"RIFF\0\0\0\0WEBP"])
def test_what_is_no_picture_is_not_kept(data: bytes) -> None:
    assert cut_refused(data) is None


def test_a_raw_file_is_not_replaced_by_its_preview() -> None:
    body = {"data": b64(picture("cases/raw_dng.dng"))}
    assert failure(ImageError(Code.UNSUPPORTED_FORMAT, "raw"), body)["fields"]["data"] is None


def test_what_is_stored_of_a_picture_by_address_stays() -> None:
    body = {"data": b64(picture("cases/exif_full.jpg")), "url": "https://images.example.org/1.jpg"}
    assert "data" not in failure(ImageError(Code.TRUNCATED_IMAGE, "cut off"), body)["fields"]
    assert "fields" not in failure(ImageError(Code.BUSY, "busy"), body)


def test_pages_stay_when_metadata_goes() -> None:
    buffer = io.BytesIO()
    pages = [Image.new("RGB", (20, 20), color) for color in ("red", "green", "blue")]
    pages[0].save(buffer, "TIFF", save_all=True, append_images=pages[1:], description=SECRET.decode())
    cut = stored(buffer.getvalue())
    assert SECRET not in cut
    assert frames(cut) == frames(buffer.getvalue())


def test_what_lies_behind_the_picture_goes() -> None:
    for name in ("JPEG", "PNG", "WEBP", "GIF"):
        data = with_metadata(name)
        assert SECRET not in stored(data + b"a film with sound, taken at " + SECRET)


def test_the_preview_in_a_jfif_header_goes() -> None:
    data = with_metadata("JPEG")
    preview = bytes([0xFF, 0xE0, 0, 19]) + b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x01\x01" + b"\xca\xfe\xbb"
    first = data.index(b"\xff\xe1")
    cut = stored(data[:2] + preview + data[first:])
    assert b"\xca\xfe\xbb" not in cut
    assert frames(cut) == frames(data)


def test_copyright_can_be_kept_and_everything_too() -> None:
    data = with_metadata("JPEG")
    kept = opened(stored(data, [{"strip_metadata": {"keep": ["copyright"]}}]))
    assert dict(kept.getexif()) == {ExifTags.Base.Orientation: 6, ExifTags.Base.Artist: "Ansel"}
    assert stored(data, [{"strip_metadata": {"keep": ["all"]}}]) == data
    with pytest.raises(ImageError) as refused:
        parse_recipe([{"strip_metadata": {"keep": ["all"]}}, "grayscale"], None)
    assert refused.value.code is Code.INVALID_RECIPE
    assert "copyright" in refused.value.reason


def test_a_profile_that_is_not_kept_is_not_just_taken_away() -> None:
    data = picture("libavif/paris_icc_exif_xmp.avif")
    wide = io.BytesIO()
    image = opened(data)
    image.save(wide, "JPEG", icc_profile=image.info["icc_profile"])
    kept = opened(stored(wide.getvalue())).info["icc_profile"]
    assert kept == bare_profile(image.info["icc_profile"])
    assert "icc_profile" not in opened(stored(wide.getvalue(), ["strip_metadata"])).info


def test_the_whole_corpus() -> None:
    """Every file that can be cut has the same frames as before, is cut for good, and has no trace of metadata left."""
    tried = 0
    for path in sorted((CORPUS if CORPUS.is_dir() else PICTURES).rglob("*")):
        if not path.is_file() or path.stat().st_size > 2_000_000:
            continue
        name, data = path.name, path.read_bytes()
        try:
            source = decode(data, SETTINGS)
        except ImageError:
            continue
        source.output.keep = frozenset({"icc"})
        cut = cut_metadata(data, source)
        if cut is None:
            continue
        tried += 1
        assert len(cut) <= len(data) + 1000, name
        for trace in (b"Exif\0\0MM\0*\0\0\0\x08\0\x09", b"xmpmeta", b"rdf:RDF", b"Photoshop 3.0", b"8BIM"):
            assert trace not in cut, (name, trace)
        one, other = source, decode(cut, SETTINGS)
        other.output = one.output
        assert one.orientation == other.orientation, name
        assert np.array_equal(np.asarray(one.image), np.asarray(other.image)), name
        assert one.source.frames == other.source.frames or one.source.format == "mpo", name
        assert cut_metadata(cut, other) == cut, name
    assert tried > (450 if CORPUS.is_dir() else 150)


@pytest.mark.parametrize("data", [b"\xff\xd8\xff\xe1\xff\xff", b"\xff\xd8garbage", b"no JPEG"])
def test_what_is_not_built_as_it_should_be_is_said(data: bytes) -> None:
    with pytest.raises(ValueError, match="JPEG"):
        list(jpeg_segments(data))


def test_blocks_of_a_gif_are_all_of_it() -> None:
    data = with_metadata("GIF")
    assert b"".join(block for _, block in gif_blocks(data)) == data

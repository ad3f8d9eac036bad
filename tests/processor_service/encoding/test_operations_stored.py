"""How pictures are written: formats, sizes that fit, profiles, copyright, animations."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import ExifTags, Image, ImageCms, ImageSequence

from processor_service.encoding.encode import encode, encode_image
from processor_service.errors import Code, ImageError
from processor_service.metadata.write import copyright_of
from processor_service.picture import Output, Picture, RawMetadata, Source
from processor_service.pipeline import process
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers.operation_cases import CAT, FLOWER, MOVING, P3
from tests.helpers.pictures import assert_alike, b64, difference, encoded, opened, picture, pixel


def stored(data: bytes | str, *operations: Any) -> Image.Image:
    """The stored picture of one that came in (bytes, or the name of a test picture)."""
    content = picture(data) if isinstance(data, str) else data
    request = Request.parse({"data": b64(content), "operations": list(operations), "properties": []})
    return opened(process(request, Settings(), Stopwatch())["data"])


def written(*frames: Image.Image, durations: tuple[int, ...] = (), loop: int = 0, **output: Any) -> Image.Image:
    source = Source("png", *frames[0].size, len(frames), 1)
    data, _ = encode(Picture(list(frames), source, durations=list(durations), loop=loop, output=Output(**output)))
    return opened(data)


@pytest.mark.parametrize("format", ["jpeg", "webp", "avif"])
def test_max_bytes_gives_the_best_quality_that_fits(format: str) -> None:
    image = opened(picture(FLOWER)).resize((240, 180))
    sizes = {q: len(encode_image(image, format, Output(quality=q), False)[0]) for q in range(10, 86)}
    limit = sizes[47]
    data, _ = encode_image(image, format, Output(max_bytes=limit, quality=85), False)
    best = max(quality for quality, size in sizes.items() if size <= limit)
    assert len(data) <= limit
    assert len(data) == sizes[best] or format != "jpeg"
    assert len(data) > limit * 0.9


@pytest.mark.parametrize(
    "parameters", [{"format": "jpeg", "min_quality": 80}, {"format": "png"}, {"format": "webp", "lossless": True}]
)
def test_what_cannot_fit_is_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ImageError) as refusal:
        stored(FLOWER, {"convert": {"max_bytes": 4000, **parameters}})
    assert refusal.value.code is Code.CANNOT_FIT
    assert "4000" in refusal.value.reason


def test_what_fits_anyway_is_not_touched() -> None:
    fits = stored(FLOWER, {"convert": {"format": "png", "max_bytes": 10_000_000}})
    assert difference(fits, opened(picture(FLOWER)).convert("RGB")) == 0


def test_options_of_jpeg() -> None:
    plain = stored(CAT, {"convert": {"format": "jpeg"}})
    fine = stored(CAT, {"convert": {"format": "jpeg", "chroma": "4:4:4", "progressive": True}})
    assert "progressive" not in plain.info and fine.info["progressive"]
    assert [layer[1:3] for layer in plain.layer] == [(2, 2), (1, 1), (1, 1)]  # type: ignore[attr-defined]
    assert [layer[1:3] for layer in fine.layer] == [(1, 1)] * 3  # type: ignore[attr-defined]


def test_lossless_webp_keeps_every_pixel() -> None:
    assert difference(stored(CAT, {"convert": {"format": "webp", "lossless": True}}), opened(picture(CAT))) == 0


def test_without_format_it_stays_the_format_that_came_in() -> None:
    assert stored(FLOWER, {"convert": {"quality": 30}}).format == "JPEG"


def test_a_format_with_too_little_room_is_an_error() -> None:
    with pytest.raises(ImageError) as refusal:
        stored(encoded(Image.new("L", (16384, 1))), {"convert": {"format": "webp"}})
    assert refusal.value.code is Code.DIMENSION_TOO_LARGE


def test_gif_keeps_few_colors_exactly_and_transparency() -> None:
    image = Image.new("RGBA", (20, 20), (255, 0, 255, 0))
    image.paste((10, 200, 30, 255), (0, 0, 10, 10))
    image.paste((200, 20, 30, 255), (10, 0, 20, 10))
    gif = written(image, format="gif").convert("RGBA")
    assert [gif.getpixel(at) for at in ((5, 5), (15, 5))] == [(10, 200, 30, 255), (200, 20, 30, 255)]
    assert pixel(gif, (5, 15))[3] == 0
    assert pixel(written(Image.new("RGBA", (3, 3)), format="gif").convert("RGBA"), (1, 1))[3] == 0


@pytest.mark.parametrize("format", ["png", "webp", "gif", "avif"])
@pytest.mark.parametrize("loop", [0, 1, 5])
def test_animations_keep_frames_times_and_loops(format: str, loop: int) -> None:
    frames = []
    for number, color in enumerate(("red", "lime", "blue")):
        frame = Image.new("RGBA", (32, 32), (0, 0, 0, 0))
        frame.paste(color, (number * 8, 4, number * 8 + 12, 20))
        frames.append(frame)
    moving = written(*frames, durations=(100, 250, 400), loop=loop, format=format, quality=95)
    assert getattr(moving, "n_frames", 1) == 3
    shown = [(frame.convert("RGBA"), frame.info["duration"]) for frame in ImageSequence.Iterator(moving)]
    assert [round(duration) for _, duration in shown] == [100, 250, 400]
    for (frame, _), original in zip(shown, frames, strict=True):
        assert difference(Image.composite(frame, Image.new("RGBA", frame.size), frame), original) < 4
    if format == "gif":
        assert moving.info.get("loop") == {0: 0, 1: None, 5: 4}[loop]
    elif format != "avif":
        assert moving.info.get("loop") == loop


def test_jpeg_takes_the_first_frame() -> None:
    first = stored(MOVING, {"animation": {"frames": "keep"}}, {"convert": {"format": "jpeg"}})
    assert_alike(first, opened(picture(MOVING)).convert("RGB"), 2.0)


def test_pages_are_written_as_pages() -> None:
    pages = written(Image.new("L", (4, 4), 10), Image.new("L", (4, 4), 90), format="tiff")
    assert getattr(pages, "n_frames", 1) == 2


def in_srgb(image: Image.Image) -> Image.Image:
    """As a colour-managed viewer shows it, by way of the embedded profile."""
    if "icc_profile" not in image.info:
        return image
    shown = ImageCms.profileToProfile(
        image, ImageCms.getOpenProfile(io.BytesIO(image.info["icc_profile"])), ImageCms.createProfile("sRGB")
    )
    assert shown
    return shown


@pytest.mark.parametrize("format", ["jpeg", "png", "webp", "avif", "gif"])
@pytest.mark.parametrize("keep", [[], ["icc"]])
@pytest.mark.parametrize("before", [[], ["to_srgb"]])
def test_colors_stay_with_and_without_their_profile(format: str, keep: list[str], before: list[str]) -> None:
    small = {"resize": {"width": 96}}
    result = stored(
        P3, small, *before, {"convert": {"format": format, "quality": 95}}, {"strip_metadata": {"keep": keep}}
    )
    assert ("icc_profile" in result.info) == (keep == ["icc"] and not before and format != "gif")
    original = in_srgb(opened(picture(P3)).convert("RGB")).resize(result.size, Image.Resampling.LANCZOS)
    assert_alike(in_srgb(result).convert("RGB"), original, 4.0 if format == "gif" else 2.0)


def test_fields_see_the_colors_that_people_see() -> None:
    """Kept in its profile, converted, or left alone: the colours found are the same."""
    found = []
    for operations in (None, [{"strip_metadata": {"keep": ["icc"]}}], [{"convert": {"format": "png"}}]):
        request = Request.parse({"data": b64(picture(P3)), "operations": operations, "properties": ["colors"]})
        found.append(process(request, Settings(), Stopwatch())["colors"])
    assert found[1][0] == found[2][0] == found[0][0]


def test_copyright_is_kept_when_asked_for_and_nothing_else_ever() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Copyright] = "© 2026 Jane Doe, München".encode()
    exif[ExifTags.Base.Artist] = "Jane Doe"
    exif[ExifTags.Base.Make] = "Camera"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (48.0, 8.0, 0.0)
    data = encoded(opened(picture(FLOWER)), "JPEG", exif=exif, comment=b"secret")
    for format in ("jpeg", "png", "webp", "avif"):
        kept = stored(data, {"convert": {"format": format}}, {"strip_metadata": {"keep": ["copyright"]}})
        tags = kept.getexif()
        assert tags[ExifTags.Base.Copyright].encode("latin-1").decode() == "© 2026 Jane Doe, München"
        assert tags[ExifTags.Base.Artist] == "Jane Doe"
        assert set(tags) == {ExifTags.Base.Copyright, ExifTags.Base.Artist}
        assert not tags.get_ifd(ExifTags.IFD.GPSInfo)
        bare = stored(data, {"convert": {"format": format}})
        assert not bare.getexif() and not {"exif", "icc_profile", "comment", "xmp"} & set(bare.info)


def test_copyright_is_found_in_xmp_and_iptc_too() -> None:
    xmp = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/"><rdf:Description><dc:rights><rdf:Alt>'
        "<rdf:li>© Ümit</rdf:li></rdf:Alt></dc:rights></rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()
    iptc = b"\x1c\x02\x50\x00\x04Jane" + b"\x1c\x02\x74\x00\x05other"
    assert copyright_of(RawMetadata(xmp=xmp, iptc=iptc)) == ("Jane", "© Ümit")
    assert copyright_of(RawMetadata(exif=b"Exif\0\0II*\0broken", xmp=b"<", iptc=b"\x1c\x02")) == (None, None)


def test_a_turn_that_is_not_applied_is_kept_or_applied_by_formats_without_exif() -> None:
    name = "exif-orientation/Landscape_6.jpg"
    small = {"resize": {"width": 120, "height": 120}}
    upright = stored(name, "auto_orient", small)
    turned = stored(name, small)
    assert turned.getexif()[ExifTags.Base.Orientation] == 6
    gif = stored(name, small, {"convert": {"format": "gif"}})
    assert gif.size == upright.size
    assert_alike(gif.convert("RGB"), upright, 12.0)

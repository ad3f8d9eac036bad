"""EXIF orientations, and turns that a container carries: upright, and turned once."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image

from processor_service.encoding.encode import encode
from processor_service.formats.exif_orientation import orientation_from
from processor_service.metadata.cut import cut_refused
from processor_service.picture import Output, Picture, Source
from processor_service.pixels.orientation import upright
from tests.helpers.kinds import decoded, furthest, shown
from tests.helpers.pictures import assert_alike, encoded, opened, picture
from tests.helpers.rewritten_tiffs import rewritten

# What a camera does to the scene so that the orientation turns it back (EXIF 2.32, tag 0x0112).
HELD = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
LOSSLESS: dict[str, dict[str, Any]] = {
    "PNG": {},
    "WEBP": {"lossless": True},
    "TIFF": {},
    "AVIF": {"quality": 100, "subsampling": "4:4:4"},
    "JPEG": {"quality": 100, "subsampling": 0},
}


def scene() -> Image.Image:
    """Nothing of it is symmetric."""
    y, x = np.mgrid[0:48, 0:80]
    return Image.fromarray(np.stack([x * 3, y * 5, (x + y) * 2 * (x > 40)], axis=2).astype(np.uint8))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", LOSSLESS)
def test_every_orientation_of_every_format_that_has_one(format: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    held = scene().transpose(HELD[orientation]) if orientation in HELD else scene()
    data = encoded(held, format, exif=exif, **LOSSLESS[format])
    assert_alike(shown(data), scene(), 2, f"{format}-orientation-{orientation}")


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_compressed_tiff_is_turned_once(orientation: int) -> None:
    held = scene().transpose(HELD[orientation])
    data = encoded(held, "TIFF", compression="tiff_deflate", tiffinfo={274: orientation})
    assert furthest(shown(data), scene()) == 0
    assert decoded(data).orientation == 1


@pytest.mark.parametrize("number", range(2, 9))
def test_a_scene_photographed_in_every_orientation_looks_the_same(number: int) -> None:
    one, other = (shown(f"exif-orientation/Landscape_{n}.jpg") for n in (1, number))
    # The number in the picture's middle differs, and is to.
    assert one.size == other.size == (1800, 1200)
    assert_alike(other.resize((90, 60)), one.resize((90, 60)), 6, f"Landscape_{number}")


@pytest.mark.parametrize(("number", "orientation"), [(1, 3), (2, 2), (4, 4), (5, 5), (6, 6), (7, 7), (8, 8)])
def test_png_orientations_of_imgproxy(number: int, orientation: int) -> None:
    """The same pixels in each file, another orientation."""
    plain = opened(picture("imgproxy/orientation-0.png"))
    back = {6: Image.Transpose.ROTATE_270, 8: Image.Transpose.ROTATE_90}.get(orientation, HELD[orientation])
    assert furthest(shown(f"imgproxy/orientation-{number}.png"), plain.transpose(back)) == 0


@pytest.mark.parametrize("number", range(3, 9))
def test_jpeg_orientations_of_pillow(number: int) -> None:
    assert_alike(shown(f"pillow/hopper_orientation_{number}.jpg"), shown("pillow/hopper_orientation_2.jpg"), 3)


def test_turns_in_an_avif_container_are_applied_once() -> None:
    turned = shown("libavif/abc_color_irot_alpha_irot.avif")
    assert_alike(turned, opened(picture("libavif/abc.png")).rotate(90, expand=True), 3, "avif-irot")
    # irot 1 and imir 1: the caption within the picture reads upright.
    assert decoded("pillow/avif/rot1mir1.avif").orientation == 7
    assert shown("pillow/avif/rot1mir1.avif").size == (640, 427)


def test_in_avif_the_container_counts_and_the_exif_does_not() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    data = encoded(scene(), "AVIF", quality=100, exif=exif)
    # Pillow writes the turn as irot and takes it out of the EXIF.
    assert decoded(data).orientation == 6
    assert shown(data).size == (48, 80)


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_is_upright(value: int) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = value
    assert decoded(encoded(scene(), "JPEG", exif=exif)).orientation == 1


@pytest.mark.parametrize(
    "exif",
    [
        b"",
        b"Exif\0\0",
        b"Exif\0\0MM\0*\0\0\0\x08\xff\xff",
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        b"Exif\0\0" + bytes(60000),
    ],
)
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_broken_exif_is_upright(format: str, exif: bytes) -> None:
    buffer = io.BytesIO()
    scene().save(buffer, format, exif=exif)
    result = decoded(buffer.getvalue())
    assert (result.orientation, result.image.size) == (1, (80, 48))


@pytest.mark.parametrize(
    "name", ["invalid-exif.jpg", "exif_typeerror.jpg", "exif_gps_typeerror.jpg", "broken_exif_dpi.jpg", "iptc.jpg"]
)
def test_a_photograph_with_broken_exif_is_processed(name: str) -> None:
    assert decoded(f"pillow/{name}").orientation == 1


def negative(image: Image.Image) -> Image.Image:
    return Image.eval(image, lambda value: 255 - value)


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF"])
def test_all_frames_of_an_animation_are_turned(format: str, orientation: int) -> None:
    held, other = (frame.transpose(HELD[orientation]) for frame in (scene(), negative(scene())))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    options = {"duration": 100, "exif": exif} if format != "TIFF" else {"tiffinfo": {274: orientation}}
    data = encoded(held, format, save_all=True, append_images=[other], **options, **LOSSLESS[format])
    result = decoded(data, all_frames=True)
    first, second = (upright(frame, result.orientation) for frame in result.frames)
    assert furthest(first, scene()) == furthest(second, negative(scene())) == 0


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["jpeg", "png", "webp", "avif", "gif"])
@pytest.mark.parametrize("count", [1, 2])
def test_a_turn_that_nobody_applied_is_stored_in_every_format(format: str, orientation: int, count: int) -> None:
    """Pictures and animations; an animated AVIF with a turn in its container would kill the encoder."""
    frames = [scene(), negative(scene())][:count]
    held = [frame.transpose(HELD[orientation]) if orientation in HELD else frame for frame in frames]
    picture = Picture(held, Source("png", *held[0].size, count, 1), orientation, durations=[100] * count)
    picture.output = Output(format=format, quality=95, chroma="4:4:4")
    stored, _ = encode(picture)
    result = decoded(stored, all_frames=True)
    assert len(result.frames) == (1 if format == "jpeg" else count)
    for frame, expected in zip(result.frames, frames, strict=False):
        tolerance = {"png": 0, "gif": 9}.get(format, 6)
        assert_alike(upright(frame, result.orientation), expected, tolerance, f"stored-{format}-{orientation}")


# Types of TIFF 6.0: BYTE, ASCII, LONG, SBYTE, UNDEFINED, SSHORT, SLONG.
ODD_TYPES = {1: "BYTE", 2: "ASCII", 4: "LONG", 6: "SBYTE", 7: "UNDEFINED", 8: "SSHORT", 9: "SLONG"}


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ODD_TYPES, ids=ODD_TYPES.values())
@pytest.mark.parametrize("format", sorted(LOSSLESS.keys() - {"AVIF"}))
def test_an_orientation_of_another_type_counts_when_it_is_clear(format: str, kind: int, order: str) -> None:
    """As with ExifTool; in AVIF the container's own turn counts."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    held = scene().transpose(HELD[6])
    if format == "TIFF":
        data = rewritten(encoded(held, format, exif=exif), order, big=False, kinds={274: kind})
    else:
        block = rewritten(exif.tobytes().removeprefix(b"Exif\0\0"), order, big=False, kinds={274: kind})
        data = encoded(held, format, exif=b"Exif\0\0" + block, **LOSSLESS[format])
        assert cut_turn(data) == 6
    assert_alike(shown(data), scene(), 2, f"{format}-{ODD_TYPES[kind]}-orientation")


def cut_turn(data: bytes) -> int:
    """The turn that stays in a refused picture."""
    cut = cut_refused(data)
    assert cut is not None
    with Image.open(io.BytesIO(cut)) as image:
        return int(image.getexif()[ExifTags.Base.Orientation])


@pytest.mark.parametrize("value", [0, 9, 65535, b"", b"x", b"left", "", "0", "12", "6.5", (), None, 6.5, float("nan")])
def test_an_orientation_that_is_not_clear_is_upright(value: object) -> None:
    assert orientation_from(value, "<") is None
    assert orientation_from(value, ">") is None


@pytest.mark.parametrize(
    ("value", "order"),
    [(b"\6", "<"), (b"\6\0", "<"), (b"\0\6", ">"), (b"\0\0\0\6", ">"), ("6", "<"), (6.0, ">"), ((6, 1), "<")],
)
def test_an_orientation_in_bytes_has_the_order_of_the_file(value: object, order: str) -> None:
    assert orientation_from(value, order) == 6

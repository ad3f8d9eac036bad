"""Ink, Lab and colour profiles: what they mean in sRGB, and which of them travel on."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageChops, ImageCms

from processor_service.color.profiles import make_srgb
from tests.helpers.kinds import decoded, furthest
from tests.helpers.pictures import assert_alike, encoded, opened, picture, pixel

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
DISPLAY_P3 = opened(picture("libavif/apple_gainmap_old.jpg")).info["icc_profile"]
LAB = ImageCms.createProfile("LAB")


def patches() -> Image.Image:
    image = Image.new("RGB", (8, 1))
    image.putdata(
        [
            (0, 0, 0),
            (255, 255, 255),
            (255, 0, 0),
            (0, 255, 0),
            (0, 0, 255),
            (255, 255, 0),
            (128, 128, 128),
            (200, 150, 100),
        ]
    )
    return image.resize((64, 8), Image.Resampling.NEAREST)


@pytest.mark.parametrize(
    ("name", "twin", "tolerance"),
    [("thumbor/cmyk.jpg", "thumbor/animated.gif", 6), ("pillow/pil_sample_cmyk.jpg", "pillow/pil_sample_rgb.jpg", 12)],
)
def test_adobe_inks_are_not_inverted(name: str, twin: str, tolerance: float) -> None:
    assert_alike(decoded(name).image, decoded(twin).image.convert("RGB"), tolerance, name.replace("/", "-"))


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_cmyk_without_a_profile(format: str) -> None:
    options = {"quality": 100} if format == "JPEG" else {}
    assert_alike(decoded(encoded(patches().convert("CMYK"), format, **options)).image, patches(), 3, f"cmyk-{format}")


def test_ycck() -> None:
    """Inks stored as luma and chroma, as Photoshop does: an Adobe marker with transform 2."""
    cyan, magenta, yellow, black = patches().convert("CMYK").split()
    # Where Pillow writes an ink it writes 255 - ink; the luma and chroma of the inks are to stand there as they are.
    chroma = [ImageChops.invert(part) for part in Image.merge("RGB", (cyan, magenta, yellow)).convert("YCbCr").split()]
    data = encoded(Image.merge("CMYK", (*chroma, black)), "JPEG", quality=100)
    at = data.index(b"Adobe") + 11
    assert data[at] == 0
    assert_alike(decoded(data[:at] + b"\2" + data[at + 1 :]).image, patches(), 3, "ycck")


def test_lab() -> None:
    transform = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), LAB, "RGB", "LAB")
    lab = ImageCms.applyTransform(patches(), transform)
    assert lab is not None
    assert lab.mode == "LAB"
    for profile in (None, ImageCms.ImageCmsProfile(LAB).tobytes(), SRGB, b"broken"):
        result = decoded(encoded(lab, "TIFF", **({"icc_profile": profile} if profile else {})))
        # Eight bits of Lab tell saturated blues apart by no more than this.
        assert furthest(result.image, patches()) <= 24
        assert_alike(result.image, patches(), 3.5, "lab")
        assert result.icc_profile is None
    assert min(pixel(decoded("pillow/lab.tif").image, (0, 0))) >= 254


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_a_wide_gamut_travels_with_the_pixels(format: str) -> None:
    result = decoded(
        encoded(
            patches(), format, icc_profile=DISPLAY_P3, **({"lossless": True} if format == "WEBP" else {"quality": 95})
        )
    )
    assert result.icc_profile == DISPLAY_P3
    before = pixel(result.image, (20, 4))
    make_srgb(result)
    # Display P3's red, clipped, stays red; its olive (200, 150, 100) becomes more saturated in sRGB.
    assert before[0] > 240
    assert pixel(result.image, (60, 4))[0] > 203
    assert result.icc_profile is None


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P"])
@pytest.mark.parametrize(
    "profile", [SRGB, b"", b"broken", SRGB[:200], bytes(200), b"\xff" * 3144, SRGB[:128] + b"\xff" * 500]
)
def test_a_profile_that_is_srgb_or_broken_is_dropped(profile: bytes, mode: str) -> None:
    result = decoded(encoded(patches().convert(mode), "PNG", icc_profile=profile))
    assert result.icc_profile is None
    assert furthest(result.image, patches().convert(mode)) == 0


def test_a_profile_of_another_colour_space_is_dropped() -> None:
    cmyk_like = SRGB[:16] + b"CMYK" + SRGB[20:]
    assert decoded(encoded(patches(), "PNG", icc_profile=cmyk_like)).icc_profile is None
    assert decoded(encoded(patches(), "JPEG", icc_profile=ImageCms.ImageCmsProfile(LAB).tobytes())).icc_profile is None


def test_srgb_by_another_name_is_recognized_by_its_effect() -> None:
    renamed = SRGB.replace(b"s\0R\0G\0B", b"f\0o\0o\0o").replace(b"sRGB", b"fooo")
    assert decoded(encoded(patches(), "PNG", icc_profile=renamed)).icc_profile is None


def test_a_photograph_in_display_p3() -> None:
    result = decoded("libavif/apple_gainmap_old.jpg")
    assert (result.source.format, result.source.frames) == ("mpo", 1)
    assert result.icc_profile == DISPLAY_P3


def test_nothing_of_the_metadata_travels_on_the_pixels() -> None:
    for name in ("libavif/paris_icc_exif_xmp.avif", "exif-orientation/Landscape_6.jpg", "thumbor/animated.gif"):
        result = decoded(name)
        assert result.image.info == {}
        buffer = io.BytesIO()
        result.image.save(buffer, "JPEG" if result.image.mode == "RGB" else "PNG")
        again = Image.open(buffer)
        assert not {"exif", "icc_profile", "xmp", "comment"} & again.info.keys()

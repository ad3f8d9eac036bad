"""What the golden tests of kinds of picture decode: one file of each kind, from a test suite or written here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from processor_service.color.profiles import make_srgb
from processor_service.pixels.orientation import upright
from tests.helpers.kinds import decoded
from tests.helpers.operation_cases import side_by_side
from tests.helpers.pictures import encoded, opened, picture

_SIDE = 96


@dataclass(frozen=True)
class Kind:
    """A picture of one kind; `source` is the name of a test picture or makes the bytes."""

    name: str
    source: str | Callable[[], bytes]
    frames: bool = False
    truncated: bool = False

    def shown(self) -> Image.Image:
        """As it looks, small: upright, in sRGB; all frames in a row."""
        data = picture(self.source) if isinstance(self.source, str) else self.source()
        result = decoded(data, all_frames=self.frames, accept_truncated=self.truncated)
        make_srgb(result)
        frames = [upright(frame, result.orientation) for frame in result.frames[:5]]
        for frame in frames:
            # Small by averaging, so that no detail can be missed; and as RGBA, with colours where there is something.
            frame.thumbnail((_SIDE, _SIDE), Image.Resampling.BOX, reducing_gap=None)
        row = side_by_side(frames)
        return row.convert("RGBA" if "A" in row.mode else "RGB")


def _photograph() -> Image.Image:
    return opened(picture("golang-image/video-001.png")).convert("RGB")


def _encoded(mode: str, format: str, **options: object) -> Callable[[], bytes]:
    return lambda: encoded(_photograph().convert(mode), format, **options)


KINDS: list[Kind] = [
    *(Kind(f"orientation-{n}-jpeg", f"exif-orientation/Landscape_{n}.jpg") for n in range(1, 9)),
    *(Kind(f"orientation-png-{n}", f"imgproxy/orientation-{n}.png") for n in (0, 1, 2, 4, 5, 6, 7, 8)),
    Kind("orientation-avif-irot-imir", "pillow/avif/rot1mir1.avif"),
    Kind("cmyk-adobe", "pillow/pil_sample_cmyk.jpg"),
    Kind("cmyk-profile", "thumbor/cmyk.jpg"),
    Kind("cmyk-tiff", _encoded("CMYK", "TIFF")),
    Kind("lab-tiff", "pillow/lab.tif"),
    Kind("lab-photograph", _encoded("LAB", "TIFF")),
    Kind("grey-16-png", "pngsuite/basn0g16.png"),
    Kind("grey-16-alpha-png", "sharp/16-bit-grey-alpha.png"),
    Kind("grey-16-tiff", "golang-image/video-001-gray-16bit.tiff"),
    Kind("rgb-16-tiff", "golang-image/video-001-16bit.tiff"),
    Kind("grey-12-tiff", "pillow/12in16bit.tif"),
    Kind("grey-signed-16-tiff", "pillow/16bit.s.tif"),
    Kind("integers-tiff", _encoded("I", "TIFF")),
    Kind("floats-tiff", _encoded("F", "TIFF")),
    Kind("one-bit-tiff", "golang-image/bw-gopher_ccittGroup4.tiff"),
    Kind("one-bit-bmp", "golang-image/bmp_1bpp.bmp"),
    Kind("palette-bmp", "golang-image/colormap.bmp"),
    Kind("palette-transparent-png", "pngsuite/tbbn3p08.png"),
    Kind("key-transparent-png", "pillow/rgb_trns.png"),
    Kind("interlaced-png", "pngsuite/basi6a16.png"),
    Kind("progressive-jpeg", _encoded("RGB", "JPEG", progressive=True, quality=95)),
    Kind("premultiplied-16-planar-tiff", "pillow/tiff_tiled_planar_16bit_RGBa.tiff"),
    Kind("display-p3-mpo", "libavif/apple_gainmap_old.jpg"),
    Kind("profile-avif", "libavif/paris_icc_exif_xmp.avif"),
    Kind("broken-profile", _encoded("RGB", "PNG", icc_profile=b"broken")),
    Kind("broken-exif", "pillow/invalid-exif.jpg"),
    Kind("broken-png-text", "pillow/png_decompression_dos.png"),
    Kind("truncated-jpeg-accepted", "sharp/truncated.jpg", truncated=True),
    Kind("pages-tiff", "skimage/multipage.tif", frames=True),
    Kind("apng", "pillow/apng/dispose_op_previous_region.png", frames=True),
    Kind("gif-to-background", "pillow/dispose_bgnd.gif", frames=True),
    Kind("gif-to-previous", "pillow/dispose_prev.gif", frames=True),
    Kind("gif-nothing-disposed", "pillow/dispose_none.gif", frames=True),
    Kind("avif-animated", "libavif/colors-animated-8bpc-alpha-exif-xmp.avif", frames=True),
    Kind("webp-lossless-alpha", "golang-image/gopher-doc.with-alpha.lossless.webp"),
    Kind("heic", "thumbor/image.heic"),
    Kind("jp2", "pillow/rgb_trns_ycbc.jp2"),
    Kind("jp2-photograph", "thumbor/image.jp2"),
    Kind("ico", "pillow/python.ico"),
    Kind("pgm-plain", "pillow/hopper_8bit_plain.pgm"),
    Kind("psd", "pillow/rgba.psd"),
    Kind("tga", "pillow/tga/common/200x32_rgba_tl_rle.tga"),
    *(Kind(suffix, f"pillow/hopper.{suffix}") for suffix in ("qoi", "sgi", "ras", "dcx", "fli", "pxr", "msp")),
]

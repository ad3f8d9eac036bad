"""The corpus seen by another decoder: libvips, through its own libraries, shows what we show."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import pyvips
from PIL import Image

from processor_service.color.profiles import make_srgb
from processor_service.errors import ImageError
from processor_service.pixels.orientation import upright
from tests.helpers.kinds import decoded
from tests.helpers.paths import CORPUS
from tests.helpers.pictures import difference, over_grey
from tests.processor_service.test_corpus import EXPECTED

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not beside this checkout")

_MOST_PIXELS = 2_000_000
_SMALL_FIRST = "a first frame that is smaller than the screen: black around it there, nothing here, as in browsers"
# Where libvips shows something else, each looked at, and why.
DIFFERENT = {
    "jpegturbo-seeds/images/id_000689,src_000131,op_havoc,rep_16,+cov.gif": "a fuzzer's file: frames of several sizes",
    "jpegturbo-seeds/images/id_000386,src_000247,op_arith8,pos_38,val_-21.gif": _SMALL_FIRST,
    "jpegturbo-seeds/images/id_000899,src_000633,op_flip1,pos_40.gif": _SMALL_FIRST,
    "jpegturbo-seeds/images/id_001004,src_000869,op_flip1,pos_23.gif": _SMALL_FIRST,
    "afl-vuln-samples/firefox-gif-leak2.gif": _SMALL_FIRST,
    "pillow/16_bit_binary_pgm.tiff": "32-bit integers: cut off at 255 there",
    "pillow/16bit.MM.cropped.tif": "12 bits within 16: black there",
    "pillow/16bit.deflate.tif": "12 bits within 16",
    "pillow/16bit.r.tif": "12 bits within 16",
    "pillow/16bit.s.tif": "signed: cut off there",
    "pillow/8bit.s.tif": "signed: cut off there",
    "pillow/16_bit_noise.tif": "9 bits within 16: black there",
    "sharp/16-bit-grey-alpha.png": "alpha of at most 16 of 255: cut to 8 bits without scaling there",
    "pillow/hopper_lzma.tif": "LZMA: not in that build, black there",
    "pillow/xmp_tags_orientation_exiftool.png": "turned by its XMP: not looked at there",
    "thumbor/cmyk.jpg": "ink without a profile: through a printing profile there, by the plain formula here",
    "pillow/pil_sample_cmyk.jpg": "ink without a profile",
    "libavif/clop_irot_imor.avif": "a few pixels, of 12 bits",
    "skimage/page.png": "grey in a profile of dot gain: passed over there",
    "libavif/abc_color_irot_alpha_NOirot.avif": "alpha that is turned otherwise than the colours",
}


@pytest.fixture(autouse=True)
def _trusting() -> Iterator[None]:
    pyvips.block_untrusted_set(False)
    yield
    pyvips.block_untrusted_set(True)


def by_libvips(data: bytes) -> Image.Image | None:
    """Upright and in sRGB, RGBA; None when libvips does not read it, or to nothing that a picture file has."""
    try:
        image = pyvips.Image.new_from_buffer(data, "").autorot()
        if image.get_typeof("icc-profile-data"):
            try:
                image = image.icc_transform("srgb", embedded=True, black_point_compensation=True, intent="relative")
            except pyvips.Error:
                pass
        image = image.colourspace("srgb").cast("uchar")
        if image.bands not in (1, 2, 3, 4):
            return None
        mode = ("L", "LA", "RGB", "RGBA")[image.bands - 1]
        return Image.frombytes(mode, (image.width, image.height), image.write_to_memory()).convert("RGBA")
    except pyvips.Error:
        return None


def test_another_decoder_shows_the_same() -> None:
    compared, different = 0, {}
    for name, known in EXPECTED.items():
        if known["pillow_outcome"] != "ok" or np.prod(known["size"]) > _MOST_PIXELS:
            continue
        data = (CORPUS / name).read_bytes()
        try:
            ours = decoded(data)
        except ImageError:
            continue
        theirs = by_libvips(data)
        if theirs is None:
            continue
        compared += 1
        make_srgb(ours)
        shown = upright(ours.image, ours.orientation)
        far = difference(over_grey(shown), over_grey(theirs)) if shown.size == theirs.size else 255.0
        if far > 2.5:
            different[name] = round(far, 1)
    assert compared > 500
    assert different.keys() <= DIFFERENT.keys(), {name: far for name, far in different.items() if name not in DIFFERENT}

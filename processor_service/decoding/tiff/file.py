"""TIFF as Pillow reads it, except for what it cannot read or gets wrong: more than 8 bits, dark palettes, odd kinds."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImagePalette, TiffImagePlugin
from PIL.ExifTags import Base as Tag

from ...errors import Code, ImageError
from .colors import PALETTE, RGB, is_known, to_image
from .samples import TiffSamples, read_samples
from .ycbcr import with_lengths

# WebP: Pillow's libtiff is built without it.
_NEVER_DECODED = (50001,)


class TiffFile(TiffImagePlugin.TiffImageFile):
    """A TIFF whose samples are read by `samples.py` when Pillow has no mode for them, or one that loses bits."""

    # The samples of the current page; None when Pillow reads it.
    samples: TiffSamples | None = None
    is_plain_ycbcr = False

    @property
    def size_in_file(self) -> tuple[int, int]:
        """Width and height in pixels, before the turn that Pillow applies on loading."""
        width, height = self._tile_size
        return width, height

    def _reload_exif(self) -> None:
        """Called for each page. In its XMP Pillow looks for a turn, and stumbles over one that is not of bytes."""
        self.info.pop("xmp", None)
        super()._reload_exif()

    def _setup(self) -> None:
        if self.tag_v2.get(Tag.Compression) in _NEVER_DECODED:
            raise _unknown_kind(self.tag_v2)
        samples = TiffSamples.of(self.tag_v2)
        if samples is not None and not is_known(samples):
            samples = None
        try:
            super()._setup()
        except (SyntaxError, KeyError) as error:
            if "unknown data" in str(error) or "IMAGE" in str(error):
                raise
            if samples is None:
                raise _unknown_kind(self.tag_v2) from error
        else:
            # Pillow keeps 8 bits of 16, and confuses the parts of some pictures that have a plane for each colour.
            if samples is not None and samples.bits <= 8 and not samples.planar:
                samples = None
        self.samples, self.is_plain_ycbcr = samples, False
        if samples is not None:
            self._im, self._mode, self.tile, self.palette = None, "RGB", [], None
            if Tag.InterColorProfile in self.tag_v2:
                self.info["icc_profile"] = self.tag_v2[Tag.InterColorProfile]
        elif self.mode == "YCbCr" and Tag.YCbCrSubSampling in self.tag_v2:
            # Pixels that are not packed. Pillow takes each for one that has colours of its own.
            self._mode, self.use_load_libtiff, self.tile = "RGB", True, [self._by_libtiff(self.tag_v2.offset)]
            self.is_plain_ycbcr = True
        elif self.mode in ("P", "PA"):
            self.palette = ImagePalette.raw("RGB", self._color_map().tobytes())

    def load(self) -> Any:
        if self.is_plain_ycbcr and self.tile:
            data, offset = with_lengths(self._whole(), self.tag_v2, self._tile_size)
            self.fp, self.tile = io.BytesIO(data), [self._by_libtiff(offset)]
        if self.samples is None or self._im is not None:
            return super().load()
        values = read_samples(self._whole(), self.tag_v2, self.samples)
        has_map = self.samples.photometric == PALETTE and Tag.ColorMap in self.tag_v2
        color_map = self._color_map() if has_map else None
        image = to_image(values, self.samples, color_map, self._white(), self.info.get("icc_profile", b""))
        if image.mode == "RGBA" and self.samples.photometric not in (RGB, PALETTE):
            # The profile of inks or Lab has been applied.
            self.info.pop("icc_profile", None)
        self.im, self._mode = image.im, image.mode
        self.load_end()
        return Image.Image.load(self)

    def _whole(self) -> bytes:
        assert self.fp is not None
        self.fp.seek(0)
        return self.fp.read()

    def _by_libtiff(self, directory: int) -> ImageFile._Tile:
        return ImageFile._Tile("libtiff", (0, 0, *self._tile_size), 0, ("RGBX", False, directory))

    def _white(self) -> int | None:
        """The largest value of samples, when the file says it and they have more than 8 bits."""
        found = self.tag_v2.get(Tag.MaxSampleValue)
        value = found[0] if isinstance(found, tuple) and found else found
        return value if isinstance(value, int) and 255 <= value <= 65535 else None

    def _color_map(self) -> NDArray[np.uint8]:
        """Red, green and blue of each number. They have 16 bits each, unless no value needs more than 8."""
        values = np.array(self.tag_v2[Tag.ColorMap], np.uint16)
        bits = self.tag_v2.get(Tag.BitsPerSample, (1,))[0]
        if len(values) != 3 << bits:
            raise ValueError(f"the colour map has {len(values)} numbers, {3 << bits} are needed")
        colors = values.reshape(3, -1).T
        # As libtiff does: a writer of 0 to 255 meant 8 bits.
        return np.ascontiguousarray((colors if colors.max(initial=0) < 256 else colors >> 8).astype(np.uint8))


def _unknown_kind(tags: TiffImagePlugin.ImageFileDirectory_v2) -> ImageError:
    bits = ", ".join(map(str, tags.get(Tag.BitsPerSample, (1,))[:8]))
    photometric, compression = tags.get(Tag.PhotometricInterpretation), tags.get(Tag.Compression, 1)
    return ImageError(
        Code.UNSUPPORTED_FORMAT,
        f"a TIFF of a kind that is not decoded (PhotometricInterpretation {photometric}, BitsPerSample {bits}, "
        f"SampleFormat {tags.get(Tag.SampleFormat, (1,))[0]}, Compression {compression}); "
        "send it with 8 or 16 bits a sample, in grey, RGB or CMYK, uncompressed or with LZW or deflate",
    )

"""Every change of Pillow's globals, and the openers that replace its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PIL import AvifImagePlugin, GifImagePlugin, Image, ImageFile, PngImagePlugin

from .salvage import MOST_TEXT


class GifFile(GifImagePlugin.GifImageFile):
    """A GIF whose smaller first frame lies on a transparent ground, as in browsers.

    Pillow's ground is its first colour.
    """

    def load_end(self) -> None:
        super().load_end()
        extent = self.dispose_extent
        if self.tell() or extent is None or self._frame_transparency is not None or extent == (0, 0, *self.size):
            return
        if self._mode == "P":
            self.im.putpalette("RGB", "RGB", self.palette.getdata()[1] if self.palette else b"\0\0\0")
        frame = self.im.convert("RGBA", Image.Dither.FLOYDSTEINBERG).crop(extent)
        self.im = Image.new("RGBA", self.size).im
        self.im.paste(frame, extent)
        self._mode, self.palette = "RGBA", None
        # Where this frame or a later one uncovers the ground, that is transparent as well. Any number will do.
        self.info["transparency"] = 0
        if self.disposal_method >= 2:
            self.dispose = Image.new("RGBA", frame.size).im


def prepare(*openers: type[ImageFile.ImageFile]) -> None:
    """Bound what Pillow does by itself, and open files of some formats by these classes instead of its own."""
    # Opening a PNG decompresses its texts and profiles, each to at most 1 MB. Those that matter are small. Pillow's
    # bound of 64 MB for all texts would let a bomb of 64 kB cost a hundred times a small picture. Texts beyond this
    # bound are dropped (salvage.py).
    PngImagePlugin.MAX_TEXT_MEMORY = MOST_TEXT
    # One core for one picture: the other cores have pictures of their own.
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    replacing: tuple[type[ImageFile.ImageFile], ...] = (GifFile, *openers)
    for opener in replacing:
        name = opener.format or ""
        _, accept = Image.OPEN[name]
        Image.register_open(name, opener, accept)


@contextmanager
def pixel_limit(most: int | None) -> Iterator[None]:
    """Let Pillow warn of pictures above `most` pixels, and refuse those above twice that. None: no limit."""
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = most
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


@contextmanager
def truncation(accepted: bool) -> Iterator[None]:
    """Let decoders fill up what is missing at a picture's end, if accepted. A process decodes one picture at a time."""
    before = ImageFile.LOAD_TRUNCATED_IMAGES
    ImageFile.LOAD_TRUNCATED_IMAGES = accepted
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before

"""GIF as Pillow reads it, but for a first frame that is smaller than the screen: around it there is nothing."""

from __future__ import annotations

from PIL import GifImagePlugin, Image


class GifFile(GifImagePlugin.GifImageFile):
    """A GIF whose first frame lies on a transparent ground, as browsers show it; Pillow's is its first colour."""

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
        # What this frame, or a later one, leaves to the ground is transparent as the rest of it; the number is any.
        self.info["transparency"] = 0
        if self.disposal_method >= 2:
            self.dispose = Image.new("RGBA", frame.size).im


def use() -> None:
    """Have Pillow open GIF by this class."""
    Image.register_open(GifFile.format, GifFile, GifImagePlugin._accept)

"""GIF as Pillow reads it, but for a first frame that is smaller than the screen: around it there is nothing."""

from __future__ import annotations

from PIL import GifImagePlugin, Image


class GifFile(GifImagePlugin.GifImageFile):
    """A GIF whose first frame lies on a transparent ground, as browsers show it; Pillow's is its first colour."""

    def load_end(self) -> None:
        super().load_end()
        extent = self.dispose_extent
        if self.tell() or extent is None or "transparency" in self.info or extent == (0, 0, *self.size):
            return
        mask = Image.new("L", self.size)
        mask.paste(255, extent)
        if self._mode == "P":
            self.im.putpalette("RGB", "RGB", self.palette.getdata()[1] if self.palette else b"\0\0\0")
        shown = self.im.convert("RGBA", Image.Dither.FLOYDSTEINBERG)
        shown.fillband(3, 0)
        opaque = self.im.convert("RGBA", Image.Dither.FLOYDSTEINBERG)
        shown.paste(opaque, (0, 0, *self.size), mask.im)
        self.im, self._mode, self.palette = shown, "RGBA", None


def use() -> None:
    """Have Pillow open GIF by this class."""
    Image.register_open(GifFile.format, GifFile, GifImagePlugin._accept)

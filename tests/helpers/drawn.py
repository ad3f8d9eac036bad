"""Pictures of text and plates, drawn with the font that the package ships."""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image, ImageDraw, ImageFont

from processor_service.operations.watermark.stamp import FONT


def page(rows: list[str], size: int = 32, ink: str = "black", ground: str | None = "white") -> Image.Image:
    """Rows of text below each other; `ground` None: on a transparent ground."""
    font = ImageFont.truetype(FONT, size)
    width = round(max(font.getlength(row) for row in rows)) + 4 * size
    image = Image.new("RGBA", (width, (2 * len(rows) + 2) * size), ground or (0, 0, 0, 0))
    for number, row in enumerate(rows):
        ImageDraw.Draw(image).text((2 * size, (2 * number + 1) * size), row, ink, font)
    return image if ground is None else image.convert("RGB")


def plate(rows: list[str], turned: float = 0.0) -> Image.Image:
    """A plate of one or two rows, 200 pixels wide, in the middle of something grey."""
    font = ImageFont.truetype(FONT, 40 if len(rows) == 1 else 48)
    sign = Image.new("RGB", (210, 54 * len(rows)), "white")
    for number, row in enumerate(rows):
        ImageDraw.Draw(sign).text((105, 27 + 54 * number), row, "black", font, anchor="mm")
    ImageDraw.Draw(sign).rectangle((0, 0, sign.width - 1, sign.height - 1), outline="black", width=2)
    image = Image.new("RGB", (640, 480), (90, 95, 100))
    image.paste(sign, (215, 240))
    return image.rotate(turned, Image.Resampling.BICUBIC, fillcolor=(90, 95, 100))


def groups(left: str, right: str, mark: Callable[[ImageDraw.ImageDraw, float, float], None]) -> Image.Image:
    """A plate of two groups in the middle of something grey, with a mark drawn around a point between them."""
    font = ImageFont.truetype(FONT, 40)
    sign = Image.new("RGB", (230, 60), "white")
    draw = ImageDraw.Draw(sign)
    draw.text((12, 30), left, "black", font, anchor="lm")
    draw.text((218, 30), right, "black", font, anchor="rm")
    mark(draw, (230 + font.getlength(left) - font.getlength(right)) / 2, 30)
    image = Image.new("RGB", (640, 480), (90, 95, 100))
    image.paste(sign, (205, 240))
    return image

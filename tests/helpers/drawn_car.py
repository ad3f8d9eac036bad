"""Draws the car of the demo: no photograph of a car with its plate had a free licence. `python -m tests.helpers.drawn_car`"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont

from processor_service.operations.watermark.stamp import FONT
from tests.helpers.paths import PICTURES

FILE = PICTURES / "drawn" / "car.jpg"
PLATE = "B-XY 1234"
# Drawn at twice the size, so that edges are smooth.
_SCALE = 2
WIDTH, HEIGHT = 960, 640
Point = tuple[float, float]


class Canvas:
    """A picture that is drawn on in its final pixels."""

    def __init__(self) -> None:
        self.image = Image.new("RGB", (WIDTH * _SCALE, HEIGHT * _SCALE))
        self.draw = ImageDraw.Draw(self.image)

    def gradient(self, top: float, bottom: float, above: str, below: str) -> None:
        """Bands of colour from one height to another, over the whole width."""
        self.fill(Image.new("L", self.image.size, 0), top, bottom, above, below, whole=True)

    def fill(self, mask: Image.Image, top: float, bottom: float, above: str, below: str, whole: bool = False) -> None:
        """A gradient where the mask is white."""
        rows = round((bottom - top) * _SCALE)
        ramp = Image.linear_gradient("L").resize((self.image.width, rows))
        colors = Image.composite(Image.new("RGB", ramp.size, below), Image.new("RGB", ramp.size, above), ramp)
        at = (0, round(top * _SCALE))
        self.image.paste(colors, at, None if whole else mask.crop((0, at[1], mask.width, at[1] + rows)))

    def shape(self, points: list[Point], above: str, below: str) -> None:
        """A shape with soft corners, in a gradient."""
        mask = Image.new("L", self.image.size, 0)
        ImageDraw.Draw(mask).polygon([(x * _SCALE, y * _SCALE) for x, y in points], fill=255)
        mask = mask.filter(ImageFilter.GaussianBlur(7 * _SCALE)).point(lambda value: 255 if value > 127 else 0)
        heights = [y for _, y in points]
        self.fill(mask, min(heights), max(heights), above, below)

    def box(self, x: float, y: float, width: float, height: float, color: str, radius: float = 4) -> None:
        sides = [x * _SCALE, y * _SCALE, (x + width) * _SCALE, (y + height) * _SCALE]
        self.draw.rounded_rectangle(sides, radius * _SCALE, fill=color)

    def oval(self, x: float, y: float, width: float, height: float, color: str) -> None:
        self.draw.ellipse([x * _SCALE, y * _SCALE, (x + width) * _SCALE, (y + height) * _SCALE], fill=color)


def mirrored(points: list[Point]) -> list[Point]:
    """The points of the left half, and those of the right half."""
    return points + [(WIDTH - x, y) for x, y in reversed(points)]


def car() -> Image.Image:
    """A red car from behind, on a road."""
    canvas = Canvas()
    canvas.gradient(0, 330, "#7fb2e0", "#dfeaf2")
    for x, y, size in ((-60, 170, 320), (150, 210, 260), (640, 190, 300), (820, 150, 330)):
        canvas.oval(x, y, size, size, "#5d7d4a")
    canvas.gradient(330, HEIGHT, "#8a8a88", "#56575a")
    canvas.shape([(0, 420), (250, 330), (0, 330)], "#7c9163", "#6d8357")
    canvas.shape([(960, 420), (710, 330), (960, 330)], "#7c9163", "#6d8357")
    canvas.oval(190, 535, 580, 60, "#2c2d2f")
    for x in (236, 650):
        canvas.box(x, 470, 74, 105, "#161617", 14)
    canvas.shape(mirrored([(318, 150), (262, 300), (212, 340), (204, 470), (226, 535)]), "#d8323a", "#8e151c")
    canvas.shape(mirrored([(340, 172), (296, 290)]), "#20303c", "#6f8798")
    canvas.shape([(352, 180), (450, 180), (390, 286), (310, 286)], "#8fa6b5", "#3d5363")
    canvas.shape(mirrored([(300, 160), (316, 142)]), "#b32028", "#b32028")
    canvas.box(222, 342, 110, 60, "#7a0d13", 12)
    canvas.box(628, 342, 110, 60, "#7a0d13", 12)
    for x in (230, 676):
        canvas.box(x, 350, 54, 44, "#ff5044", 9)
    for x in (290, 636):
        canvas.box(x, 350, 34, 44, "#f7c9a0", 9)
    canvas.box(330, 320, 300, 4, "#7c1016", 2)
    canvas.box(350, 404, 260, 74, "#7a1218", 10)
    canvas.box(206, 478, 548, 46, "#2a2b2d", 12)
    for x in (300, 620):
        canvas.oval(x, 520, 40, 18, "#9a9b9d")
    canvas.box(376, 412, 208, 52, "#f4f5f2", 6)
    canvas.box(376, 412, 24, 52, "#1f4fa3", 6)
    font = ImageFont.truetype(FONT, 33 * _SCALE)
    canvas.draw.text((492 * _SCALE, 438 * _SCALE), PLATE, "#141414", font, anchor="mm")
    small = canvas.image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    return as_a_camera_sees_it(small)


def as_a_camera_sees_it(image: Image.Image) -> Image.Image:
    """Dim and grainy: what has only sharp edges and plain colours is not taken for a car."""
    grain = np.random.default_rng(2).normal(0, 20, (image.height, image.width, 1))
    grainy = Image.fromarray((np.asarray(image) * 0.94 + 8 + grain).clip(0, 255).astype(np.uint8))
    soft = grainy.filter(ImageFilter.GaussianBlur(1))
    return ImageEnhance.Contrast(ImageEnhance.Brightness(soft).enhance(0.7)).enhance(1.3)


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    car().save(FILE, quality=88)

"""What a watermark lays over a picture: a text or a small picture, as RGBA."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from pathlib import Path

import pybase64
from PIL import Image, ImageDraw, ImageFont

from ...errors import ImageError
from ...formats.containers import PNG_SIGNATURE
from ...parameters import rgba

_MOST_PIXELS = 1_000_000
# Font sizes in pixels. Smaller letters lose their shape, so a smaller text is scaled down; a larger one is scaled up.
_SMALLEST, _LARGEST = 40, 400
# Latin, Greek, Cyrillic and signs. Pillow's own font has little more than ASCII, so names would lose their accents.
FONT = Path(__file__).parent / "fonts" / "DejaVuSans.ttf"
# Fonts show a missing character as they show this one.
_NO_CHARACTER = "\uffff"


# A recipe's watermark comes with every picture. Callers must not change the image.
@lru_cache(maxsize=4)
def picture_stamp(base64: str) -> Image.Image:
    """Decode a watermark. Raises ValueError with a reason."""
    # Imported only here: declarations do not know the settings of the process.
    from ...decoding.decode import decode
    from ...settings import Settings

    try:
        data = pybase64.b64decode(base64, validate=True)
    except ValueError as error:
        raise ValueError("image is not base64") from error
    if not data.startswith(PNG_SIGNATURE):
        raise ValueError("image is not a PNG")
    try:
        return decode(data, Settings(max_pixels=_MOST_PIXELS, max_frames=1)).image.convert("RGBA")
    except ImageError as error:
        raise ValueError(f"image: {error.reason}") from error


def check_text(text: str) -> None:
    """Raise ValueError for a text that would not be drawn as written."""
    text = unicodedata.normalize("NFC", text)
    if not text.isprintable():
        raise ValueError("text has characters that cannot be printed")
    if not text.strip():
        raise ValueError("text has nothing but spaces")
    font = _font(_SMALLEST)
    missing = bytes(font.getmask(_NO_CHARACTER))
    # Scripts from right to left, or with joined letters, need a layout engine, which is not always installed.
    undrawable = [
        char
        for char in dict.fromkeys(text)
        if unicodedata.bidirectional(char) in ("R", "AL")
        or (not char.isspace() and bytes(font.getmask(char)) == missing)
    ]
    if undrawable:
        raise ValueError(
            f"text has characters that are not drawn, such as [{undrawable[0]}]; send the text as a picture (image)"
        )


def text_stamp(text: str, color: str, room: tuple[int, int]) -> Image.Image:
    """A text drawn about as large as fits into `room` (width, height in pixels), with a contrasting outline."""
    text = unicodedata.normalize("NFC", text)
    trial = _outlined(text, 100)
    size = 100 * min(room[0] / trial[2], room[1] / trial[3])
    size = min(_LARGEST, max(_SMALLEST, round(size)))
    left, top, width, height = _outlined(text, size)
    red, green, blue, _ = rgba(color)
    light = 0.299 * red + 0.587 * green + 0.114 * blue > 127
    outline = (0, 0, 0) if light else (255, 255, 255)
    # Begins transparent in the outline's colour, so that smoothed edges take no other colour.
    stamp = Image.new("RGBA", (width, height), (*outline, 0))
    ImageDraw.Draw(stamp).text(
        (-left, -top),
        text,
        font=_font(size),
        fill=(red, green, blue, 255),
        stroke_width=_stroke(size),
        stroke_fill=(*outline, 255),
    )
    return stamp


def _outlined(text: str, size: int) -> tuple[int, int, int, int]:
    """Left, top, width, height in pixels of the drawn text."""
    box = _font(size).getbbox(text, stroke_width=_stroke(size))
    left, top = int(box[0]), int(box[1])
    return left, top, max(1, round(box[2]) - left), max(1, round(box[3]) - top)


def _stroke(size: int) -> int:
    return max(1, size // 16)


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont:
    # The same result everywhere, with or without a layout engine.
    return ImageFont.truetype(FONT, size, layout_engine=ImageFont.Layout.BASIC)

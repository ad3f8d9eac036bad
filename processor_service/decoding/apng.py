"""Frames of an animated PNG, composed as its specification says (W3C PNG, third edition, 12.7 and 11.3.6).

Pillow's own result depends on which frames were loaded before, and has holes where translucent frames lie over opaque
ones. So Pillow decodes the pixels of each frame, and nothing more.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from PIL import Image, ImageFile

from ..errors import Code, ImageError
from ..formats.apng_numbers import has_sound_numbers
from ..formats.containers import PNG_SIGNATURE, png_chunk, png_chunks
from .modes import to_working_mode
from .png_checksum import check_chunks, has_checksum
from .sample_layout import sample_layout

_SHARED = (b"PLTE", b"tRNS")
_GREY = (0, 4)
_TO_BACKGROUND, _TO_PREVIOUS = 1, 2
_OVER = 1
# Bytes before the pixels of a later frame.
_NUMBER = 4


@dataclass
class _Control:
    """A frame control chunk (fcTL) and the compressed pixels that follow it."""

    width: int
    height: int
    left: int
    top: int
    numerator: int
    denominator: int
    disposal: int
    blend: int
    # Contents and, of later frames, whole chunks.
    pixels: list[bytes] = field(default_factory=list)
    chunks: list[bytes] = field(default_factory=list)

    @classmethod
    def parse(cls, body: bytes) -> _Control:
        return cls(*struct.unpack(">4I2H2B", body[4:26]))

    @property
    def milliseconds(self) -> float:
        return 1000 * self.numerator / (self.denominator or 100)


def check_animation(image: Image.Image, data: bytes) -> None:
    """Raise ValueError when numbers of an opened PNG's animation are wrong. Its still picture may be in order."""
    if image.format == "PNG" and not has_sound_numbers(png_chunks(data)):
        raise ValueError("numbers of its animation contradict each other")


def compose_apng(data: bytes) -> Iterator[Image.Image]:
    """Every frame as it is shown (LA or RGBA). Its info has its `duration` in milliseconds."""
    header, shared, controls = _parse(data)
    width, height = struct.unpack(">2I", header[:8])
    mode = "LA" if header[9] in _GREY else "RGBA"
    canvas = Image.new(mode, (width, height))
    for number, control in enumerate(controls):
        if control.left + control.width > width or control.top + control.height > height:
            raise ImageError(Code.CORRUPT_IMAGE, f"frame {number + 1} of the PNG reaches beyond the picture")
        check_chunks(control.chunks, (control.width, control.height), before=_NUMBER)
        part = _decode(control, header, shared).convert(mode)
        place = (control.left, control.top)
        before = canvas.copy() if control.disposal == _TO_PREVIOUS and number else None
        if control.blend == _OVER:
            region = canvas.crop((*place, control.left + control.width, control.top + control.height))
            part = Image.alpha_composite(region.convert("RGBA"), part.convert("RGBA")).convert(mode)
        canvas.paste(part, place)
        shown = canvas.copy()
        shown.info["duration"] = control.milliseconds
        yield shown
        if before is not None:
            canvas = before
        elif control.disposal in (_TO_BACKGROUND, _TO_PREVIOUS):
            canvas.paste(Image.new(mode, part.size), place)


def _parse(data: bytes) -> tuple[bytes, dict[bytes, bytes], list[_Control]]:
    """The header, the chunks that all frames share, and the frames. An image before the first fcTL is not a frame.

    Raises ValueError when the numbers of a frame are not those that its checksum says.
    """
    header = b""
    shared: dict[bytes, bytes] = {}
    controls: list[_Control] = []
    for kind, chunk in png_chunks(data):
        body = chunk[8:-4]
        if kind == b"IHDR":
            header = body
        elif kind in _SHARED:
            shared[kind] = body
        elif kind == b"fcTL":
            if not has_checksum(chunk) and not ImageFile.LOAD_TRUNCATED_IMAGES:
                raise ValueError("numbers of its animation are not those that their checksum says")
            controls.append(_Control.parse(body))
        elif kind == b"IDAT" and controls:
            controls[-1].pixels.append(body)
        elif kind == b"fdAT" and controls:
            controls[-1].pixels.append(body[_NUMBER:])
            controls[-1].chunks.append(chunk)
    return header, shared, [control for control in controls if control.pixels]


def _decode(control: _Control, header: bytes, shared: dict[bytes, bytes]) -> Image.Image:
    """Decodes a frame's pixels as a PNG of its own."""
    chunks = [(b"IHDR", struct.pack(">2I", control.width, control.height) + header[8:])]
    chunks += [*shared.items(), *((b"IDAT", part) for part in control.pixels), (b"IEND", b"")]
    image = Image.open(io.BytesIO(PNG_SIGNATURE + b"".join(png_chunk(*chunk) for chunk in chunks)), formats=["PNG"])
    layout = sample_layout(image)
    image.load()
    return to_working_mode(image, layout)[0]

"""What the golden tests of operations run: for each operation and each way it can go, a real picture and parameters."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageDraw

from processor_service.pipeline import process
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers.pictures import b64, opened, picture

CAT, FLOWER, FACE, COINS = "skimage/chelsea.png", "pillow/flower.jpg", "skimage/astronaut.png", "skimage/coins.png"
ALPHA, BRIDGE, P3 = (
    "golang-image/gopher-doc.with-alpha.png",
    "pdq/bridge-mods/aaa-orig.jpg",
    "libavif/apple_gainmap_old.jpg",
)
TURNED, MOVING = "exif-orientation/Landscape_6.jpg", "thumbor/animated.gif"
LARGE = {"resize": {"width": 400, "height": 400}}
SMALL = {"resize": {"width": 96, "height": 96}}
# A photograph with alpha: colours show what lines of a drawing do not.
ROUND = (SMALL, {"round_corners": {"radius": 30}})


@dataclass(frozen=True)
class Case:
    """One golden picture: `before` makes the picture small, then comes the operation."""

    operation: str
    variant: str
    picture: str
    parameters: dict[str, Any]
    before: tuple[dict[str, Any], ...] = (SMALL,)
    after: tuple[dict[str, Any], ...] = ()
    tolerance: float = 1.0

    @property
    def name(self) -> str:
        return f"{self.operation}-{self.variant}"

    def run(self) -> list[Image.Image]:
        """Through the real pipeline; returns the stored picture's frames."""
        operations = [*self.before, {self.operation: self.parameters}, *self.after]
        if not any("convert" in step for step in operations):
            operations.append({"convert": {"format": "png"}})
        request = Request.parse({"data": b64(picture(self.picture)), "operations": operations, "properties": []})
        stored = opened(process(request, Settings(), Stopwatch())["data"])
        frames = []
        for number in range(getattr(stored, "n_frames", 1)):
            stored.seek(number)
            frames.append(stored.convert("RGBA" if stored.has_transparency_data else "RGB"))
        return frames


def side_by_side(frames: list[Image.Image]) -> Image.Image:
    """All frames in one row: an animation as one golden picture."""
    if len(frames) == 1:
        return frames[0]
    row = Image.new(frames[0].mode, (sum(frame.width for frame in frames), frames[0].height))
    for number, frame in enumerate(frames):
        row.paste(frame, (number * frames[0].width, 0))
    return row


def logo() -> str:
    """A small picture with alpha, base64."""
    image = Image.new("RGBA", (40, 20))
    draw = ImageDraw.Draw(image)
    draw.ellipse((0, 0, 19, 19), fill="#e02020")
    draw.rectangle((22, 4, 39, 15), fill="#2040e0")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def _each(operation: str, name: str, variants: dict[str, dict[str, Any]], **more: Any) -> list[Case]:
    return [Case(operation, variant, name, parameters, **more) for variant, parameters in variants.items()]


_BOX = {"width": 96, "height": 40}
_FRAMED = (
    {"resize": {"width": 64, "height": 64}},
    {"pad": {"left": 9, "top": 3, "right": 14, "bottom": 20, "background": "#2a6"}},
)
_KEEP: dict[str, Any] = {"animation": {"frames": "keep"}}

CASES: list[Case] = [
    Case("auto_orient", "six", TURNED, {}),
    *_each("resize", FACE, {
        "inside": {**_BOX, "fit": "inside"},
        "cover": {**_BOX, "fit": "cover"},
        "cover-north": {**_BOX, "fit": "cover", "gravity": "north"},
        "cover-south": {**_BOX, "fit": "cover", "gravity": "south"},
        "cover-smart": {**_BOX, "fit": "cover", "gravity": "smart"},
        "fill": {**_BOX, "fit": "fill"},
        "pad": {**_BOX, "fit": "pad", "background": "#3355aa"},
        "pad-east": {**_BOX, "fit": "pad", "background": "#3355aa", "gravity": "east"},
        "dpr": {"width": 40, "dpr": 2},
        "one-side": {"height": 60},
    }, before=()),
    Case("resize", "alpha", ALPHA, {"width": 50}, before=()),
    Case("resize", "enlarge", ALPHA, {"width": 120, "enlarge": True}, before=()),
    Case("resize", "not-enlarged", ALPHA, {"width": 120}, before=()),
    Case("resize", "pad-transparent", CAT, {"width": 80, "height": 80, "fit": "pad", "background": "transparent"}, before=()),
    *_each("crop", CAT, {
        "pixels": {"left": 40, "top": 10, "width": 40, "height": 30},
        "fractions": {"left": 0.25, "top": 0.25, "width": 0.5, "height": 0.5, "unit": "fraction"},
        "beyond": {"left": 60, "top": 30, "width": 500, "height": 500},
        "square": {"aspect_ratio": "1:1"},
        "square-west": {"aspect_ratio": "1:1", "gravity": "west"},
        "square-smart": {"aspect_ratio": "1:1", "gravity": "smart"},
        "box-southeast": {"width": 40, "height": 40, "gravity": "southeast"},
        "box-smart": {"width": 0.5, "height": 0.5, "unit": "fraction", "gravity": "smart"},
    }),
    Case("crop", "face-smart", FACE, {"aspect_ratio": "2.39:1", "gravity": "smart"}),
    Case("crop", "face-narrow-smart", FACE, {"aspect_ratio": "1:2", "gravity": "smart"}),
    Case("crop", "flower-smart", FLOWER, {"aspect_ratio": "2:3", "gravity": "smart"}),
    Case("crop", "bridge-smart", BRIDGE, {"aspect_ratio": "1:1", "gravity": "smart"}),
    Case("crop", "p3-smart", P3, {"aspect_ratio": "1:1", "gravity": "smart"}),
    Case("trim", "frame", CAT, {}, before=_FRAMED),
    Case("trim", "color", CAT, {"color": "#2a6", "threshold": 20}, before=_FRAMED),
    Case("trim", "transparent", ALPHA, {}, before=({"resize": {"width": 60, "height": 60}}, {"pad": {"left": 20, "bottom": 9, "background": "transparent"}})),
    Case("trim", "no-border", CAT, {"threshold": 0}),
    *_each("rotate", CAT, {
        "90": {"degrees": 90},
        "180": {"degrees": 180},
        "270": {"degrees": -90},
        "30": {"degrees": 30},
        "30-same-size": {"degrees": 30, "expand": False, "background": "#222222"},
        "30-transparent": {"degrees": 30, "background": "transparent"},
    }),
    Case("rotate", "45-alpha", ALPHA, {"degrees": 45, "background": "#ffcc00"}),
    Case("rotate", "10-grey", COINS, {"degrees": 10, "background": "black"}),
    *_each("flip", CAT, {name: {"direction": name} for name in ("horizontal", "vertical", "both")}),
    *_each("pad", CAT, {
        "sides": {"left": 4, "top": 8, "right": 12, "bottom": 2, "background": "#aa3322"},
        "fraction": {"left": 0.1, "right": 0.1, "unit": "fraction"},
        "square": {"aspect_ratio": "1:1", "background": "#000"},
        "square-south": {"aspect_ratio": "1:1", "gravity": "south", "background": "transparent"},
    }),
    *_each("adjust", FLOWER, {
        "brightness": {"brightness": 1.5},
        "contrast": {"contrast": 1.8},
        "contrast-less": {"contrast": 0.4},
        "saturation": {"saturation": 2},
        "saturation-none": {"saturation": 0},
        "hue": {"hue": 120},
        "sharpness": {"sharpness": 4},
        "gamma": {"gamma": 2.2},
        "several": {"brightness": 1.1, "contrast": 1.2, "saturation": 1.4, "gamma": 0.8},
    }),
    Case("adjust", "alpha", CAT, {"contrast": 1.5, "sharpness": 3}, before=ROUND),
    Case("auto_contrast", "plain", FLOWER, {}, before=(SMALL, {"adjust": {"contrast": 0.4}})),
    Case("auto_contrast", "cast", FLOWER, {"cutoff": 1, "keep_tone": False}, before=(SMALL, {"adjust": {"contrast": 0.4}})),
    Case("auto_contrast", "alpha", CAT, {"cutoff": 2}, before=ROUND),
    Case("equalize", "color", CAT, {}),
    Case("equalize", "grey", COINS, {}),
    Case("equalize", "alpha", CAT, {}, before=ROUND),
    Case("grayscale", "color", FLOWER, {}),
    Case("grayscale", "alpha", ALPHA, {}),
    Case("sepia", "full", CAT, {}),
    Case("sepia", "half", FLOWER, {"strength": 0.5}),
    Case("sepia", "alpha", CAT, {}, before=ROUND),
    Case("tint", "blue", CAT, {"color": "#3366cc"}),
    Case("tint", "half", CAT, {"color": "#cc3300", "strength": 0.5}),
    Case("tint", "grey-alpha", ALPHA, {"color": "#118844"}, before=(SMALL, {"grayscale": {}})),
    Case("invert", "color", FLOWER, {}),
    Case("invert", "alpha", CAT, {}, before=ROUND),
    Case("blur", "small", CAT, {"radius": 1.5}),
    Case("blur", "large", CAT, {"radius": 8}),
    Case("blur", "alpha", CAT, {"radius": 4}, before=ROUND),
    Case("sharpen", "default", CAT, {}),
    Case("sharpen", "strong", CAT, {"radius": 2, "amount": 2.5, "threshold": 0}),
    Case("sharpen", "alpha", CAT, {"amount": 3}, before=ROUND),
    Case("pixelate", "all", FACE, {"size": 8}),
    Case("pixelate", "boxes", FACE, {"size": 8, "unit": "fraction", "boxes": [{"left": 0.33, "top": 0.08, "width": 0.24, "height": 0.32}, {"left": 0.8, "top": 0.8, "width": 0.5, "height": 0.1}]}),
    Case("pixelate", "boxes-in-pixels", FACE, {"size": 6, "boxes": [{"left": 31.5, "top": 8, "width": 24, "height": 30}]}),
    Case("pixelate", "alpha", CAT, {"size": 10}, before=ROUND),
    Case("redact", "pixelate", FACE, {"what": ["faces"], "how": "pixelate", "min_score": 0.3}, before=(LARGE,), after=(SMALL,)),
    Case("redact", "blur", FACE, {"what": ["faces", "plates"], "how": "blur"}, before=(LARGE,), after=(SMALL,)),
    Case("redact", "fill", FACE, {"what": ["faces", "text"], "how": "fill", "margin": 0.3}, before=(LARGE,), after=(SMALL,)),
    Case("redact", "alpha", FACE, {"what": ["faces"]}, before=(LARGE, {"round_corners": {"radius": 60}}), after=(SMALL,)),
    *_each("watermark", CAT, {
        "text": {"text": "© Zoë Müller", "scale": 0.8},
        "text-dark": {"text": "Proof", "gravity": "center", "scale": 0.9, "opacity": 0.3, "color": "black"},
        "picture": {"image": logo(), "gravity": "northwest", "scale": 0.4, "opacity": 1, "margin": 0.1},
        "picture-half": {"image": logo(), "gravity": "south", "scale": 0.5, "opacity": 0.5},
    }),
    Case("watermark", "alpha", ALPHA, {"text": "gopher", "gravity": "north", "scale": 0.8, "opacity": 0.9}),
    Case("watermark", "grey", COINS, {"text": "42", "scale": 0.3, "color": "#ff2200", "opacity": 1}),
    *_each("round_corners", CAT, {
        "transparent": {"radius": 16},
        "color": {"radius": 0.25, "unit": "fraction", "background": "#336699"},
    }),
    Case("round_corners", "circle", FACE, {"radius": 0.5, "unit": "fraction"}),
    Case("round_corners", "alpha", ALPHA, {"radius": 30}),
    Case("background", "white", ALPHA, {}),
    Case("background", "color", ALPHA, {"color": "#ffcc00"}),
    Case("to_srgb", "p3", P3, {}),
    Case("to_srgb", "without-profile", CAT, {}),
    *_each("convert", CAT, {
        "jpeg": {"format": "jpeg"},
        "jpeg-quality": {"format": "jpeg", "quality": 10},
        "jpeg-chroma": {"format": "jpeg", "quality": 30, "chroma": "4:4:4", "progressive": True},
        "jpeg-chroma-half": {"format": "jpeg", "quality": 30, "chroma": "4:2:2"},
        "avif-chroma": {"format": "avif", "quality": 30, "chroma": "4:4:4"},
        "jpeg-fits": {"format": "jpeg", "max_bytes": 1500},
        "webp": {"format": "webp"},
        "webp-lossless": {"format": "webp", "lossless": True},
        "avif": {"format": "avif"},
        "gif": {"format": "gif"},
        "png": {"format": "png"},
    }, tolerance=2.0),
    Case("convert", "alpha-jpeg", ALPHA, {"format": "jpeg", "background": "#ffcc00"}, tolerance=2.0),
    Case("convert", "alpha-webp", ALPHA, {"format": "jpeg", "format_with_alpha": "webp"}, tolerance=2.0),
    Case("convert", "alpha-gif", ALPHA, {"format": "gif"}, tolerance=2.0),
    Case("strip_metadata", "p3", P3, {}),
    Case("strip_metadata", "p3-keeps-profile", P3, {"keep": ["icc"]}),
    Case("animation", "first", MOVING, {}),
    Case("animation", "keep-png", MOVING, {"frames": "keep"}, after=({"convert": {"format": "png"}},)),
    Case("animation", "keep-gif", MOVING, {"frames": "keep"}, after=({"convert": {"format": "gif"}},), tolerance=2.0),
    Case("animation", "keep-webp", MOVING, {"frames": "keep"}, after=({"convert": {"format": "webp"}},), tolerance=2.0),
    Case("animation", "keep-smart-crop", MOVING, {"frames": "keep"}, before=({"crop": {"aspect_ratio": "2:1", "gravity": "smart"}}, {"rotate": {"degrees": 20, "background": "transparent"}})),
]  # fmt: skip

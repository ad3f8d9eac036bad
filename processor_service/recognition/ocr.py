"""RapidOCR (PP-OCRv6 small), so that it reads turned text, downloads nothing and keeps to one thread."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .runtime import RecognitionMissing, needed

Pixels = NDArray[np.uint8]
Corners = list[tuple[float, float]]
_MODELS = {
    "Det": "PP-OCRv6_det_small.onnx",
    "Cls": "ch_ppocr_mobile_v2.0_cls_mobile.onnx",
    "Rec": "PP-OCRv6_rec_small.onnx",
}
NAME = "pp-ocrv6-small"
# Taller than this in relation to its width, a crop is laid on its side before it is read (RapidOCR's rule).
_TALL = 1.5
# How sure its classifier must be that a line is upside down (RapidOCR's default).
_SURE = 0.9
# Whether RapidOCR's objects may be used by two threads is not said anywhere.
_LOCK = Lock()


# Where the detector of text is at least so sure (0 to 1; it boxes what has 0.5), there may be letters too small for it.
_FAINT = 0.01
# Such places are so far apart at least, across and down, in pixels of what it looks at; and so many are kept.
_APART = (48, 32)
_MOST_FAINT = 8
# Where there may be text, in pixels, and how sure the detector is.
Faint = tuple[float, float, float]


@dataclass(frozen=True)
class Reading:
    """A piece of text as it was read.

    `corners`: the four corners in pixels, clockwise, from the left upper one. `upside_down`: read after a half turn.
    `crop`: the pixels (BGR) within the corners, laid on their side when they are tall, before the half turn.
    """

    text: str
    score: float
    corners: Corners
    upside_down: bool
    crop: Pixels = field(repr=False, compare=False)

    @property
    def tall(self) -> bool:
        """Whether its text runs downwards (or upwards, when it is upside down)."""
        (x0, y0), (x1, y1), _, (x3, y3) = self.corners
        across, down = np.hypot(x1 - x0, y1 - y0), np.hypot(x3 - x0, y3 - y0)
        return bool(down >= _TALL * max(across, 1))


def read(image: Image.Image, side: int) -> list[Reading]:
    """Every piece of text in an RGB picture, also what cannot be made out (empty, or of a low score).

    It is looked for with the long side at most `side` pixels, and read from the pixels as they are: small letters
    profit from a picture larger than `side`. Raises RecognitionMissing.
    """
    return read_closely(image, side)[0]


def read_closely(image: Image.Image, side: int) -> tuple[list[Reading], list[Faint]]:
    """The same, and where there may be text besides, the surest place first."""
    pixels = np.ascontiguousarray(np.asarray(image)[:, :, ::-1])
    with _LOCK:
        engine = _engine()
        engine.cfg.Det.limit_side_len = side
        engine.text_det.limit_side_len = side
        steps: dict[str, Any] = {}
        found, turned, texts, crops = engine.run_ocr_steps(pixels, steps)
        # What it added above very flat pictures.
        offset = np.array([steps["padding_1"]["left"], steps["padding_1"]["top"]])
        faint = engine.text_det.postprocess_op.faint(found.boxes, offset)

    def corners(box: NDArray[Any]) -> Corners:
        points = np.clip(box - offset, 0, [image.width, image.height])
        return [(float(x), float(y)) for x, y in points]

    if found.boxes is None or texts.txts is None:
        return [], faint
    parts = zip(texts.txts, texts.scores, found.boxes, turned.cls_res, crops, strict=True)
    readings = [
        Reading(text, float(score), corners(box), label == "180" and sure > _SURE, crop)
        for text, score, box, (label, sure), crop in parts
    ]
    return readings, faint


def turned_over(readings: list[Reading], least: float = 0.0) -> list[Reading]:
    """The same pieces read the other way up; each as it was when it made more sense so, or a lower score than this."""
    if not readings:
        return []
    with _LOCK:
        crops = [reading.crop if reading.upside_down else reading.crop[::-1, ::-1] for reading in readings]
        found = _engine().recognize_txt([np.ascontiguousarray(crop) for crop in crops])
    return [
        replace(reading, text=text, score=float(score), upside_down=not reading.upside_down)
        if text.strip() and score > max(least, reading.score)
        else reading
        for reading, text, score in zip(readings, found.txts, found.scores, strict=True)
    ]


def cut(reading: Reading, at: list[float]) -> list[Reading]:
    """A line cut at fractions of its length, counted in reading direction, each part read by itself."""
    ends = [0.0, *sorted(at), 1.0]
    if reading.upside_down:
        ends = [1 - end for end in reversed(ends)]
    parts = [_part(reading, start, end) for start, end in pairwise(ends)]
    with _LOCK:
        found = _engine().recognize_txt([upright(part) for part in parts])
    return [
        replace(part, text=text, score=float(score))
        for part, text, score in zip(parts, found.txts, found.scores, strict=True)
    ]


def upright(reading: Reading) -> Pixels:
    """Its pixels as they are read: from left to right."""
    return np.ascontiguousarray(reading.crop[::-1, ::-1] if reading.upside_down else reading.crop)


def _part(reading: Reading, start: float, end: float) -> Reading:
    first, second, third, last = np.array(reading.corners)
    edges = [(first, last), (second, third)] if reading.tall else [(first, second), (last, third)]
    (a, b), (c, d) = [[one + (other - one) * at for at in (start, end)] for one, other in edges]
    corners = [(float(x), float(y)) for x, y in ((a, c, d, b) if reading.tall else (a, b, d, c))]
    length = reading.crop.shape[1]
    return replace(reading, corners=corners, crop=reading.crop[:, int(start * length) : max(1, int(end * length))])


def read_lines(lines: list[Image.Image]) -> list[tuple[str, float]]:
    """Text and score of RGB pictures that hold one horizontal line each."""
    if not lines:
        return []
    with _LOCK:
        found = _engine().recognize_txt([np.ascontiguousarray(np.asarray(line)[:, :, ::-1]) for line in lines])
    return [(text, float(score)) for text, score in zip(found.txts, found.scores, strict=True)]


class _Detected:
    """What RapidOCR makes of its detector's answer, which is kept: how sure it is of each pixel."""

    def __init__(self, boxes_of: Any) -> None:
        self._boxes_of = boxes_of
        self._last: tuple[Any, tuple[int, int]] | None = None

    def __call__(self, sure: Any, shape: tuple[int, int]) -> Any:
        self._last = sure[0, 0], shape
        return self._boxes_of(sure, shape)

    def faint(self, known: NDArray[Any] | None, offset: NDArray[Any]) -> list[Faint]:
        """The surest places of the last picture outside of known boxes."""
        if self._last is None:
            return []
        (sure, (height, width)), self._last = self._last, None
        rest = sure.copy()
        scale = np.array([rest.shape[1] / width, rest.shape[0] / height])
        for box in known if known is not None else ():
            _clear(rest, *(box.min(axis=0) * scale), *(box.max(axis=0) * scale))
        found: list[Faint] = []
        while len(found) < _MOST_FAINT:
            y, x = np.unravel_index(rest.argmax(), rest.shape)
            if rest[y, x] < _FAINT:
                break
            across, down = np.array([x, y]) / scale - offset
            found.append((float(across), float(down), float(rest[y, x])))
            _clear(rest, x - _APART[0], y - _APART[1], x + _APART[0], y + _APART[1])
        return found


def _clear(sure: NDArray[Any], left: float, top: float, right: float, bottom: float) -> None:
    sure[max(0, int(top)) : max(0, int(bottom) + 1), max(0, int(left)) : max(0, int(right) + 1)] = 0


@cache
def _engine() -> Any:
    needed()
    import cv2
    import rapidocr

    cv2.setNumThreads(1)
    folder = Path(rapidocr.__file__).parent / "models"
    if absent := [name for name in _MODELS.values() if not (folder / name).is_file()]:
        # Left alone, RapidOCR would download them.
        raise RecognitionMissing(f"rapidocr {_version()} comes without {', '.join(absent)}: install version 3.10")
    paths = {f"{part}.model_path": str(folder / name) for part, name in _MODELS.items()}
    threads = {f"EngineConfig.onnxruntime.{which}_op_num_threads": 1 for which in ("intra", "inter")}
    engine: Any = rapidocr.RapidOCR(
        params={**paths, **threads, "Global.log_level": "critical", "Det.limit_type": "max", "Det.limit_side_len": 960}
    )
    detector = engine._load_det_model()
    detector.postprocess_op = _Detected(detector.postprocess_op)
    return engine


def _version() -> str:
    from importlib.metadata import version

    return version("rapidocr")

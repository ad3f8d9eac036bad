"""RapidOCR (PP-OCRv6 small), so that it reads turned text, downloads nothing and keeps to one thread."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
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
    pixels = np.ascontiguousarray(np.asarray(image)[:, :, ::-1])
    with _LOCK:
        engine = _engine()
        engine.cfg.Det.limit_side_len = side
        if engine.text_det is not None:
            engine.text_det.limit_side_len = side
        steps: dict[str, Any] = {}
        found, turned, texts, crops = engine.run_ocr_steps(pixels, steps)
    if found.boxes is None or texts.txts is None:
        return []
    # What it added above very flat pictures.
    offset = np.array([steps["padding_1"]["left"], steps["padding_1"]["top"]])
    corners = np.clip(found.boxes - offset, 0, [image.width, image.height])
    parts = zip(texts.txts, texts.scores, corners, turned.cls_res, crops, strict=True)
    return [
        Reading(text, float(score), [(float(x), float(y)) for x, y in points], label == "180" and sure > _SURE, crop)
        for text, score, points, (label, sure), crop in parts
    ]


def turned_over(readings: list[Reading]) -> list[Reading]:
    """The same pieces read the other way up; each as it was when it made more sense so."""
    if not readings:
        return []
    with _LOCK:
        crops = [reading.crop if reading.upside_down else reading.crop[::-1, ::-1] for reading in readings]
        found = _engine().recognize_txt([np.ascontiguousarray(crop) for crop in crops])
    return [
        replace(reading, text=text, score=float(score), upside_down=not reading.upside_down)
        if text.strip() and score > reading.score
        else reading
        for reading, text, score in zip(readings, found.txts, found.scores, strict=True)
    ]


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
    return rapidocr.RapidOCR(
        params={**paths, **threads, "Global.log_level": "critical", "Det.limit_type": "max", "Det.limit_side_len": 960}
    )


def _version() -> str:
    from importlib.metadata import version

    return version("rapidocr")

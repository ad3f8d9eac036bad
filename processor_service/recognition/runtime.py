"""The packages and models of recognition: what is there, and the models' sessions."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from ..extras import installing
from ..onnx_model import open_model

MODELS = Path(__file__).parent / "models"
_PACKAGES = ("onnxruntime", "rapidocr", "cv2")


class RecognitionMissing(Exception):
    """Recognition cannot run here; the message says what to install."""


def missing() -> str | None:
    """What recognition lacks in this installation, as a sentence; None when it can run. Loads nothing."""
    return absence(_PACKAGES, "recognition")


def absence(packages: Iterable[str], extra: str) -> str | None:
    """Which of the packages are not installed, and the extra that brings them; None when all are. Loads nothing."""
    absent = [name for name in packages if importlib.util.find_spec(name) is None]
    if not absent:
        return None
    which = f"the package {absent[0]} is" if len(absent) == 1 else f"the packages {', '.join(absent)} are"
    return f"{which} missing: {installing(extra)}"


def needed() -> None:
    """Raises RecognitionMissing when `missing` has something to say."""
    if lack := missing():
        raise RecognitionMissing(lack)


@cache
def session(model: str) -> Any:
    """The onnxruntime session of a file in `models`, one a process. Raises RecognitionMissing."""
    needed()
    return open_model(MODELS / model)

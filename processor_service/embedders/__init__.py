"""Embedders turn pictures, and some of them words, into vectors. Their cosine says how alike two are. One file each.

A setting chooses the embedder (`IMAGE_EMBEDDER`). An index holds vectors of one embedder only.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from contextlib import suppress
from functools import cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import Code, ImageError
from ..picture import Picture
from ..pixels.reduced import over_white, reduced
from ..registry import scan
from ..settings import Settings

Vector = NDArray[Any]
# Decimals of numbers between -1 and 1. HNSW rounds to a byte, and comparing the exact vectors needs no more.
_DECIMALS = 5
_NOTHING = 1e-9


class EmbedderError(Exception):
    """An embedder that cannot be used; the message says what to change."""


class Embedder(ABC):
    """Makes vectors of one length. `label` names it with its version: when the vectors change, the label changes."""

    label: str
    dims: int
    # Whether loading takes time and memory.
    has_model: ClassVar[bool] = False

    @classmethod
    def name(cls) -> str:
        """The value of `IMAGE_EMBEDDER` that chooses it: the name of its file."""
        return cls.__module__.rpartition(".")[2]

    @classmethod
    @abstractmethod
    def check(cls, settings: Settings) -> None:
        """Check quickly whether it can be used with these settings. Raises EmbedderError."""

    @classmethod
    @abstractmethod
    def load(cls, settings: Settings) -> Embedder:
        """Make one, which may take long. Raises EmbedderError."""

    def of_picture(self, picture: Picture) -> Vector:
        """The vector of a picture: upright, transparent parts over white."""
        return self.image(over_white(reduced(picture)).convert("RGB"))

    @abstractmethod
    def image(self, image: Image.Image) -> Vector:
        """The vector of an upright RGB picture of any size; its length need not be 1."""

    def text(self, words: str) -> Vector:
        """The vector of a description. Raises ImageError `no_text_embedder` when it knows pictures only."""
        raise ImageError(
            Code.NO_TEXT_EMBEDDER, f"the embedder [{self.label}] knows pictures only; words need one with a text model"
        )


def embedders() -> dict[str, type[Embedder]]:
    """Every embedder by name."""
    return scan(sys.modules[__name__], Embedder)


def chosen(settings: Settings) -> type[Embedder]:
    """The embedder that the settings name. Raises EmbedderError, which lists the valid ones."""
    known = embedders()
    if settings.embedder not in known:
        raise EmbedderError(f"IMAGE_EMBEDDER is [{settings.embedder}]; valid are {', '.join(known)}")
    return known[settings.embedder]


@cache
def embedder() -> Embedder:
    """This process's embedder, loaded when first asked for. Raises EmbedderError."""
    settings = Settings()
    return chosen(settings).load(settings)


def preload(settings: Settings) -> None:
    """Load a model now, so that the first picture does not wait.

    If that fails, the error comes when the model is used.
    """
    with suppress(EmbedderError):
        if chosen(settings).has_model:
            embedder()


def embedded(query: Picture | str) -> dict[str, object]:
    """The document fields for the vector of a picture or of words; none when all its numbers are about zero.

    Raises ImageError `embedder_failed`, `no_text_embedder`.
    """
    try:
        model = embedder()
        vector = model.text(query) if isinstance(query, str) else model.of_picture(query)
    except EmbedderError as error:
        raise ImageError(Code.EMBEDDER_FAILED, str(error)) from error
    vector = vector.astype(np.float64)
    length = float(np.linalg.norm(vector))
    if not np.isfinite(length):
        raise ImageError(Code.EMBEDDER_FAILED, f"the embedder [{model.label}] gave numbers that are not finite")
    if length < _NOTHING:
        return {}
    return {"embedding": np.round(vector / length, _DECIMALS).tolist(), "embedder": model.label}

"""What a picture shows, in English words: EfficientNet-Lite0's 1,000 classes, and what they have in common."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from .runtime import MODELS, session
from .text import opaque

MODEL = "efficientnet-lite0.onnx"
# The name of its vectors, for `image.embedder`: other vectors, another name.
NAME = "efficientnet-lite0"
# The number is raised when the same picture gets other words: of the table, of the views or of a threshold.
MADE_BY = f"{NAME}-5"
DIMS = 1280
# Chosen by 411 photographs; 137 others say how good it is (docs/recognition.md). A word of few classes has to be surer:
# what the model does not know, it takes for the thing that looks most like it. So has one of many, since a little for
# each of them adds up: petals and the moon were animals. They need these powers of the probability: 0.71 and 0.54.
MIN_PROBABILITY = 0.36
_FEW, _SURER = 8, 1 / 3
_MANY, _RATHER_SURER = 100, 0.6
_SIDE = 224
# The middle of a picture is what remains of it, scaled to these sizes, at _SIDE.
_MIDDLES = (256, 288)
# What says that there is a vehicle with a plate: words of its classes, and of parts seen from near.
_VEHICLES = (
    *("car", "truck", "bus", "van", "minivan", "motorcycle", "moped", "motor scooter", "recreational vehicle"),
    *("mobile home", "tractor", "snowplow", "half track", "car mirror", "car wheel", "grille"),
)
_PERSON = "person"
Numbers = NDArray[np.float32]


@dataclass(frozen=True)
class Label:
    """A word and the probability that it is right."""

    word: str
    probability: float


@dataclass(frozen=True)
class Glance:
    """What the model says of the whole picture, in a single view.

    `vector`: 1280 numbers of length 1, near those of pictures of the same kind of thing; `odds`: of the 1,000 classes,
    as one view has them.
    """

    vector: Numbers
    odds: Numbers


@dataclass(frozen=True)
class Seen:
    """What the model says of a picture in all views. `probabilities`: of the 1,000 classes."""

    probabilities: Numbers

    def labels(self, min_probability: float = MIN_PROBABILITY, faces: int = 0) -> list[Label]:
        """The words that are at least so probable, from specific to general.

        Words of up to eight classes have to be surer, at least the cube root of `min_probability`, and so have those of
        more than a hundred (dog, mammal, animal), to the power of 0.6. A word's probability is the sum of those of the
        classes below it: where it is open which breed, it is still certain that it is a dog.
        `faces`: how many were found, when they were looked for; the classes hardly know people, and where there is a
        face, there is a person.
        """
        found = [Label(word, 1.0 if faces and word == _PERSON else self.of(word)) for word in _words()]
        return [label for label in found if label.probability >= _least(label.word, min_probability)]

    def of(self, *words: str) -> float:
        """The probability that one of the words is right."""
        classes = set().union(*(_words()[word] for word in words))
        return min(1.0, float(self.probabilities[list(classes)].sum()))

    @property
    def vehicle(self) -> float:
        """The probability of a vehicle that has a number plate, or of a part of it, for `plates`."""
        return self.of(*_VEHICLES)


def glance(image: Image.Image) -> Glance:
    """Run the model once, on the whole of an upright picture of any mode and size. Raises RecognitionMissing.

    That makes the vector. Many pictures have that at once and their words later, so nothing else is run for it.
    """
    vectors, odds = _run([opaque(image).resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)])
    return Glance(vectors[0] / max(float(np.linalg.norm(vectors[0])), 1e-9), odds[0])


def see(image: Image.Image, whole: Glance | None = None) -> Seen:
    """What an upright picture of any mode and size shows; `whole`, if it was glanced at before, is not made again.

    Words come from the whole and two views of its middle, which is what the model was trained with: fewer are wrong
    (docs/recognition.md). Raises RecognitionMissing.
    """
    flat, views = opaque(image), []
    for size in _MIDDLES:
        rim = (size - _SIDE) // 2
        fitted = ImageOps.fit(flat, (size, size), Image.Resampling.BICUBIC)
        views.append(fitted.crop((rim, rim, rim + _SIDE, rim + _SIDE)))
    _, odds = _run(views)
    whole = whole or glance(flat)
    return Seen(np.concatenate([whole.odds[np.newaxis], odds]).mean(axis=0))


def _run(views: list[Image.Image]) -> tuple[Numbers, Numbers]:
    """A row of vector, and one of probabilities, for each view."""
    values = (np.stack([np.asarray(view, np.float32) for view in views]) - 127) / 128
    vectors, logits = session(MODEL).run(["emb", "logits"], {"x": np.ascontiguousarray(values.transpose(0, 3, 1, 2))})
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return vectors, odds / odds.sum(axis=1, keepdims=True)


def _least(word: str, min_probability: float) -> float:
    classes = len(_words()[word])
    power = _SURER if classes <= _FEW else _RATHER_SURER if classes > _MANY else 1.0
    return float(min_probability**power)


@cache
def _words() -> dict[str, frozenset[int]]:
    """From each word to its classes: those of few classes first, so from specific to general."""
    classes: dict[str, set[int]] = {}
    for number, row in enumerate((MODELS / "labels.tsv").read_text(encoding="utf-8").splitlines()):
        for word in row.split("\t")[1:]:
            classes.setdefault(word, set()).add(number)
    return {word: frozenset(classes[word]) for word in sorted(classes, key=lambda word: len(classes[word]))}

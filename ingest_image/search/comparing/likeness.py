"""How the cosines of visual vectors are read, by embedder.

Measured: docs/search-quality.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from processor_service.embedders.builtin import COLORS, Builtin


@dataclass(frozen=True)
class Likeness:
    """From cosine `alike` on, pictures show similar things.

    Pictures from `candidate` on, at most the nearest `candidates`, are laid over the sample to see whether one is a
    copy of the other. No cosine is enough to call them that. So are the nearest `crops` by the numbers `of_crops`
    alone, which hardly change when a picture is cropped.
    """

    alike: float
    candidate: float
    candidates: int
    # Of pairs of different photographs, one in a hundred has this cosine, and none the other.
    rare: float
    unseen: float
    of_crops: slice | None = None
    crops: int = 0

    def in_words(self, cosine: float) -> str:
        """What a cosine says to people. It is no probability, so it is not shown as percent."""
        if cosine >= self.unseen:
            return "near copy"
        return "alike" if cosine >= self.rare else "a little alike"


_KNOWN = {
    # It does not rank corners high, but their colours.
    Builtin.label: Likeness(0.85, 0.7, 24, rare=0.91, unseen=0.95, of_crops=COLORS, crops=24),
    "efficientnet-lite0": Likeness(0.5, 0.3, 24, rare=0.66, unseen=0.87),
}
# Other models may need other values.
_MODELS = _KNOWN["efficientnet-lite0"]


def likeness_of(embedder: str | None) -> Likeness:
    """The values of an embedder by its name."""
    return _KNOWN.get(embedder or "", _MODELS)


def cosine(score: float) -> float:
    """The cosine from the score of a kNN search."""
    return 2 * score - 1

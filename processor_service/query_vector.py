"""Turns a question (a picture or words) into its vector for `POST /v1/embed`, the same as in a document."""

from __future__ import annotations

from typing import Any

from .decoding.decode import decode
from .embedders import embedded
from .errors import Code, ImageError
from .features.embedding import Embedding
from .features.perceptual_hash import ALGORITHM, PerceptualHash
from .operations.resize import Resize
from .picture import Picture
from .recognition.identity import NAME, SMALLEST
from .recognition.of_picture import faces_of, identities_of
from .settings import Settings
from .timing import Stopwatch
from .wire.payload import decode_payload

# The size that the bundled pipelines store. Ordinary JPEGs are decoded straight to it.
_TARGET = Resize(width=2048, height=2048, fit="inside")
_LONGEST_TEXT = 2000
FACE = "face"
_KEYS = ({"data"}, {"data", "vector"}, {"text"})


def embed(question: Any, settings: Settings, watch: Stopwatch) -> dict[str, Any]:
    """`vector` and `embedder` of a picture (`data`, perhaps `vector`) or of words (`text`). Raises ImageError."""
    if not isinstance(question, dict) or question.keys() not in _KEYS:
        raise ImageError(Code.INVALID_REQUEST, "the body must be an object with `text`, or `data` and perhaps `vector`")
    if "text" in question:
        with watch("embedding"):
            return _answer(embedded(_words(question["text"])))
    vector = question.get("vector", "embedding")
    if not isinstance(vector, str) or vector not in _VECTORS:
        raise ImageError(Code.INVALID_REQUEST, f"vector must be one of {', '.join(f'`{name}`' for name in _VECTORS)}")
    data = decode_payload(question["data"], settings.max_image_bytes)
    with watch("decode"):
        picture = decode(data, settings, lambda width, height, _: _TARGET.size(width, height))
    with watch(vector):
        return _VECTORS[vector](picture)


def asks_for_face(question: Any) -> bool:
    """Whether a recognizer has to answer it."""
    return isinstance(question, dict) and question.get("vector") == FACE


def _embedding(picture: Picture) -> dict[str, Any]:
    return _answer(Embedding().extract(picture))


def _face(picture: Picture) -> dict[str, Any]:
    """The vector of the largest face."""
    known = identities_of(picture)
    if not known:
        what = "no face is found in the picture"
        if found := faces_of(picture):
            what = f"{len(found)} faces are" if len(found) > 1 else "a face is"
            what += f" found in the picture, too small to tell whose: it takes {SMALLEST} pixels from eye to eye"
        raise ImageError(Code.NO_FACE, what)
    return {"vector": known[0].fields(), "embedder": NAME}


def _answer(fields: dict[str, Any]) -> dict[str, Any]:
    if not fields:
        raise ImageError(Code.NOTHING_TO_COMPARE, "the embedder finds nothing in it that could be compared")
    return {"vector": fields["embedding"], "embedder": fields["embedder"]}


def _hash(picture: Picture) -> dict[str, Any]:
    """The hash in hex, as Elasticsearch stores it. Its `embedder` is the algorithm."""
    value = PerceptualHash().extract(picture).get("perceptual_hash")
    if value is None:
        raise ImageError(
            Code.NOTHING_TO_COMPARE, "the picture has too little structure for a hash that means something"
        )
    return {"vector": value, "embedder": ALGORITHM}


def _words(text: Any) -> str:
    if not isinstance(text, str) or not text.strip() or len(text) > _LONGEST_TEXT:
        raise ImageError(Code.INVALID_REQUEST, f"text must be words, at most {_LONGEST_TEXT} characters")
    return text.strip()


_VECTORS = {"embedding": _embedding, "perceptual_hash": _hash, FACE: _face}

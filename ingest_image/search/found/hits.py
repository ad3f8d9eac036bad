"""A hit: a stored document, and why it was found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from pipelines.cluster.sources import flat, value_at
from pipelines.wording import well_formed
from processor_service.hash_variants import UPRIGHT

from ...overlay import Overlap
from ..comparing.hashes import RELATED, SAME_PICTURE, nearest
from ..comparing.likeness import cosine, likeness_of
from ..questions.person_query import distance_of_score
from ..questions.sample import Sample, sha256_of
from ..stored.picture import NO_PICTURE, DocumentPicture, first_object, number, pictures_of, text
from .reasons import Reason

_SIDES = ("x", "y", "width", "height")
_SAME_SCORE = 1e-4


@dataclass(frozen=True)
class Hit:
    """A document that was found: `distance` is in bits of the hash, `likeness` is the cosine of visual vectors.

    `turn` says how the sample must be turned to look like this. `overlap` is known when one was laid over the other.
    `copy`: one is a copy of the other, by its bytes, its hash or its pixels.
    """

    index: str
    id: str
    source: dict[str, Any] = field(repr=False)
    score: float | None = None
    reason: Reason | None = None
    distance: int | None = None
    turn: str | None = None
    likeness: float | None = None
    overlap: Overlap | None = None
    copy: bool = False
    # The version of the document, if it was asked for.
    seq_no: int | None = None
    primary_term: int | None = None
    # What its place in the index was made of, if it is not the id.
    routing: str | None = None
    # Of the same person: the distance of the faces' vectors, and where the face is (fractions of the sides), if known.
    face_distance: float | None = None
    face: dict[str, float] | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Index and id, which identify the document."""
        return self.index, self.id

    @property
    def place(self) -> dict[str, str]:
        """Where it is, as hits of Elasticsearch say it."""
        return {"_index": self.index, "_id": self.id} | ({"_routing": self.routing} if self.routing else {})

    @cached_property
    def pictures(self) -> list[DocumentPicture]:
        """Its pictures, usually one."""
        return pictures_of(value_at(self.source, "image"))

    @property
    def first(self) -> DocumentPicture:
        """The picture that represents the document; an empty one when it has none."""
        return self.pictures[0] if self.pictures else NO_PICTURE

    @property
    def title(self) -> str:
        """The title to show: that of the document or the picture, the file name, or the id."""
        for value in (self.source.get("title"), self.first.title, self.source.get("file_name")):
            if (found := text(value)).strip():
                return found
        return self.id

    @property
    def path(self) -> str:
        """Path of the file below the folder that was indexed, if the document says it."""
        return text(self.source.get("file_path"))

    def as_json(self) -> dict[str, Any]:
        """The hit as JSON for programs, without pictures."""
        about: dict[str, Any] = {"score": self.score, "reason": self.reason, "distance": self.distance}
        about |= {"turn": self.turn, "likeness": self.likeness, "face_distance": self.face_distance, "face": self.face}
        about["overlap"] = self.overlap.as_json() if self.overlap else None
        named = {"_index": self.index, "_id": self.id, "title": self.title}
        # A picture that is a bare string is left out as well.
        source = {key: value for key, value in self.source.items() if key != "image" or _is_light(value)}
        return named | {key: value for key, value in about.items() if value is not None} | {"_source": source}


def _is_light(image: Any) -> bool:
    return not any(isinstance(part, str) for part in flat(image))


def hit_of(raw: dict[str, Any], reason: Reason | None = None) -> Hit:
    """A hit from the answer of Elasticsearch."""
    source = well_formed(raw.get("_source"))
    id = well_formed(raw["_id"])
    return Hit(
        raw["_index"],
        id,
        source if isinstance(source, dict) else {},
        number(raw.get("_score")),
        reason,
        seq_no=raw.get("_seq_no"),
        primary_term=raw.get("_primary_term"),
        routing=raw.get("_routing"),
    )


def of_person(raw: dict[str, Any]) -> Hit:
    """A hit of a question with a person."""
    hit = hit_of(raw, Reason.SAME_PERSON)
    inner = [one for part in (raw.get("inner_hits") or {}).values() for one in part["hits"]["hits"]]
    # With some filters Elasticsearch 9.5 names another face of the document, or none.
    right = [one for one in inner if hit.score and abs((number(one.get("_score")) or 0) - hit.score) < _SAME_SCORE]
    box = first_object(right[0].get("_source")).get("box") if right else None
    values = {side: number(value) for side, value in first_object(box).items() if side in _SIDES}
    face = {side: value for side, value in values.items() if value is not None}
    distance = None if hit.score is None else round(distance_of_score(hit.score), 3)
    return replace(hit, face_distance=distance, face=face if len(face) == len(_SIDES) else None)


def compared(hit: Hit, sample: Sample, distance: int, turned: bool) -> Hit:
    """The hit with its distance and the strongest reason that holds; `distance` is the largest one allowed."""
    reason, found, turn = hit.reason, None, None
    hashes = [value for picture in hit.pictures for value in picture.hashes]
    ways = [way for value in sample.hashes if (way := nearest(value, hashes, turned))]
    if ways:
        found, turn = min(ways, key=lambda way: way[0])
    if sample.sha256.intersection(value for picture in hit.pictures for value in sha256_of(picture)):
        reason, found, turn = Reason.EXACT, 0, None
    elif found is not None and found <= min(distance, SAME_PICTURE):
        reason = Reason.SAME
    elif reason == Reason.SAME:
        reason = Reason.SIMILAR
    # A large distance means nothing.
    if found is not None and found > max(distance, RELATED):
        found, turn = None, None
    likeness = round(cosine(hit.score), 3) if hit.reason == Reason.SIMILAR and hit.score is not None else None
    return replace(
        hit,
        reason=reason,
        distance=found,
        turn=None if turn == UPRIGHT else turn,
        likeness=likeness,
        copy=found is not None and found <= distance,
    )


def as_copy(hit: Hit, overlap: Overlap) -> Hit:
    """The hit, of which pixels say that it is a copy of the sample."""
    turn = None if overlap.turn == UPRIGHT else overlap.turn
    return replace(hit, reason=Reason.SAME, turn=turn, overlap=overlap, copy=True)


def alike(hits: Iterable[Hit], sample: Sample) -> list[Hit]:
    """The hits that are similar enough to be shown, whether copies or not."""
    least = likeness_of(sample.embedder).alike
    return [hit for hit in hits if hit.likeness is None or hit.likeness >= least]

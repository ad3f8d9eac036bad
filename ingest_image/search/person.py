"""A person as the question: the vector of a face, from a file or from a stored document."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from elasticsearch import NotFoundError

from pipelines.cluster.index_pipelines import SETTINGS, settings_by_index
from pipelines.resources import DEFAULT_PIPELINE
from pipelines.wording import counted

from .engine import Engine
from .found.hits import hit_of
from .questions.person_query import PATH, VECTOR, Person, has_vector
from .questions.question import UserError
from .questions.sample import vector_of
from .sampling import NAMES, described, file_of, name_of, opened, stored
from .stored.picture import number, objects, text

_HOW = 'an index has vectors of faces when its pipeline says {"faces": {"identity": true}} (docs/privacy.md first)'


def find_person(engine: Engine, what: str, pipeline: str | None = None) -> tuple[Person, str]:
    """Whose face is the largest in the file with this name, else in the document with this id; and a note.

    `pipeline` describes a file: by default that of the first index with vectors of faces. Raises UserError.
    """
    identified = _identified(engine)
    if not identified:
        raise UserError(f"no picture in {engine.index} has vectors of faces: {_HOW}")
    if file_of(what) is None:
        return person_of_document(engine, what)
    return _of_file(engine, what, pipeline or _pipeline_of(engine, identified[0]))


def _of_file(engine: Engine, what: str, pipeline: str) -> tuple[Person, str]:
    with opened(what) as file:
        image = described(engine, file, name := name_of(what), pipeline, "faces")
    faces = objects(image.get("face_vectors"))
    if not faces:
        count = number(image.get("face_count"))
        if count is None:
            raise UserError(f"the pipeline {pipeline} looks for no faces: name one with --pipeline that does; {_HOW}")
        if not count:
            raise UserError(f"no face is found in {name}")
        raise UserError(
            f"{counted(int(count), 'face')} found in {name}, but the pipeline {pipeline} does not say whose: it lacks "
            '{"faces": {"identity": true}}, or the face is too small to tell'
        )
    return _person(name, ((face.get("vector"), face.get("embedder")) for face in faces))


def person_of_document(
    engine: Engine, id: str, index: str | None = None, number: int | None = None
) -> tuple[Person, str]:
    """Whose face is the largest in a stored document, or the one with that number (from 0, as stored); and a note.

    Raises UserError.
    """
    # The vectors come in `fields`; Elasticsearch 9 leaves them out of `_source`.
    hit = stored(engine, id, index, source_includes=NAMES, fields=[{"field": f"{PATH}.*"}])
    faces = objects((hit.get("fields") or {}).get(PATH))
    title = hit_of(hit).title
    if not faces:
        raise UserError(f"the document {id} has no vector of a face: no face can be seen, or its pipeline makes none")
    return _person(title, ((face.get("vector"), face.get("embedder")) for face in faces), (hit["_index"], id), number)


def _person(
    name: str, faces: Iterable[tuple[Any, Any]], identity: tuple[str, str] | None = None, number: int | None = None
) -> tuple[Person, str]:
    everybody = [(vector_of(value), text(embedder)) for value, embedder in faces]
    chosen = everybody if number is None else everybody[number : number + 1]
    known = [(vector, embedder) for vector, embedder in chosen if vector]
    if number is not None and not known:
        raise UserError(f"{name} has no vector of a face {number + 1}")
    if not known:
        raise UserError(f"the vectors of faces in {name} cannot be read")
    note = f"{name} shows {len(known)} faces: the largest is looked for" if len(known) > 1 else ""
    vector, embedder = known[0]
    return Person(name, vector, embedder, identity), note


def _identified(engine: Engine) -> list[str]:
    """The indices that have vectors of faces, those with most of them first."""
    if VECTOR not in engine.schema.types:
        return []
    counts = {"indices": {"terms": {"field": "_index", "size": 10}}}
    found = engine.client.search(
        index=engine.index, size=0, query=has_vector(), aggregations=counts, ignore_unavailable=True
    )
    return [bucket["key"] for bucket in found["aggregations"]["indices"]["buckets"]]


def _pipeline_of(engine: Engine, index: str) -> str:
    try:
        found = settings_by_index(engine.client, index).get(index, {})
    except NotFoundError:
        found = {}
    return next((name for setting in SETTINGS if (name := found.get(setting)) and name != "_none"), DEFAULT_PIPELINE)

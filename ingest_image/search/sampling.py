"""Makes a sample from a file or from a stored document."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from elasticsearch import ApiError

from pipelines.cluster.reasons import reason_of
from pipelines.cluster.sentences import CheckFailed, diagnose
from pipelines.cluster.simulate import simulated_picture
from pipelines.resources import DEFAULT_PIPELINE
from pipelines.wording import well_formed

from ..defaults import LARGEST_PICTURE
from ..files import PictureFile, Unfit
from ..overlay import layer_of, layer_of_bytes
from .engine import Engine
from .found.hits import hit_of
from .questions.question import UserError
from .questions.sample import Sample, sample_of

NAMES = ("title", "file_name", "image.metadata.title")
_COMPARED = ("image.sha256", "image.original.sha256", "image.perceptual_hashes.hex", "image.colors", "image.embed*")


def sample_of_open_file(engine: Engine, file: BinaryIO, name: str, pipeline: str = DEFAULT_PIPELINE) -> Sample:
    """The sample of a picture that is not stored."""
    image = described(engine, file, name, pipeline, "embedding")
    if engine.schema.hash_vector and "perceptual_hash_quality" not in image:
        raise UserError(f"the pipeline {pipeline} extracts no perceptual_hash: name another one with --pipeline")
    # Of a pipeline without thumbnails, the file itself.
    layer = layer_of(image.pop("thumbnail", None)) or layer_of_bytes(_bytes(file))
    return replace(sample_of(name, image, embedding_field=engine.schema.embedding), layer=layer)


def _bytes(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read(LARGEST_PICTURE)


def described(engine: Engine, file: BinaryIO, name: str, pipeline: str, needed: str) -> dict[str, Any]:
    """The fields of a picture that is not stored: `_simulate` runs the pipeline on it and stores nothing.

    `needed`: the property that has to be among them, even if documents get it later. Raises UserError.
    """
    try:
        image = simulated_picture(engine.client, pipeline, file, needed)
    except CheckFailed as failed:
        raise UserError(str(failed)) from failed
    except ApiError as error:
        if f"pipeline [{pipeline}] does not exist" in reason_of(error):
            raise UserError(f"there is no pipeline {pipeline}: ingest-image bootstrap installs one") from error
        raise UserError(diagnose(reason_of(error))) from error
    if isinstance(problem := image.get("error"), dict):
        raise UserError(f"{name}: {problem.get('reason')}")
    if "sha256" not in image:
        raise UserError(f"the pipeline {pipeline} does not process pictures: name another one with --pipeline")
    return image


def sample_of_document(engine: Engine, id: str, index: str | None = None) -> Sample:
    """The sample of a stored document. Its vector comes in `fields`; Elasticsearch 9 leaves it out of `_source`."""
    vector = engine.schema.embedding
    fields = [{"field": vector}] if vector else None
    hit = stored(engine, id, index, source_includes=[*NAMES, *_COMPARED], fields=fields)
    vectors = (hit.get("fields") or {}).get(vector, []) if vector else []
    # A vector comes as one list of numbers.
    vectors = [vectors] if vectors and isinstance(vectors[0], int | float) else vectors
    return sample_of(
        hit_of(hit).title,
        hit["_source"].get("image"),
        identity=(hit["_index"], id),
        embeddings=vectors,
        embedding_field=vector,
    )


def stored(
    engine: Engine, id: str, index: str | None = None, *, also: str = ", and no such file", **what: Any
) -> dict[str, Any]:
    """The hit of a stored document; `what` to return of it. Raises UserError if there is none, or more than one.

    `also`: what else there is not.
    """
    found: list[dict[str, Any]] = engine.client.search(
        index=index or engine.index, query={"ids": {"values": [id]}}, size=2, ignore_unavailable=True, **what
    )["hits"]["hits"]
    if not found:
        raise UserError(f"there is no document {id} in {index or engine.index}{also}")
    if len(found) > 1:
        raise UserError(f"several indices have a document {id}: name one with --index")
    return found[0]


def find_sample(
    engine: Engine, what: str, pipeline: str = DEFAULT_PIPELINE, *, largest: int = LARGEST_PICTURE
) -> Sample:
    """The sample of the file with this name, if there is one; otherwise of the document with this id."""
    if file_of(what) is None:
        return sample_of_document(engine, well_formed(what))
    return sample_of_open_file(engine, opened(what, largest), name_of(what), pipeline)


def opened(what: str, largest: int = LARGEST_PICTURE) -> BinaryIO:
    """The picture of that name, read as a whole. Raises UserError if it is no file that can be sent."""
    path = Path(what)
    if path.is_dir():
        raise UserError(f"{what} is a folder: give a picture, or the id of a document")
    try:
        return io.BytesIO(PictureFile(path, path.name).read(largest))
    except Unfit as unfit:
        raise UserError(f"{what} {unfit}") from unfit


def name_of(what: str) -> str:
    """The name of a file, to be shown."""
    return str(well_formed(Path(what).name))


def file_of(what: str) -> Path | None:
    """The file or folder with this name; None if there is none, or no file could have such a name."""
    try:
        return Path(what) if Path(what).exists() else None
    except (OSError, ValueError):
        return None

"""Request bodies for Elasticsearch, made of the question and the schema. Sends nothing."""

from __future__ import annotations

import re
from typing import Any

from pipelines.picture_fields import MARKS, PICTURES, PIECES, PLACES, VECTORS, under
from processor_service.hash_bands import near_bands

from ..comparing.hashes import RELATED, variants
from ..comparing.likeness import Likeness, likeness_of
from ..found.reasons import Reason
from ..questions.bounds import TIMEOUT, without_regex
from ..questions.colors import alike_query, color_query
from ..questions.order import sort
from ..questions.person_query import MOST_PICTURES, of_embedder, person_knn
from ..questions.question import Question
from ..questions.sample import Sample
from ..stored.schema import BANDS, Schema

Query = dict[str, Any]

# Fields that can hold words; one that is missing in an index does no harm.
WORD_FIELDS = (
    *("title^3", "tags^2", "description", "file_name^2", "file_path"),
    *("image.metadata.title^3", "image.metadata.caption^2"),
    *("image.metadata.keywords^2", "image.metadata.artist", "image.metadata.camera", "image.metadata.lens"),
    *("image.metadata.rights", "image.metadata.copyright", "image.color_names", "image.format", "image.orientation"),
    *("image.text", "image.text.*", "image.labels", "image.tags", "image.tags.*"),
)
# Pictures and thumbnails are fetched one by one when they are shown.
HEAVY = under([*PICTURES, *MARKS, *VECTORS, *PIECES])
LIGHT: dict[str, Any] = {"excludes": [*HEAVY, *under(PLACES)]}
# How many hits of each kind are ranked together.
WINDOW = 100
# Most that Elasticsearch allows for `num_candidates`.
_COMPARED = 10_000
# The graph of the vectors is made for all of their numbers, so a part of them needs a wider search.
_CROPS_COMPARED = 1_000
_PLAIN_WORD = re.compile(r"\w[\w.'’,#&-]*")
_OPERATORS = frozenset({"AND", "OR", "NOT", "TO"})


def words_query(text: str) -> Query:
    """Words as `query_string`: each must be in some field.

    Several plain words would be searched together in one field, so AND is put between them.
    """
    words = text.split()
    if all(_PLAIN_WORD.fullmatch(word) for word in words) and not _OPERATORS.intersection(words):
        # Colour names are keywords, which are not analyzed.
        text = " AND ".join(word.lower() for word in words)
    text = without_regex(text)
    return {"query_string": {"query": text, "fields": list(WORD_FIELDS), "default_operator": "AND", "lenient": True}}


def forgiving_words_query(text: str) -> Query:
    """The same as `simple_query_string`, for words that `query_string` cannot parse."""
    fields = list(WORD_FIELDS)
    return {"simple_query_string": {"query": text, "fields": fields, "default_operator": "AND", "lenient": True}}


def restriction(question: Question, with_words: bool) -> list[Query]:
    """The clauses that every hit must fulfil, without effect on the score."""
    clauses = [*question.filters.clauses, *(color_query(wish) for wish in question.colors)]
    if with_words and question.words:
        clauses.append(words_query(question.words))
    asked = question.sample or question.person
    if asked and asked.identity:
        index, id = asked.identity
        itself = {"bool": {"filter": [{"term": {"_index": index}}, {"ids": {"values": [id]}}]}}
        clauses.append({"bool": {"must_not": [itself]}})
    return clauses


def plain_query(question: Question) -> Query:
    """The query of a question without a sample; words and colours determine the score."""
    must = [color_query(wish) for wish in question.colors]
    if question.words:
        must.append(words_query(question.words))
    return {"bool": {"must": must, "filter": question.filters.clauses}}


def plain_sort(question: Question) -> list[Any]:
    """By what its hits are sorted: words and colours give scores."""
    return sort(question.order, has_scores=bool(question.words or question.colors))


def exact_query(sample: Sample, clauses: list[Query]) -> Query:
    """Pictures with the same bytes, stored or original."""
    values = sorted(sample.sha256)
    same = [{"terms": {"image.sha256": values}}, {"terms": {"image.original.sha256": values}}]
    return {"bool": {"filter": clauses, "should": same, "minimum_should_match": 1}}


def hash_knn(
    field: str,
    sample: Sample,
    distance: int,
    turned: bool,
    clauses: list[Query],
    k: int = WINDOW,
    by_bands: bool = False,
) -> list[Query]:
    """kNN clauses for pictures up to `distance` bits away from any hash of the sample, or one of its turns.

    With `by_bands`, only pictures that share a band are compared: all up to `hash_bands.REACH` bits, some farther ones.
    """
    values = [way for value in sample.hashes for way in (variants(value).values() if turned else (value,))]
    if not by_bands:
        return [knn(field, value, clauses, k=k, similarity=distance) for value in dict.fromkeys(values)]
    # Up to `num_candidates` pictures that a filter leaves are compared one by one, without a look at the others.
    return [
        {**knn(field, value, [_band_query(value), *clauses], k=k, similarity=distance), "num_candidates": _COMPARED}
        for value in dict.fromkeys(values)
    ]


def _band_query(value: str) -> Query:
    return {"nested": {"path": BANDS.rpartition(".")[0], "query": {"terms": {BANDS: near_bands(value)}}}}


def embedding_knn(sample: Sample, schema: Schema, clauses: list[Query]) -> list[Query]:
    """kNN clauses for pictures with a similar visual vector; none if the vectors cannot be compared."""
    if not schema.embedding:
        return []
    if sample.embedder and "image.embedder" in schema.types:
        clauses = [*clauses, {"term": {"image.embedder": sample.embedder}}]
    least = likeness_of(sample.embedder).candidate
    fitting = [vector for vector in sample.embeddings if schema.dims in (None, len(vector))]
    return [knn(schema.embedding, list(vector), clauses, similarity=least) for vector in fitting]


def crops_knn(likely: list[Query], limits: Likeness) -> list[Query]:
    """Of kNN clauses by whole vectors, those by what a crop leaves of them; none if the embedder has no such part."""
    if limits.of_crops is None:
        return []
    chosen = range(*limits.of_crops.indices(10_000))
    return [
        {name: value for name, value in clause.items() if name != "similarity"}
        | {
            "query_vector": [number if place in chosen else 0.0 for place, number in enumerate(clause["query_vector"])],
            "k": limits.crops,
            "num_candidates": _CROPS_COMPARED,
        }
        for clause in likely
        # Anybody may store a vector, and Elasticsearch knows no cosine of one that is 0 throughout.
        if any(clause["query_vector"][limits.of_crops])
    ]


def knn(field: str, vector: Any, clauses: list[Query], *, k: int = WINDOW, similarity: float | None = None) -> Query:
    """One kNN clause; `similarity` is the largest distance of bit vectors, the smallest cosine of others."""
    clause: Query = {"field": field, "query_vector": vector, "k": k, "num_candidates": min(_COMPARED, 4 * k)}
    if similarity is not None:
        clause["similarity"] = similarity
    if clauses:
        clause["filter"] = clauses
    return clause


def person_body(question: Question) -> dict[str, Any]:
    """The search of a question with a person."""
    assert question.person is not None
    found = person_knn(question.person, question.face_distance, restriction(question, with_words=True))
    comparable = of_embedder(question.person)
    return {"knn": found, "post_filter": comparable, "size": MOST_PICTURES, "source": LIGHT, "timeout": TIMEOUT}


def likeness_bodies(
    question: Question, schema: Schema, window: int = WINDOW, by_bands: bool = False
) -> dict[Reason, dict[str, Any]]:
    """The searches of a question with a sample, by the reason of their hits; hashes may be looked up `by_bands`."""
    sample = question.sample
    assert sample is not None
    clauses = restriction(question, with_words=question.near_duplicates)
    bodies: dict[Reason, dict[str, Any]] = {}
    if sample.sha256:
        bodies[Reason.EXACT] = {"query": exact_query(sample, clauses)}
    if sample.hashes and schema.hash_vector:
        farthest = max(question.distance, RELATED)
        searches = hash_knn(schema.hash_vector, sample, farthest, question.turned, clauses, window, by_bands)
        bodies[Reason.SAME] = {"knn": searches}
    if vectors := embedding_knn(sample, schema, clauses):
        bodies[Reason.SIMILAR] = {"knn": vectors}
        limits = likeness_of(sample.embedder)
        if crops := crops_knn(vectors, limits):
            bodies[Reason.PERHAPS_CROPPED] = {"knn": crops, "size": limits.crops}
    elif sample.colors and not question.near_duplicates:
        alike = alike_query(sample.colors)
        bodies[Reason.SIMILAR_COLORS] = {"query": {"bool": {"must": [alike], "filter": clauses}}, "min_score": 0.5}
    if question.words and not question.near_duplicates:
        matching = words_query(question.words)
        bodies[Reason.WORDS] = {"query": {"bool": {"must": [matching], "filter": clauses}}}
    return {reason: {"size": window, "_source": LIGHT, "timeout": TIMEOUT, **body} for reason, body in bodies.items()}

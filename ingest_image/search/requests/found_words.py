"""Which words of a picture's recognized text a question found."""

from __future__ import annotations

from elasticsearch import BadRequestError, Elasticsearch

from pipelines.wording import well_formed

from ..found.hits import Hit
from ..questions.bounds import TIMEOUT, impatient, too_costly
from .queries import forgiving_words_query, words_query

# Around a found word: characters that no text is meant to have (private use). Whatever a text does with them, it only
# changes what is highlighted.
_START, _END = "\ue000", "\ue001"
_FIELD = "image.text"
# A part of a text, and whether it was found.
Part = tuple[str, bool]


class FoundWords:
    """The recognized texts of a document, taken apart at the words that were found; Elasticsearch says which."""

    def __init__(self, client: Elasticsearch, hit: Hit, words: str) -> None:
        self._texts = {_without(text): text for text in _highlighted(client, hit, words)}

    def parts(self, text: str) -> list[Part]:
        """The parts of one of these texts; a single part if nothing was found in it."""
        found: list[Part] = []
        for piece in self._texts.get(_without(text), text).split(_START):
            # The first piece has no word before it that was found.
            word, end, rest = piece.partition(_END)
            found += [(word, True), (rest, False)] if end else [(piece, False)]
        return [(part, is_found) for part, is_found in found if part]


def _without(text: str) -> str:
    return text.replace(_START, "").replace(_END, "")


def _highlighted(client: Elasticsearch, hit: Hit, words: str) -> list[str]:
    if not words or too_costly(words):
        return []
    for query in (words_query(words), forgiving_words_query(words)):
        # The whole text, not fragments of it.
        how = {"highlight_query": query, "number_of_fragments": 0, "pre_tags": [_START], "post_tags": [_END]}
        try:
            found = impatient(client).search(
                index=hit.index,
                query={"ids": {"values": [hit.id]}},
                source=False,
                highlight={"fields": {_FIELD: how}},
                timeout=TIMEOUT,
            )
        except BadRequestError:
            # The words cannot be parsed; the other query takes any.
            continue
        texts = [text for one in found["hits"]["hits"] for text in one.get("highlight", {}).get(_FIELD, [])]
        return [str(well_formed(text)) for text in texts]
    return []

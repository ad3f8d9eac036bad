"""Limits of a question: what people write is within them, what keeps a node busy for minutes is not.

The words of a question are a `query_string`, and some of its forms cost far more than their length suggests. Building
the automaton of `****...` or of a regular expression cannot be interrupted, so Elasticsearch's own `timeout` does not
help there: such words are refused before they are sent. docs/search.md has the figures.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

from elasticsearch import Elasticsearch

# Elasticsearch then stops collecting and answers with what it has found. `terminate_after` is no alternative: it stops
# after the first documents of a shard, which are neither the best ones nor all that should be counted.
TIMEOUT = "10s"
# Seconds after which the client hangs up; Elasticsearch then cancels the search.
PATIENCE = 30
LONGEST = 1000
MOST_FILTERS, MOST_COLORS, MOST_VALUES = 32, 8, 100

# Quotes do not matter here: in `[a" TO b] *** ["c TO d]` Elasticsearch sees no quotes.
_ESCAPED = re.compile(r"\\.", re.DOTALL)
# An escaped one in the name of a field stands for all fields.
_OF_FIELDS = re.compile(r"\\[*?](?=\S*:)")
# Where a word may begin: also right behind what was closed.
_BEGINS = r"(?<![^\s:(+!\")\]}-])"
# A slash outside a word opens a regular expression, which extends to the next slash, also over spaces.
_REGEX = re.compile(_BEGINS + r"/[^/]*[^\w\s/.,'’&#-][^/]*/(?=[\s)^~]|$)")


@dataclass(frozen=True)
class _Found:
    """How often each costly part occurs in some words; the sentence for the user has the same names."""

    words: int
    wildcards: int
    leading_wildcards: int
    fuzzy_words: int
    ranges: int
    nested_parentheses: int

    @classmethod
    def in_(cls, text: str) -> _Found:
        return cls(
            words=len(re.split(r"[\s()]+", text)),
            wildcards=len(re.findall(r"[*?]", text)),
            # `title:*` asks whether there is a title, `[2020 TO *]` has no upper end. Behind `lake~` and `lake^2` a
            # word begins without a space, too.
            leading_wildcards=len(re.findall(rf"(?:{_BEGINS}|[~^][\d.]*)[*?]+[^\s*?)^:\]}}]", text)),
            fuzzy_words=text.count("~"),
            ranges=len(re.findall(r"[\[{]", text)),
            nested_parentheses=_deepest(text),
        )


# Enough for what people write, far below what hurts: `python -m tests.load.costly_questions`.
_MOST = _Found(words=100, wildcards=8, leading_wildcards=2, fuzzy_words=4, ranges=8, nested_parentheses=8)


def impatient(client: Elasticsearch) -> Elasticsearch:
    """The client for costly searches: a node cancels them when it hangs up, and a retry would start them again."""
    return client.options(request_timeout=PATIENCE, max_retries=0)


def too_costly(words: str) -> str | None:
    """Why these words are refused, as a sentence; None when they are not."""
    if len(words) > LONGEST:
        return f"{len(words)} characters are too many to search for: at most {LONGEST} are allowed"
    words = _ESCAPED.sub("x", _OF_FIELDS.sub("*x", words))
    if _REGEX.search(words):
        return "regular expressions are not searched for: use * and ?, or write text with slashes in quotes"
    found = _Found.in_(words)
    for field in fields(_Found):
        count, most = getattr(found, field.name), getattr(_MOST, field.name)
        if count > most:
            return f"{count} {field.name.replace('_', ' ')} are too many to search for: at most {most} are allowed"
    return None


def without_regex(words: str) -> str:
    """The words with slashes escaped: `query_string` would read `/05/` in `2020/05/lake` as a regular expression."""
    return re.sub(r"(\\.)|/", lambda match: match[1] or r"\/", words, flags=re.DOTALL)


def _deepest(text: str) -> int:
    depth = deepest = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        deepest = max(deepest, depth)
    return deepest

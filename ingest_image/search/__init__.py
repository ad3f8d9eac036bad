"""Finds stored pictures with plain Elasticsearch queries: by words, likeness, person, colour, and values of fields.

`queries` turns a `question` into request bodies, `engine` sends them and ranks the hits.
"""

from __future__ import annotations

from .engine import Engine, Results
from .found.hits import Hit
from .questions.question import Question, UserError
from .questions.sample import Sample

__all__ = ["Engine", "Hit", "Question", "Results", "Sample", "UserError"]

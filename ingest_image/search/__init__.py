"""Finds stored pictures with plain Elasticsearch queries: by words, likeness, person, colour, and values of fields.

`queries` turns a `question` into request bodies, `engine` sends them and ranks the hits.
"""

from __future__ import annotations

from .engine import Engine, Results
from .hits import Hit
from .question import Question, UserError
from .sample import Sample

__all__ = ["Engine", "Hit", "Question", "Results", "Sample", "UserError"]

"""Finding stored pictures by plain Elasticsearch queries: by words, likeness, colour, and what they share.

`question` is what is asked, `queries` turns it into request bodies, `engine` runs them and ranks the answers.
"""

from __future__ import annotations

from .engine import Engine, Results
from .hits import Hit
from .question import Question, UserError
from .sample import Sample

__all__ = ["Engine", "Hit", "Question", "Results", "Sample", "UserError"]

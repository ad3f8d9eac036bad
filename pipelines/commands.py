"""The commands of this room, for the program `ingest-image`."""

from __future__ import annotations

from .bootstrap import bootstrap
from .index import index

__all__ = ["bootstrap", "index"]

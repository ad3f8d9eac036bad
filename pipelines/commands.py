"""The commands of this room, for the program `ingest-image`."""

from __future__ import annotations

from .bootstrap import bootstrap
from .index import index
from .search.commands import search
from .search.duplicates import duplicates

__all__ = ["bootstrap", "duplicates", "index", "search"]

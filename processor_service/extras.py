"""How what is optional gets installed."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version


@cache
def installing(extra: str) -> str:
    """The command that installs an extra. From the wheel's file, as an index may have the name from somebody else."""
    return f"pip install './ingest_image-{version('ingest-image')}-py3-none-any.whl[{extra}]'"

"""Sizes and times as Elasticsearch writes them."""

from __future__ import annotations

import re

_SECONDS = {"nanos": 1e-9, "micros": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"": 1, "b": 1, "k": 1 << 10, "kb": 1 << 10, "m": 1 << 20, "mb": 1 << 20, "g": 1 << 30, "gb": 1 << 30}


def seconds_of(text: str) -> float:
    """`1.5m` is 90.0. Raises ValueError for anything else."""
    return _quantity(text, _SECONDS)


def bytes_of(text: str) -> int:
    """`20mb` is 20971520; kb, mb and gb are powers of 1024. Raises ValueError for anything else."""
    return int(_quantity(text, _BYTES))


def shown_bytes(count: float) -> str:
    """For people: `20 MB`."""
    return f"{count / (1 << 20):.3g} MB" if count >= 1 << 20 else f"{count / (1 << 10):.3g} KB"


def _quantity(text: str, units: dict[str, float] | dict[str, int]) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]*)", text.strip().lower())
    if not match or match[2] not in units:
        raise ValueError(f"{text!r} has none of the units {', '.join(filter(None, units))}")
    return float(match[1]) * units[match[2]]

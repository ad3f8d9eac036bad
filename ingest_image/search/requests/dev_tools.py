"""Writes a search as it is pasted into Kibana's Dev Tools."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

# Arguments of the client that are not part of the body.
_NOT_IN_BODY = frozenset({"index", "ignore_unavailable"})


@dataclass(frozen=True)
class SentSearch:
    """One search, or several in one request, as they were sent; `bodies` are arguments of the client."""

    index: str
    bodies: tuple[dict[str, Any], ...]
    several: bool = False

    def __str__(self) -> str:
        bodies = [_body(arguments) for arguments in self.bodies]
        if self.several:
            lines = [json.dumps(part, ensure_ascii=False) for body in bodies for part in ({}, body)]
            return f"GET {self._path('_msearch')}\n" + "\n".join(lines) + "\n"
        (body,) = bodies
        # A point in time names the indices.
        path = "_search" if "pit" in body else self._path("_search")
        return f"GET {path}\n{json.dumps(body, ensure_ascii=False, indent=2)}\n"

    def _path(self, action: str) -> str:
        return f"{quote(self.index, safe='*,')}/{action}?ignore_unavailable=true"


def _body(arguments: dict[str, Any]) -> dict[str, Any]:
    names = {"source": "_source"}
    return {names.get(name, name): value for name, value in arguments.items() if name not in _NOT_IN_BODY}


def several(index: str, bodies: Sequence[dict[str, Any]]) -> SentSearch:
    """A request with several searches."""
    return SentSearch(index, tuple(bodies), several=True)

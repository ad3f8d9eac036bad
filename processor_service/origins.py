"""Addresses of a service in the form of the nodes' setting `ingest.image.hosts`: scheme, host, port."""

from __future__ import annotations

import re
from collections.abc import Iterable

# A star stands for letters, digits and dashes. It does not match dots, so the domain is fixed.
ORIGIN_PATTERN = re.compile(r"https?://([a-z0-9_.*-]+|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?/?")


def plain_origin(origin: str) -> str:
    """An origin (or a pattern) in the form that is compared: lower case, without the port that its scheme implies."""
    origin = origin.lower().removesuffix("/")
    return origin.removesuffix(":80" if origin.startswith("http:") else ":443")


def is_among(origin: str, patterns: Iterable[str]) -> bool:
    """Whether the origin matches one of the patterns; all in plain form."""
    return any(re.fullmatch(re.escape(pattern).replace(r"\*", "[a-z0-9-]*"), origin) for pattern in patterns)


def of_loopback(port: int) -> list[str]:
    """The addresses by which programs on the same machine reach a service on loopback."""
    return [plain_origin(f"http://{host}:{port}") for host in ("127.0.0.1", "[::1]", "localhost")]

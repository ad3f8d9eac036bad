"""Requests to what this program itself has started on this machine: they never go by a proxy.

Addresses that users give are asked with plain `requests`, which does as their environment says.
"""

from __future__ import annotations

import os
from typing import Any

import requests

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def send(method: str, url: str, **options: Any) -> requests.Response:
    """Like `requests.request`, but not by a proxy that the environment names."""
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, url, **options)


def without_proxy() -> dict[str, str]:
    """Variables for our own child processes, which ask each other: the environment's exceptions, and this machine."""
    present = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    if present.strip() == "*":
        return {}
    value = ",".join([*filter(None, [present]), *_LOOPBACK])
    return {"no_proxy": value, "NO_PROXY": value}

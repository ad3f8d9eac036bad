"""Asks the processor service for its limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import requests

from processor_service.keys import api_token

_PATIENCE = 10.0
# Its own deadline is for each of several calls.
_STORE_PATIENCE = 60.0


@dataclass(frozen=True)
class ServiceLimits:
    """The answer to `GET /v1/limits`, or the problem and advice when there is none."""

    url: str
    limits: dict[str, Any] | None = None
    open_to_all: bool = False
    problem: str = ""
    advice: str = ""
    token: str = field(default="", repr=False)


class StoreProblem(Exception):
    """The service's store does not work; the message says how."""


def ask(url: str, token: str | None, timeout: float = _PATIENCE) -> ServiceLimits:
    """Ask a service for its limits; waits up to `timeout` seconds. A failure is returned as `problem`, not raised.

    The token itself is not sent, only the API token that is derived from it.
    """
    url = url.rstrip("/")
    address = f"{url}/v1/limits"
    try:
        answer = requests.get(address, timeout=timeout, allow_redirects=False)
        open_to_all = answer.ok
        if answer.status_code == 401 and token:
            headers = {"Authorization": f"Bearer {api_token(token)}"}
            answer = requests.get(address, headers=headers, timeout=timeout, allow_redirects=False)
    except requests.RequestException as error:
        return ServiceLimits(
            url,
            problem=f"the service does not answer at {url} ({type(error).__name__})",
            advice="start it (ingest-image serve), or give its address as it is seen from here with --service-url",
        )
    if answer.status_code == 401:
        return ServiceLimits(
            url,
            problem="the service refuses the token" if token else "the service requires its token",
            advice="set IMAGE_TOKEN here to the token of the service",
        )
    try:
        limits = answer.json()
        known = isinstance(limits, dict) and "workers" in limits
    except requests.JSONDecodeError:
        known = False
    if not answer.ok or not known:
        return ServiceLimits(
            url,
            problem=f"what answers at {url} with status {answer.status_code} does not give its limits",
            advice="is it the processor service, in the version of this program?",
        )
    return ServiceLimits(url, limits, open_to_all, token=token or "")


def check_store(service: ServiceLimits, keys: Sequence[str]) -> list[str]:
    """Have a service try its store; returns which of the addresses are missing there. Raises StoreProblem."""
    headers = {"Authorization": f"Bearer {api_token(service.token)}"} if service.token else {}
    address = f"{service.url}/v1/store/check"
    try:
        answer = requests.post(
            address, json={"keys": list(keys)}, headers=headers, timeout=_STORE_PATIENCE, allow_redirects=False
        )
        body = answer.json()
        if answer.ok:
            return list(body["missing"])
        raise StoreProblem(str(body["error"]["reason"]))
    except (requests.RequestException, KeyError, TypeError) as error:
        raise StoreProblem(f"the service at {service.url} does not say whether its store works") from error

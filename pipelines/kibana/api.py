"""The few requests that are sent to Kibana, and its errors as sentences."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import requests
from requests.auth import HTTPBasicAuth

from ..wording import without_login
from .objects import Json, ndjson

# Kibana answers 503 while it is starting; a proxy in front of it 502 or 504.
_STARTING = frozenset({502, 503, 504})


class KibanaError(Exception):
    """A sentence that says what went wrong and what to do about it."""


class Kibana:
    """Kibana at `url`, which may end with the path of a space: `https://kibana:5601/s/marketing`."""

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        username: str | None = None,
        password: str | None = None,
        ca_certs: Path | None = None,
        patience: float = 60,
    ) -> None:
        self.url = (url if "://" in url else f"http://{url}").rstrip("/")
        self._shown = without_login(self.url)
        self._patience = patience
        self._session = requests.Session()
        # Kibana requires it, because a form of another site cannot send it.
        self._session.headers["kbn-xsrf"] = "true"
        if api_key:
            self._session.headers["Authorization"] = f"ApiKey {api_key}"
        elif username:
            self._session.auth = HTTPBasicAuth(username.encode(), (password or "").encode())
        else:
            # Without this, requests would take a password from a .netrc.
            self._session.trust_env = False
        if ca_certs:
            self._session.verify = str(ca_certs)

    def import_objects(self, objects: Sequence[Json]) -> dict[tuple[str, str], bool]:
        """Write the objects, replacing existing ones. Says for each, by type and id, whether it existed."""
        file = ("saved_objects.ndjson", ndjson(objects).encode(), "application/ndjson")
        answer = self._send("POST", "/api/saved_objects/_import", params={"overwrite": "true"}, files={"file": file})
        if not answer.get("success"):
            failed = [f"{one.get('type')} {one.get('id')} ({_why(one)})" for one in answer.get("errors", ())]
            raise KibanaError(f"Kibana refused {', '.join(failed) or 'the saved objects'}")
        return {(one["type"], one["id"]): bool(one.get("overwrite")) for one in answer.get("successResults", ())}

    def delete(self, type_: str, id: str) -> bool:
        """Remove an object; False when it is not there."""
        if type_ == "index-pattern":
            return self._send("DELETE", f"/api/data_views/data_view/{id}", absent=True) is not _ABSENT
        path = f"/api/saved_objects/{type_}/{id}"
        return self._send("DELETE", path, params={"force": "true"}, absent=True) is not _ABSENT

    def _send(self, method: str, path: str, absent: bool = False, **more: Any) -> Json:
        until = time.monotonic() + self._patience
        while True:
            try:
                answer = self._session.request(method, self.url + path, timeout=60, allow_redirects=False, **more)
            except requests.exceptions.SSLError as error:
                raise KibanaError(f"no trusted TLS connection to Kibana at {self._shown}: give --ca-certs") from error
            except requests.RequestException as error:
                if time.monotonic() > until:
                    raise KibanaError(f"Kibana does not answer at {self._shown}: is --kibana-url right?") from error
            else:
                if answer.status_code not in _STARTING or time.monotonic() > until:
                    return self._read(answer, absent)
            time.sleep(min(1.0, self._patience / 10))

    def _read(self, answer: requests.Response, absent: bool) -> Json:
        body = _json(answer)
        redirected = 300 <= answer.status_code < 400
        if answer.ok and not redirected:
            return body
        message = str(body.get("message") or answer.reason)[:300]
        # When this Kibana does not have the path, the message is just these words.
        if answer.status_code == 404 and absent and message != "Not Found":
            return _ABSENT
        if answer.status_code == 401:
            raise KibanaError(
                f"Kibana at {self._shown} wants the user of Elasticsearch: an API key, or user and password"
            )
        if answer.status_code == 403:
            raise KibanaError(f"the user may not change Kibana's saved objects (docs/kibana.md): {message}")
        if redirected or answer.status_code == 404:
            raise KibanaError(
                f"{self._shown} does not have an address that this program expects of Kibana ({answer.status_code}): "
                "is a base path missing in --kibana-url, or does this version use another address?"
            )
        raise KibanaError(f"Kibana at {self._shown} refused with {answer.status_code}: {message}")


_ABSENT: Json = {}


def _json(answer: requests.Response) -> Json:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _why(failed: Mapping[str, Any]) -> str:
    error = failed.get("error") or {}
    return str(error.get("message") or error.get("type") or "no reason given")[:300]

"""The login: users of Elasticsearch, whose name and password each request hands on. Nothing of it is kept here."""

from __future__ import annotations

import base64

from elasticsearch import AuthenticationException, AuthorizationException, Elasticsearch
from flask import Flask, Response, request

# Neither shows anything of a document.
_OPEN = frozenset({"static", "actions.healthz"})
CHALLENGE = 'Basic realm="Pictures", charset="UTF-8"'


def require_user(app: Flask) -> None:
    """Answer requests without a name and a password with 401; Elasticsearch checks them."""

    @app.before_request
    def check() -> Response | None:
        given = request.authorization
        if request.endpoint in _OPEN or (given and given.type == "basic" and given.username):
            return None
        return Response("Log in with a user of Elasticsearch.\n", 401, mimetype="text/plain")

    @app.after_request
    def ask(answer: Response) -> Response:
        if answer.status_code == 401:
            answer.headers["WWW-Authenticate"] = CHALLENGE
        return answer


def as_user(client: Elasticsearch) -> Elasticsearch:
    """The client, as the user of the current request."""
    given = request.authorization
    assert given is not None
    # Of a pair, the client encodes ASCII only.
    pair = f"{given.username or ''}:{given.password or ''}"
    return client.options(basic_auth=base64.b64encode(pair.encode()).decode())


def checks_users(client: Elasticsearch, index: str) -> bool:
    """Whether Elasticsearch refuses to show the mapping to nobody; otherwise any password would do."""
    try:
        client.indices.get_mapping(index=index, ignore_unavailable=True, allow_no_indices=True)
    except (AuthenticationException, AuthorizationException):
        return True
    return False

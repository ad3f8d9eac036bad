"""Decides by the head of a request whether its body is read, and answers the requests that are refused."""

from __future__ import annotations

import re
from collections.abc import Callable

import orjson
import structlog
from gunicorn.http.errors import ParseException

from ...errors import Code, ImageError, defect, too_large
from ...settings import Settings
from ..answering import retry_after
from ..callers.authentication import Access, is_signed
from ..callers.signed_requests import Freshness
from .client_connection import ClientConnection, body_length

log = structlog.get_logger("processor_service")

PROBES = ("/healthz", "/readyz", "/metrics")
# Many clients send their whole body before they read the answer. So up to this many bytes of a body that is too large
# are read and thrown away.
_MOST_DISCARDED = 128 * 1024**2
_MOST_HEAD = 32 * 1024


class Admission:
    """The limits of the settings, applied to each request."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._access, self._freshness = Access(settings), Freshness(settings)

    def is_for_probes(self, connection: ClientConnection) -> bool:
        """Whether the connection came to the port for probes."""
        return bool(connection.server[1] == self._settings.health_port)

    def admit(self, connection: ClientConnection, check_room: Callable[[int], None]) -> bool:
        """Read the head, and note how long the body is. False while the head is incomplete.

        `check_room` raises ImageError when there is no room for a body of so many bytes. Raises ImageError when the
        request is refused, gunicorn's errors when it is not HTTP.
        """
        try:
            head = connection.take_head(_MOST_HEAD)
        except ValueError as error:
            raise ImageError(Code.INVALID_REQUEST, f"the headers have more than {_MOST_HEAD} bytes") from error
        if head is None:
            return False
        connection.request = request = connection.parser.parse(head)
        refusal = self._check_caller(connection)
        connection.trusted = refusal is None
        if refusal:
            request.force_close()
        if self.is_for_probes(connection) and request.path not in PROBES:
            raise ImageError(Code.NOT_FOUND, f"this port is for {', '.join(PROBES)}")
        if refusal and body_length(request) != 0:
            raise refusal
        self._admit_body(connection, body_length(request), check_room)
        return True

    def _check_caller(self, connection: ClientConnection) -> ImageError | None:
        """Why the caller is not trusted; None when it is.

        Raises ImageError for a wrong signature: such a request is never let in.
        """
        request = connection.request
        sent = next((value for name, value in request.headers if name == "AUTHORIZATION"), "")
        try:
            caller = self._access.caller(sent, request.method, request.uri)
            if caller.signed:
                self._freshness.check(caller.signed, connection.server[1])
        except ImageError as refusal:
            if is_signed(sent):
                raise
            return refusal
        return None

    def _admit_body(self, connection: ClientConnection, length: int | None, check_room: Callable[[int], None]) -> None:
        connection.length = connection.thrown_away = connection.holds = 0
        if length is None:
            raise ImageError(Code.LENGTH_REQUIRED, "the body comes in chunks; send it with a Content-Length")
        if length > self._settings.longest_request():
            if connection.request._expected_100_continue:
                # The client waits for this before it sends anything.
                raise too_large(self._settings.max_image_bytes)
            # The application refuses it. It gets no body.
            connection.thrown_away = min(length, _MOST_DISCARDED)
        elif length:
            check_room(length)
            connection.length = length


def not_http(error: Exception) -> ImageError:
    """The refusal of a head that gunicorn's parser rejects. The head is not quoted: it may hold a secret."""
    if not isinstance(error, ParseException):
        log.error("defect", defect=type(error).__name__, exc_info=error)
        return defect(error)
    what = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__).lower()
    return ImageError(Code.INVALID_REQUEST, f"the head of the request is not HTTP/1.1 as it is accepted here: {what}")


def last_answer(error: ImageError, request_id: str) -> bytes:
    """The answer to a request that is refused by its head. The connection is closed after it."""
    # Clients of chat completions look for the reason in `message`.
    body = orjson.dumps({"error": {"request_id": request_id, **error.body()["error"], "message": str(error)}})
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"}
    headers["X-Request-Id"] = request_id
    if error.code.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    lines = [f"{name}: {value}" for name, value in (headers | retry_after(error)).items()]
    return (
        "\r\n".join([f"HTTP/1.1 {error.code.status.value} {error.code.status.phrase}", *lines, "", ""]).encode() + body
    )

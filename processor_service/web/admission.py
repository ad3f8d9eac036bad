"""Which requests are read to their end, and the answer to the others: by their heads, before any body."""

from __future__ import annotations

import re

import orjson
import structlog
from gunicorn.http.errors import ParseException

from ..errors import Code, ImageError, defect, too_large
from ..settings import Settings
from .answering import retry_after
from .authentication import Access, is_signed
from .client_connection import ClientConnection, body_length
from .signed_requests import Freshness

log = structlog.get_logger("processor_service")

PROBES = ("/healthz", "/readyz", "/metrics")
# Clients may write to the end before they read the answer. So what is refused is read up to here, and thrown away.
MOST_DISCARDED = 128 * 1024**2
_MOST_HEAD = 32 * 1024


class Admission:
    """What the settings allow."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._access, self._freshness = Access(settings), Freshness(settings)

    def is_for_probes(self, connection: ClientConnection) -> bool:
        """Whether the connection came to the port for probes."""
        return bool(connection.server[1] == self._settings.health_port)

    def admit(self, connection: ClientConnection, held: int) -> bool:
        """Read the head and note what body follows. False while the head is incomplete.

        `held` is how many bytes of other bodies, and of answers, are in memory. Raises ImageError when the request is
        refused, and gunicorn's errors when it is not HTTP.
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
        self._admit_body(connection, body_length(request), held)
        return True

    def _check_caller(self, connection: ClientConnection) -> ImageError | None:
        """Why the caller is not trusted. Raises ImageError for what is signed wrongly, which has no other use."""
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

    def _admit_body(self, connection: ClientConnection, length: int | None, held: int) -> None:
        most = self._settings.max_held_bytes
        connection.length = connection.thrown_away = connection.holds = 0
        if length is None:
            raise ImageError(Code.LENGTH_REQUIRED, "the body comes in chunks; send it with a Content-Length")
        if length > self._settings.longest_request():
            if connection.request._expected_100_continue:
                # The client waits for this before it sends anything.
                raise too_large(self._settings.max_image_bytes)
            # The application says so; it gets no body.
            connection.thrown_away = min(length, MOST_DISCARDED)
        elif length and held and held + length > most:
            # Alone even a body beyond the limit has room.
            reason = f"{held} bytes of pictures are held already, at most {most} may be (IMAGE_MAX_HELD_BYTES)"
            raise ImageError(Code.BUSY, reason)
        else:
            connection.length = connection.holds = length


def not_http(error: Exception) -> ImageError:
    """The refusal of a head that gunicorn's parser does not take. The head is not quoted: it may hold a secret."""
    if not isinstance(error, ParseException):
        log.error("defect", defect=type(error).__name__, exc_info=error)
        return defect(error)
    what = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__).lower()
    return ImageError(Code.INVALID_REQUEST, f"the head of the request is not HTTP/1.1 that we take: {what}")


def last_answer(error: ImageError, request_id: str) -> bytes:
    """The answer to a request that is refused by its head; the connection ends with it."""
    # `message` is where clients of chat completions look for the reason.
    body = orjson.dumps({"error": {"request_id": request_id, **error.body()["error"], "message": str(error)}})
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"}
    headers["X-Request-Id"] = request_id
    if error.code.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    lines = [f"{name}: {value}" for name, value in (headers | retry_after(error)).items()]
    return (
        "\r\n".join([f"HTTP/1.1 {error.code.status.value} {error.code.status.phrase}", *lines, "", ""]).encode() + body
    )

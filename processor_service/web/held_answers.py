"""How many bytes of answers the web process holds: they wait for clients that read slowly."""

from __future__ import annotations

import threading

from flask import Flask, Response

_NAME = "held_answers"


class HeldAnswers:
    """An account of answers, each until it has been sent. Where they pile up, new bodies are not taken (admission)."""

    def __init__(self) -> None:
        self.bytes = 0
        self._lock = threading.Lock()

    @classmethod
    def of(cls, app: Flask) -> HeldAnswers:
        """The account of an application; the first call opens it."""
        if _NAME not in app.extensions:
            account = app.extensions[_NAME] = cls()
            app.after_request(account._count)
        found: HeldAnswers = app.extensions[_NAME]
        return found

    def _count(self, response: Response) -> Response:
        size = response.calculate_content_length() or 0
        self._change(size)
        response.call_on_close(lambda: self._change(-size))
        return response

    def _change(self, by: int) -> None:
        with self._lock:
            self.bytes += by

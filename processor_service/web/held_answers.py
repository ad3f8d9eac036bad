"""Counts the bytes of answers in the web process that wait for clients that read slowly."""

from __future__ import annotations

import threading

from flask import Flask, Response

_NAME = "held_answers"


class HeldAnswers:
    """Bytes of answers, each counted until it is sent. While they pile up, new bodies are refused (admission.py)."""

    def __init__(self) -> None:
        self.bytes = 0
        self._lock = threading.Lock()

    @classmethod
    def of(cls, app: Flask) -> HeldAnswers:
        """The counter of an application; the first call makes it."""
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

"""Where new workers come from: the template, and another one when that is gone."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from ..errors import Code, ImageError
from .worker import Template, Worker


class WorkerSource:
    """Starts workers, one at a time. `timeout`: seconds of processor time for one picture."""

    def __init__(self, command: Sequence[str], mark_key: bytes, timeout: float) -> None:
        self.template: Template | None = None
        self._command, self._mark_key, self._timeout = command, mark_key, timeout
        self._lock, self._ended = threading.Lock(), False

    def start(self) -> Worker:
        """A new worker. Raises whatever the system refuses; the template is another one next time if it is at fault."""
        if self.template is None or not self.template.is_alive():
            self._drop()
            with self._lock:
                if self._ended:
                    raise ImageError(Code.SHUTTING_DOWN, "the service is stopping")
                self.template = Template(self._command)
            try:
                self.template.load(self._mark_key.hex())
            except OSError:
                self._drop()
                raise
        try:
            return self.template.fork(self._timeout)
        except (ConnectionError, TimeoutError, ValueError):
            # It ends with the workers it still has, and their pictures are tried again.
            self._drop()
            raise

    def end(self) -> None:
        """End the template and its workers; there will be no others."""
        with self._lock:
            self._ended = True
            template = self.template
        if template:
            template.stop()

    def _drop(self) -> None:
        if self.template:
            self.template.stop()
            self.template = None

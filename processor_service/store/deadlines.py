"""Runs calls with deadlines: the library's on an event loop in a thread of its own, where they can be cancelled, and
those of the file system in threads, which are left alone when they take too long.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import structlog

from ..errors import ImageError
from . import refusals

log = structlog.get_logger("processor_service")
T = TypeVar("T")


class Deadlines:
    """Does calls that take up to `seconds`. For any thread, in the process that made it."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="store", daemon=True)
        self._thread.start()
        self._threads = ThreadPoolExecutor(thread_name_prefix="folder")

    def run(self, call: Callable[[], Awaitable[T]], until: float | None = None) -> T:
        """The result of a call, not later than `until` (of time.monotonic(); None: no limit but our own).

        Raises ImageError `store_unavailable`, and MissingObject when there is nothing at the address.
        """

        async def bounded(left: float) -> T:
            return await asyncio.wait_for(call(), left)

        return self._waited(lambda left: asyncio.run_coroutine_threadsafe(bounded(left), self._loop).result(), until)

    def run_in_thread(self, call: Callable[[], T], until: float | None = None) -> T:
        """The same of a call that blocks. Through the loop, it would wake up three threads more."""

        def bounded(left: float) -> T:
            future = self._threads.submit(call)
            try:
                return future.result(left)
            finally:
                # One that has not begun is not wanted any more.
                future.cancel()

        return self._waited(bounded, until)

    def _waited(self, wait: Callable[[float], T], until: float | None) -> T:
        left = self._seconds if until is None else min(self._seconds, until - time.monotonic())
        if left <= 0:
            raise refusals.late(0, self._seconds)
        try:
            return wait(left)
        except TimeoutError as error:
            log.warning("store", problem="no answer in time", seconds=round(left, 1))
            raise refusals.late(left, self._seconds) from error
        except ImageError as error:
            log.warning("store", problem=error.reason)
            raise
        except FileNotFoundError as error:
            if refusals.lacks_bucket(error):
                log.warning("store", problem=refusals.detail(error))
                raise refusals.refusal(error) from error
            raise refusals.MissingObject from error
        except Exception as error:
            log.warning("store", problem=refusals.detail(error))
            raise refusals.refusal(error) from error

    def stop(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _serve(self) -> None:
        self._loop.run_forever()
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

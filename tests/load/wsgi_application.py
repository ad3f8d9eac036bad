"""The service's application for other web servers than ours: see `tests.load.web_servers`."""

from __future__ import annotations

import atexit
import os
import socket
import sys
from typing import Any
from unittest.mock import patch

from processor_service.settings import Settings
from processor_service.web.app import create_app
from processor_service.web.monitoring.metrics import Metrics
from processor_service.workers.pools import Pools

_pair = socket.socketpair


def blocking_for_workers(*arguments: Any) -> tuple[socket.socket, socket.socket]:
    """Gevent makes both ends non-blocking, and a worker, which has no gevent, ends with the first read."""
    ours, theirs = _pair(*arguments)
    os.set_blocking(theirs.fileno(), True)
    return ours, theirs


if "gevent.monkey" in sys.modules:
    patch.object(socket, "socketpair", blocking_for_workers).start()

settings = Settings()
pool = Pools(settings, lambda _: None, lambda _: None)
atexit.register(pool.stop)
application = create_app(settings, pool, Metrics())

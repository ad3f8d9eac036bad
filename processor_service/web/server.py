"""The service under gunicorn.

One web process with threads takes requests, and hands each to a worker. Compared to gunicorn's own sync workers this
costs a copy of the picture over a socket. In return a picture that hangs or kills its process fails alone, with a code.
"""

from __future__ import annotations

import atexit
import gc
import os
import resource
from typing import Any

import structlog
from flask import Flask
from gunicorn.app.base import BaseApplication

from ..parent import die_with_parent
from ..pixels.scaling import SCALER
from ..settings import Settings
from ..store.opening import begin_store
from ..workers.confined import hide_memory
from ..workers.lack import identity_lack, lack, number
from ..workers.memory import (
    container_limit,
    give_back_large_blocks,
    in_memory,
    shortage,
    unbounded_store,
    without_huge_pages,
)
from ..workers.pools import Pools, most_pictures
from .app import create_app
from .connections.web_process import WebProcess
from .monitoring.logs import configure_structlog, logging_config
from .monitoring.metrics import Metrics
from .monitoring.spans import open_spans
from .rendering.routes import render_threads
from .stored_pictures import places

# Files for listeners, logs, the poller, loaded libraries.
_OTHERS = 64


class GunicornServer(BaseApplication):  # type: ignore[misc]
    """Gunicorn with our settings. `run()` serves until it is told to stop."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.master = settings, os.getpid()
        self.connections = most_connections(settings, threads(settings))
        self.pool: Pools | None = None
        super().__init__()

    def load_config(self) -> None:
        """Called by gunicorn."""
        settings = self.settings
        for key, value in {
            "bind": [_address(settings, port) for port in (settings.port, settings.health_port) if port is not None],
            "workers": 1,
            "worker_class": WebProcess,
            "threads": threads(settings),
            "worker_connections": self.connections,
            # Longer than the node keeps idle connections. So we never close one just as the node uses it again.
            "keepalive": 1300,
            # Pictures in work have their full time. Then there is some time left to answer the unfinished ones.
            "graceful_timeout": int(settings.picture_timeout) + 10,
            "timeout": 60,
            "logconfig_dict": logging_config(settings.log_level),
            # Nothing here depends on what proxies say about the client, and such headers would be errors.
            "forwarded_allow_ips": "",
            "proc_name": "ingest-image",
            "control_socket_disable": True,
        }.items():
            self.cfg.set(key, value)

    def load(self) -> Flask:
        """Build the application inside the web process, with its workers."""
        # Without its master nobody would end this process, and it would go on holding the port.
        die_with_parent(self.master)
        give_back_large_blocks()
        without_huge_pages()
        configure_structlog()
        if SCALER == "Pillow":
            structlog.get_logger("processor_service").warning(
                "scaling is slower than it could be", reason="cykooz.resizer is not installed; Pillow does it"
            )
        metrics = Metrics()
        settings = self.settings
        warnings = shortage(settings, container_limit(), in_memory(settings)), unbounded_store(settings)
        for warning in filter(None, warnings):
            structlog.get_logger("processor_service").warning("memory", reason=warning)
        if settings.accepted_tokens() and not settings.known_as and not settings.is_loopback():
            structlog.get_logger("processor_service").warning(
                "known_as",
                reason="requests that nodes signed for any host are accepted; IMAGE_KNOWN_AS names the right",
            )
        if lacks := lack(settings):
            structlog.get_logger("processor_service").warning("nothing is recognized", reason=lacks)
        elif lacks := identity_lack(settings):
            # Nobody has to want that.
            structlog.get_logger("processor_service").info("faces are not identified", reason=lacks)
        self.pool = pool = Pools(
            settings,
            lambda why: metrics.replaced.labels(why).inc(),
            lambda why: metrics.recognizers_replaced.labels(why).inc(),
        )
        metrics.watch(pool)
        atexit.register(pool.stop)
        return create_app(settings, pool, metrics, open_spans(os.environ))


def _address(settings: Settings, port: int) -> str:
    return f"[{settings.host}]:{port}" if ":" in settings.host else f"{settings.host}:{port}"


def threads(settings: Settings) -> int:
    """One for each picture in work or waiting, and some to refuse more pictures meanwhile."""
    fetches = settings.url_fetches if settings.url_hosts else 0
    return most_pictures(settings) + fetches + render_threads(settings) + places(settings) + 8


class TooFewFiles(Exception):
    """The limit on open files leaves no room for connections."""


def most_connections(settings: Settings, threads: int) -> int:
    """`IMAGE_CONNECTIONS`, or fewer when the limit on open files is too low. Raises the soft limit if necessary.

    Raises TooFewFiles when there would be too few connections for the threads.
    """
    # Each worker has a socket, and so has its successor. Each thread may talk to Elasticsearch or fetch a picture.
    workers = settings.workers + number(settings)
    others = 3 * workers + 2 * threads + _OTHERS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = settings.connections + others
    if soft < wanted and soft != resource.RLIM_INFINITY:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    files = wanted if soft == resource.RLIM_INFINITY else soft
    most = min(settings.connections, files - others)
    if most <= threads:
        raise TooFewFiles(
            f"{workers} workers and recognizers, each kind with a queue of {settings.queue_size}, need "
            f"{threads + others + 1} open files and IMAGE_CONNECTIONS above {threads}; the limit is {files} "
            f"files (ulimit -n) and {settings.connections} connections"
        )
    return most


def serve(settings: Settings) -> Any:
    """Serve until SIGTERM or SIGINT."""
    hide_memory()
    # What is loaded stays to the end. A collector that looked through it would write to memory that the master and the
    # web process share, and both would do so once more when they end: half a second.
    gc.freeze()
    gc.enable()
    # Not in the web process: that is started again when it dies, and the disk with the folder may be gone by then.
    begin_store(settings.store_url)
    GunicornServer(settings).run()

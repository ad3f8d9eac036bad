"""How many connections the web process may have: fewer than files."""

from __future__ import annotations

import resource

from ..settings import Settings

# Listeners, logs, the poller, libraries that are loaded.
_OTHERS = 64


class TooFewFiles(Exception):
    """The limit on open files leaves no room for connections."""


def most_connections(settings: Settings, threads: int) -> int:
    """`IMAGE_CONNECTIONS`, or fewer when there are not enough files. Raises the soft limit on files when it has to.

    Raises TooFewFiles when there would be no more connections than threads.
    """
    # Each worker has a socket and its successor one, each thread may speak to Elasticsearch or fetch a picture.
    others = 3 * settings.workers + 2 * threads + _OTHERS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = settings.connections + others
    if soft < wanted and soft != resource.RLIM_INFINITY:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    files = wanted if soft == resource.RLIM_INFINITY else soft
    most = min(settings.connections, files - others)
    if most <= threads:
        raise TooFewFiles(
            f"{settings.workers} workers with a queue of {settings.queue_size} need {threads + others + 1} open files "
            f"and IMAGE_CONNECTIONS above {threads}; the limit is {files} files (ulimit -n) and "
            f"{settings.connections} connections"
        )
    return most

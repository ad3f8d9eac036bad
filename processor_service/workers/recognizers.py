"""Recognizers: workers of their own for recipes that recognize something. Others are not slowed by them.

`python -m processor_service.workers.recognizers FD` is their template, which has the models loaded.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from PIL import Image

from ..recognition import identity
from ..recognition.faces import faces
from ..recognition.labels import see
from ..recognition.text import look
from .channel import Channel
from .jobs import load as load_jobs
from .template import fork_workers

# Where both want the same core, a plain picture gets about nine times as much of it (steps of sched(7)).
_NICE = 10


def load(mark_key: str) -> Callable[[Channel], None]:
    """Load everything that pictures need, and the models.

    With one thread each and used once, they work in the forks, which share 80 MB of them and spare a second each.
    """
    serve = load_jobs(mark_key, recognizes=True)
    grey = Image.new("RGB", (64, 64), (128, 128, 128))
    see(grey), faces(grey), look(grey)
    if identity.missing() is None:
        identity.warm_up()
    # Not before: a service that starts on a busy machine should not wait longer for its models.
    os.nice(_NICE)
    return serve


if __name__ == "__main__":
    fork_workers(load, "recognizers")

"""`python -m processor_service.workers FD`: the template of workers, started by the pool."""

from __future__ import annotations

from .jobs import load
from .template import fork_workers

fork_workers(load)

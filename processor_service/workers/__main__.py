"""`python -m processor_service.workers FD`: the template of workers, started by the pool."""

from __future__ import annotations

import gc


def main() -> None:
    """Load while the garbage collector rests.

    What is loaded stays: a collector that looked through it again and again would take a fifth of the processor time.
    """
    gc.disable()
    from .jobs import load
    from .template import fork_workers

    fork_workers(load)


main()

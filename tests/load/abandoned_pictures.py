"""How long a small picture waits after slow ones whose clients have hung up.

    python -m tests.load.abandoned_pictures [16 90 ...]

Each slow picture would take minutes. Prints seconds, beside those of the same small picture alone, and ends with 1 when
it waits for two seconds more than alone.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.helpers.service import Service, running_service
from tests.processor_service.workers.test_patience import TINY, waiting_clients

# Seconds.
MOST = 2.0


def tiny(service: Service) -> float:
    start = time.monotonic()
    assert service.process_picture(TINY).status_code == 200
    return time.monotonic() - start


def main() -> None:
    """Print one line for each number of clients."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_service(Path(folder) / "log", workers="2", queue_size="128", picture_timeout="600") as service,
    ):
        for count in [int(argument) for argument in sys.argv[1:]] or [16, 90]:
            alone = tiny(service)
            with waiting_clients(service, count):
                pass
            after = tiny(service)
            print(f"after {count} slow ones that were left: {after:.2f} s, alone: {alone:.2f} s")
            if after > alone + MOST:
                sys.exit(1)


if __name__ == "__main__":
    main()

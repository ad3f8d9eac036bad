"""Memory of the gallery while it takes many large uploads at the same time.

.venv/bin/python -m tests.load.gallery_uploads [uploads] [megabytes each]

The gallery runs as a process of its own; a stand-in for Elasticsearch takes half a second for each document.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import ThreadingHTTPServer
from typing import Any

from tests.ingest_image.gallery.test_gallery_server import MEGABYTE, Running, Stand


def main() -> None:
    """Print one line."""
    count, megabytes = (int(argument) for argument in (*sys.argv[1:], "16", "9")[:2])
    stand: Any = ThreadingHTTPServer(("127.0.0.1", 0), Stand)
    stand.chunks, stand.patience = [], 0.5
    threading.Thread(target=stand.serve_forever, daemon=True).start()
    running = Running(stand.server_port)
    try:
        running.upload(os.urandom(MEGABYTE))
        before = running.memory("VmRSS")
        start = time.monotonic()
        with ThreadPoolExecutor(count) as pool:
            pictures = [os.urandom(64) * (megabytes * MEGABYTE // 64) for _ in range(count)]
            statuses = {answer.status_code for answer in pool.map(running.upload, pictures)}
        taken, most = time.monotonic() - start, running.memory("VmHWM")
        print(
            f"{count} uploads of {megabytes} MB: {statuses}, {taken:.1f} s, from {before >> 20} MB to {most >> 20} MB"
        )
    finally:
        running.process.kill()
        running.end()
        stand.shutdown()


if __name__ == "__main__":
    main()

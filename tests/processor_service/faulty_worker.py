"""A test double for faults only: a picture process that hangs or dies on command, and echoes otherwise."""

from __future__ import annotations

import os
import sys
import time
from multiprocessing.connection import Connection

connection = Connection(int(sys.argv[1]))
if os.environ.get("FAULTY_BOOT"):
    sys.exit(1)
connection.send_bytes(b"ready")
while True:
    try:
        _job, body = connection.recv_bytes(), connection.recv_bytes()
    except EOFError:
        break
    if body == b"hang":
        time.sleep(60)
    if body == b"slow":
        time.sleep(0.5)
    if body == b"die":
        os.abort()
    connection.send_bytes(b'{"status": 200, "code": "ok", "seconds": {}}')
    connection.send_bytes(body + b" from " + str(os.getpid()).encode())

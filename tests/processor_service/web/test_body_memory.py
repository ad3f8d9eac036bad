"""The memory of a body comes as its bytes do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import orjson

from processor_service.web.connections.client_connection import Body
from tests.helpers.service import Service

MB = 1024**2
# Where the kernel puts a mapping of a whole number of huge pages, its first byte is in one; and what it aligns less.
LENGTHS = (4 * MB - 65, 20 * MB - 100, 20 * MB, 5_000_000)
BODIES = 40
# What 40 bodies of each length take, of which one byte has come, in a process that is set up as the web process is.
PROGRAM = f"""
import os
import orjson
from processor_service.web.connections.client_connection import Body
from processor_service.workers.memory import give_back_large_blocks, without_huge_pages
from tests.helpers.processes import memory

give_back_large_blocks()
without_huge_pages()
taken = {{}}
for length in {LENGTHS}:
    before = memory(os.getpid(), "VmRSS")
    bodies = [Body(length) for _ in range({BODIES})]
    for body in bodies:
        body.add(memoryview(b"{{"))
    taken[str(length)] = memory(os.getpid(), "VmRSS") - before
    del body, bodies
print(orjson.dumps(taken).decode())
"""


def test_no_huge_page_is_taken_for_a_byte() -> None:
    """Otherwise a thousand bodies that do not come may take gigabytes where the system gives huge pages to all.

    Only root can have it do so. The C library can ask for them, and then most systems give them to this process.
    """
    environment = {**os.environ, "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
    ran = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, check=True, timeout=240)
    taken = orjson.loads(ran.stdout)
    assert len(taken) == len(LENGTHS) and max(taken.values()) < BODIES * MB // 2, taken


def test_the_web_process_takes_none(service: Service) -> None:
    assert "THP_enabled:\t0\n" in Path(f"/proc/{service.web()}/status").read_text()


def test_a_body_is_whole_whatever_its_size() -> None:
    for size in (0, 1, 2 * MB, 2 * MB + 1, 5 * MB + 4095):
        sent = bytes(range(256)) * (size // 256 + 1)
        body = Body(size)
        assert body.add(memoryview(sent[:size])) == size and body.missing == 0
        assert body.taken().read() == sent[:size]

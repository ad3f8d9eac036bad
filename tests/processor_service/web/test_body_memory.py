"""The memory of a body comes as its bytes do."""

from __future__ import annotations

import ctypes
import re
from pathlib import Path

from processor_service.web.connections.client_connection import Body

MB = 1024**2


def flags(address: int) -> list[str]:
    """What the kernel knows of the memory at an address (VmFlags in proc(5))."""
    found: list[str] = []
    inside = False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if bounds := re.match(r"([0-9a-f]+)-([0-9a-f]+) ", line):
            inside = int(bounds[1], 16) <= address < int(bounds[2], 16)
        elif inside and line.startswith("VmFlags:"):
            found = line.split()[1:]
    return found


def test_no_huge_page_is_taken_for_a_byte() -> None:
    """Otherwise a thousand bodies that do not come may take gigabytes where the system gives huge pages to all."""
    body = Body(20 * MB)
    body.add(memoryview(b"{"))
    address = ctypes.addressof(ctypes.c_char.from_buffer(body._room))
    for offset in (8192, 10 * MB, 20 * MB - 8192):
        assert "nh" in flags(address + offset)


def test_a_body_is_whole_whatever_its_size() -> None:
    for size in (0, 1, 2 * MB, 2 * MB + 1, 5 * MB + 4095):
        sent = bytes(range(256)) * (size // 256 + 1)
        body = Body(size)
        assert body.add(memoryview(sent[:size])) == size and body.missing == 0
        assert body.taken().read() == sent[:size]

"""Bulks while the clock of the node jumps: what was acknowledged is there, the rest can be sent again, nothing is held.

    .venv/bin/python -m tests.load.node_clock [--es-version 9.5.3] [--rounds 8]

A few lines of C, compiled here by `cc`, are loaded into the node's process only. They shift its CLOCK_REALTIME by the
seconds in a file: 250 and 600 forward and back, every 4 s. The service takes requests that are at most 300 s old. Ends
with status 1 when something was not as it should be, and with 2 without a C compiler.
"""

from __future__ import annotations

import argparse
import itertools
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from unittest.mock import patch

from embedded_node import launch
from embedded_node import node as embedded
from embedded_node.folder import NodeFolder
from tests.load.disturbed_bulks import BUSY, Disturb, Parts, parts, works_until_stored

SHIFTS = (250, -250, 600, -600)
# The JVM asks the C library for the time; a JVM that asked the kernel itself would see no shift. A program that is
# started before the file is there, or without the variable, has the right time.
SHIM = """
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const long long *shift;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("CLOCK_SHIFT_FILE");
    int file = path ? open(path, O_RDONLY) : -1;
    if (file < 0) return;
    void *mapped = mmap(0, sizeof *shift, PROT_READ, MAP_SHARED, file, 0);
    if (mapped != MAP_FAILED) shift = mapped;
    close(file);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int failed = syscall(SYS_clock_gettime, clock, now);
    if (!failed && shift && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += *shift;
    return failed;
}

int gettimeofday(struct timeval *now, void *zone) {
    struct timespec exact;
    int failed = clock_gettime(CLOCK_REALTIME, &exact);
    (void) zone;
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return failed;
}

time_t time(time_t *kept) {
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    if (kept) *kept = exact.tv_sec;
    return exact.tv_sec;
}
"""


def set_clock(file: Path, seconds: int) -> None:
    with file.open("r+b" if file.exists() else "wb") as shift:
        shift.write(struct.pack("q", seconds))


def jumping(file: Path) -> Disturb:
    def jump(parts: Parts, over: threading.Event) -> None:
        for shift in itertools.cycle(SHIFTS):
            set_clock(file, shift)
            parts.seen[f"{shift:+} s"] += 1
            if over.wait(4):
                break
        set_clock(file, 0)

    return jump


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--es-version", default="9.5.3")
    parser.add_argument("--rounds", type=int, default=8)
    given = parser.parse_args()
    compiler = shutil.which("cc")
    if not compiler:
        print("there is no C compiler: install the command cc (Debian: gcc)")
        return 2
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # The node's own user has to get to it.
        folder.chmod(0o755)
        (folder / "shim.c").write_text(SHIM)
        command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(folder / "shim.so"), str(folder / "shim.c")]
        subprocess.run(command, check=True)
        set_clock(folder / "shift", 0)
        added = {"LD_PRELOAD": str(folder / "shim.so"), "CLOCK_SHIFT_FILE": str(folder / "shift")}

        def shifted(of: NodeFolder) -> dict[str, str]:
            return launch.environment(of) | added

        with patch.object(embedded, "environment", shifted), parts(given.es_version) as running:
            expected = BUSY | {"500 clock_skew"}
            held = works_until_stored(running, "images-clock", jumping(folder / "shift"), given.rounds, expected)
    print("held" if held else "did NOT hold")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())

"""What the tests start takes signals, and ends when the process that runs them ends, however that ends.

Every child inherits a variable with a name of this run. A small process of its own waits for our end, looks who still
carries that name, and kills those and what they started. Fixtures stop what they start; this is for when they cannot, as in a
killed worker of pytest-xdist.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import uuid
from pathlib import Path

VARIABLE = "INGEST_IMAGE_TEST_RUN"


def leash(*folders: Path) -> subprocess.Popen[bytes]:
    """Start the process that waits for our end, and then removes `folders`, too. Without /proc it kills nothing.

    Its standard input is the leash: keep the returned object; closing `stdin` has the same effect as ending.
    """
    waiting, mark = leash_for_one(*folders)
    os.environ.update(mark)
    # gunicorn's processes rename themselves, and the new name would be written over their environment.
    os.environ["SPT_NOENV"] = "1"
    return waiting


def leash_for_one(*folders: Path) -> tuple[subprocess.Popen[bytes], dict[str, str]]:
    """The same for what is started with these variables in its environment."""
    name = uuid.uuid4().hex
    # Not yet in our environment: the one that waits must not find itself.
    waiting = subprocess.Popen(
        [sys.executable, "-I", __file__, name, *folders],
        stdin=subprocess.PIPE,
        env={key: value for key, value in os.environ.items() if key != VARIABLE},
        # Ctrl-C ends us, and only then it has work to do.
        start_new_session=True,
    )
    return waiting, {VARIABLE: name}


def let_children_take_signals() -> None:
    """Children do not inherit that we ignore a signal, as a script's background jobs do: tests send them.

    A handler is not inherited. SIGHUP stays ignored: who says `nohup` means the children, too.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


def left(name: str) -> set[int]:
    """Process ids of those that carry that name, and of their descendants."""
    parents, found = {}, set()
    mark = f"{VARIABLE}={name}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                found.add(int(folder.name))
        # It has ended, or it is another user's.
        except OSError:
            continue
    below = found
    while below := {pid for pid, parent in parents.items() if parent in below} - found:
        found |= below
    return found


def main(name: str, *folders: str) -> None:
    """Wait until the other end of the standard input is closed, then kill what is left, and remove the folders."""
    sys.stdin.buffer.read()
    # One that was about to start another may have got away from the first look.
    while pids := left(name):
        for pid in pids:
            try:
                os.kill(pid, 9)
            except (ProcessLookupError, PermissionError):
                continue
    # Zombies of a parent that lives have no environment, so this ends.
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The template of the workers: a process with everything loaded. Each worker is a fork of it.

Loading takes a second of processor time, forking some milliseconds. So a picture that kills its worker costs the others
next to nothing. The web process has threads, so it must not fork itself.
"""

from __future__ import annotations

import errno
import gc
import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable

from setproctitle import setproctitle

from ..parent import die_with_parent
from .channel import Channel
from .confined import hide_memory, without_network
from .protocol import FORK, OUT_OF_MEMORY, READY, STARVED, WAIT, Job

# Time for a worker that has closed its socket to end by itself: its exit code says why.
_ENDING_SECONDS = 1.0
Serve = Callable[[Channel], None]


class Starved(Exception):
    """The system does not give this worker the memory that it may have."""


def fork_workers(load: Callable[[str], Serve], name: str = "jobs") -> None:
    """Serve the web process on the file descriptor in the last argument, until the web process closes it.

    `name` is that of the workers in lists of processes.

    The first message is the key of the marks, which must not be in the environment. `load` takes it, loads everything,
    and returns the function that serves a worker's channel. Each later message is FORK with the end of a socket for
    the worker, or KILL or WAIT with the id of a worker. FORK is answered with a process id or a negative error number,
    the others with the worker's exit code.
    """
    control = socket.socket(fileno=int(sys.argv[-1]))
    # A stopped process does not notice that the web process is gone, and would stay forever.
    die_with_parent(os.getppid())
    # Ctrl-C in a terminal is for the web process, which lets pictures in work finish.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve = load(control.recv(64 * 1024).decode().removesuffix("\n"))
    hide_memory()
    without_network()
    # Forks share this memory as long as nobody writes to it. The garbage collector must not. There is next to no
    # garbage: looking for it would take a tenth of the processor time of a start.
    gc.freeze()
    gc.enable()
    control.sendall(READY)
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 64, 1)
        if not message:
            return
        if message != FORK:
            what, pid = message.split()
            control.sendall(b"%d" % _end(int(pid), _ENDING_SECONDS if what == WAIT else 0))
        elif descriptors:
            control.sendall(b"%d" % _fork(control, descriptors[0], serve, name))
        else:
            # The kernel drops a descriptor when there is no room for it.
            control.sendall(b"%d" % -errno.EMFILE)


def answer_requests(channel: Channel, handle: Callable[[Job, bytes], tuple[bytes, bytes]], cpu_seconds: float) -> None:
    """Do one job after the other until the web process closes the channel.

    The kernel ends this process with SIGPROF when a request has used `cpu_seconds` of processor time. Time in which
    other processes keep the machine busy does not count.
    """
    channel.send(READY)
    while True:
        try:
            job, body = Job(channel.receive()), channel.receive()
        except (EOFError, ConnectionError):
            return
        signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
        summary, answer = handle(job, body)
        signal.setitimer(signal.ITIMER_PROF, 0)
        channel.send(summary)
        channel.send(answer)
        del body, answer


def _end(pid: int, patience: float) -> int:
    """Wait up to `patience` seconds for a worker to end by itself, then kill it; returns its exit code."""
    last = time.monotonic() + patience
    while time.monotonic() < last:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _fork(control: socket.socket, descriptor: int, serve: Serve, name: str) -> int:
    parent = os.getpid()
    try:
        pid = os.fork()
    except OSError as error:
        os.close(descriptor)
        return -(error.errno or 1)
    if pid:
        os.close(descriptor)
        return pid
    code = 1
    try:
        control.close()
        die_with_parent(parent)
        setproctitle(f"{sys.executable} -m processor_service.workers.{name}")
        # Held until this process ends: when the web process sees it closed, there is an exit code.
        channel = Channel(socket.socket(fileno=descriptor))
        serve(channel)
        code = 0
    except Starved:
        print("a worker ends: the system does not give it the memory that it may have", file=sys.stderr)
        code = STARVED
    except MemoryError:
        code = OUT_OF_MEMORY
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)

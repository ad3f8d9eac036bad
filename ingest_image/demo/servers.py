"""Our own commands as child processes of the demo, which are watched while it is up."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import requests

from embedded_node.readiness import check_port
from pipelines.wording import counted

from ..loopback import send, without_proxy

# Minutes. A start takes seconds; models on a slow disk and a busy machine take longer.
PATIENCE = 10.0


@dataclass(frozen=True)
class Child:
    """One of our commands, which stays up."""

    command: str
    log_file: Path
    process: subprocess.Popen[bytes]

    def check(self) -> None:
        """Raise ClickException if the command has ended."""
        code = self.process.poll()
        if code is not None:
            raise self.problem(f"was killed by signal {-code}" if code < 0 else f"ended (exit code {code})")

    def problem(self, what: str) -> click.ClickException:
        """What is wrong with the command, and what it said last."""
        last = " ".join(self.log_file.read_text(errors="replace").strip().splitlines()[-1:])
        return click.ClickException(f"'ingest-image {self.command}' {what}, its log {self.log_file} ends: {last}")


@dataclass(frozen=True)
class ChildServer(Child):
    """One of our servers, which may still be starting."""

    url: str

    def wait_for(self, path: str, minutes: float = PATIENCE) -> None:
        """Wait until a path answers. Raises ClickException if the server ends before, or takes too long."""
        deadline = time.monotonic() + minutes * 60
        while True:
            ready = _answers(self.url + path)
            # In this order: if another server got the port, ours has ended, and the answer was not ours.
            self.check()
            if ready:
                return
            if time.monotonic() > deadline:
                raise self.problem(f"runs, but {path} is not ready after {counted(round(minutes), 'minute')}")
            time.sleep(0.1)


def our_program(*arguments: str) -> list[str]:
    """The command line of one of our commands, which ends with this process, however that ends."""
    return [sys.executable, "-m", "ingest_image", "--until-end-of", str(os.getpid()), *arguments]


def surroundings(**more: str) -> dict[str, str]:
    """Variables for our own commands: the cluster and the Kibana that they may name are not those of the demo."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ELASTICSEARCH_", "KIBANA_"))}
    return {**kept, **without_proxy(), **more}


@contextmanager
def child(folder: Path, command: str, *arguments: str, **environment: str) -> Iterator[Child]:
    """Run one of our commands as a child process, which is ended with the context."""
    log_file = folder / f"{command}.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own program
            our_program(command, *arguments),
            env=surroundings(**environment),
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            # Ctrl-C in a terminal reaches us only; we stop the others in order.
            start_new_session=True,
        )
    try:
        yield Child(command, log_file, process)
    finally:
        process.terminate()
        process.wait()


@contextmanager
def child_server(folder: Path, command: str, port: int, *arguments: str, **environment: str) -> Iterator[ChildServer]:
    """Run one of our servers as a child process. Raises NodeError when the port is taken."""
    # Whoever is there would answer in place of ours, which takes a second to find out that it cannot.
    check_port(port)
    with child(folder, command, "--port", str(port), *arguments, **environment) as started:
        yield ChildServer(command, started.log_file, started.process, f"http://127.0.0.1:{port}")


def _answers(url: str) -> bool:
    try:
        return send("GET", url, timeout=5).ok
    except (requests.ConnectionError, requests.Timeout):
        return False

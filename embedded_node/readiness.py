"""Checks a starting node from outside: whether its port is free, whether it answers, and if not, why."""

from __future__ import annotations

import http.client
import socket
from contextlib import closing
from pathlib import Path

from .errors import NodeError

_PORT_TAKEN = "Port {port} on 127.0.0.1 is taken; stop what listens there, or choose another port."
# Sentences for what Elasticsearch reports with a stack trace.
_KNOWN_FAILURES = {
    # It also fails to obtain the lock where nobody has it: the folder cannot be written, or belongs to no file system.
    "Lock held by another program": (
        "Another Elasticsearch uses {data} (node.lock); stop it, or choose another folder with --data."
    ),
    "BindHttpException": _PORT_TAKEN,
}


def check_port(port: int) -> None:
    """Say that a port is taken, before a JVM is started in vain.

    Raises:
        NodeError: it is.
    """
    if port == 0:
        return
    with socket.socket() as probe:
        # As Elasticsearch does: connections of a node that has just stopped do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError as error:
            raise NodeError(f"Port {port} is for root only; choose another port.") from error
        except OSError as error:
            raise NodeError(_PORT_TAKEN.format(port=port)) from error


def address_if_ready(ports_file: Path) -> str | None:
    """`host:port` of the node that wrote this file, once it answers a real request; None before."""
    try:
        address = ports_file.read_text(encoding="utf-8").split()[0]
        # Not an HTTP library that would send a loopback request to the proxy of the environment.
        with closing(http.client.HTTPConnection(address, timeout=5)) as connection:
            connection.request("GET", "/_cluster/health?wait_for_status=yellow&timeout=1s")
            return address if connection.getresponse().status == 200 else None
    except (OSError, IndexError, http.client.HTTPException):
        return None


def tail(log_file: Path, lines: int = 30) -> str:
    """The last lines of a log."""
    return "\n".join(log_file.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


def why_it_ended(log_file: Path, exit_code: int | None, data: Path, port: int) -> str:
    """One sentence for common causes, otherwise the end of the log."""
    log = log_file.read_text(encoding="utf-8", errors="replace")
    for sign, sentence in _KNOWN_FAILURES.items():
        if sign in log:
            return sentence.format(data=data, port=port)
    return f"Elasticsearch did not start (exit code {exit_code}), its log ends:\n{tail(log_file)}"

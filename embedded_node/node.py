"""A running node: start, wait until it answers, stop."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import requests

from . import jars
from .account import other_account
from .choice import choose
from .errors import NodeError
from .folder import NodeFolder, throwaway_folder
from .home import build_home, install_plugin, write_config
from .launch import environment, node_command, node_input

# A sentence for what Elasticsearch says with a stack trace.
_KNOWN_FAILURES = {
    "failed to obtain node locks": "Another Elasticsearch uses {data} (node.lock); stop it, or choose another folder "
    "with --data.",
    "BindHttpException": "Port {port} on 127.0.0.1 is taken; stop what listens there, or choose another one with "
    "--http-port.",
}


class EmbeddedNode:
    """A real Elasticsearch in a child process, listening on loopback only.

    Use it as a context manager, or call `start` and `stop`. The node also stops by itself when this process ends, however
    it ends.
    """

    def __init__(
        self,
        *,
        es_version: str | None = None,
        data: Path | None = None,
        http_port: int = 0,
        token: str | None = None,
        settings: Mapping[str, str] | None = None,
        plugin_zip: Path | None = None,
        heap: str = "1g",
        quick_start: bool = False,
        start_timeout: float = 180,
    ) -> None:
        """Nothing is started yet.

        Args:
            es_version: a version in versions.txt; None for the default, or the first one that an installed JDK can run.
            data: the node's folder, kept; None for a new one that is deleted by `stop`.
            http_port: 0 for a free one.
            token: put into the keystore as `ingest.image.token`; only for a node with our plugin.
            settings: lines for elasticsearch.yml.
            plugin_zip: a plugin to install.
            heap: of the JVM, as in -Xmx.
            quick_start: ready in about half the time, and slower later; for tests.
            start_timeout: in seconds.

        Raises:
            NodeError: no such version, or no JDK for it.
        """
        self.choice = choose(es_version)
        self.version = self.choice.version.number
        self.plugin_zip = plugin_zip
        self.settings = dict(settings or {})
        self._data = data
        self._http_port = http_port
        self._token = token
        self._heap = heap
        self._quick_start = quick_start
        self._start_timeout = start_timeout
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: NodeFolder | None = None
        self._url = ""

    @property
    def url(self) -> str:
        """Base URL without a slash at its end."""
        assert self._url, "not started"
        return self._url

    @property
    def folder(self) -> Path:
        """The node's folder."""
        assert self._folder, "not started"
        return self._folder.path

    @property
    def log_file(self) -> Path:
        """What the node prints, written anew at every start."""
        assert self._folder, "not started"
        return self._folder.log_file

    @property
    def pid(self) -> int:
        """Process id of the node."""
        assert self._process, "not started"
        return self._process.pid

    def poll(self) -> int | None:
        """Exit code when the node ended by itself, None while it runs."""
        assert self._process, "not started"
        return self._process.poll()

    def start(self) -> Self:
        """Start the node and wait until it answers.

        Raises:
            NodeError: with a sentence on what is wrong, and the end of the log when the node itself failed.
        """
        assert self._process is None, "already started"
        _check_port(self._http_port)
        account = other_account()
        version, jdk = self.choice.version, self.choice.jdk
        if account and not account.can_use(jdk.java):
            raise NodeError(
                f"Elasticsearch refuses to run as root, and its user {account.name} cannot run {jdk.java}; "
                "install the JDK where everybody can use it."
            )
        elasticsearch = jars.elasticsearch_jars(version, jdk)
        ours = jars.our_jars(version, jdk, elasticsearch)
        folder = self._folder = NodeFolder(self._data or throwaway_folder(account), account)
        try:
            build_home(folder, version, elasticsearch, ours)
            if self.plugin_zip:
                install_plugin(folder, self.plugin_zip)
            write_config(folder, self._http_port, self.settings)
            first_bytes = node_input(folder, jdk, ours, self._token)
            folder.seal()
            with folder.log_file.open("wb") as log:
                self._process = subprocess.Popen(  # noqa: S603 - the JDK found above
                    node_command(folder, jdk, self._heap, self._quick_start),
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    cwd=folder.home,
                    env=environment(folder),
                    # Ctrl-C in a terminal reaches us only; we stop the node in order.
                    start_new_session=True,
                    # The lock is held as long as one of both processes lives.
                    pass_fds=(folder.lock_fd,),
                    user=account.uid if account else None,
                    group=account.gid if account else None,
                    extra_groups=[] if account else None,
                )
            self._send(first_bytes)
            self._wait_until_ready(folder)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self, timeout: float = 20) -> None:
        """Stop the node and wait for its end: ask it, then signal, then kill. A throwaway folder is deleted."""
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin
            # A node whose standard input closes shuts itself down.
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            for end in (process.terminate, process.kill):
                try:
                    process.wait(timeout)
                    break
                except subprocess.TimeoutExpired:
                    end()
            process.wait()
        if self._folder is not None:
            self._folder.close()
            if self._data is None:
                shutil.rmtree(self._folder.path)
                self._folder = None
        self._url = ""

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def log_tail(self, lines: int = 30) -> str:
        """The last lines of the log."""
        text = self.log_file.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def _send(self, first_bytes: bytes) -> None:
        assert self._process and self._process.stdin
        # A node that is already dead is reported, with its log, by whoever waits for it.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(first_bytes)
            self._process.stdin.flush()

    def _wait_until_ready(self, folder: NodeFolder) -> None:
        ports = folder.logs / "http.ports"
        deadline = time.monotonic() + self._start_timeout
        while time.monotonic() < deadline:
            if self.poll() is not None:
                raise NodeError(self._why_it_failed(folder))
            if ports.exists() and (address := ports.read_text(encoding="utf-8").strip()):
                self._url = f"http://{address.splitlines()[0]}"
                if _answers(self._url):
                    return
            time.sleep(0.1)
        raise NodeError(
            f"Elasticsearch did not answer within {self._start_timeout:g} s, its log ends:\n{self.log_tail()}"
        )

    def _why_it_failed(self, folder: NodeFolder) -> str:
        log = folder.log_file.read_text(encoding="utf-8", errors="replace")
        for sign, sentence in _KNOWN_FAILURES.items():
            if sign in log:
                return sentence.format(data=folder.data, port=self._http_port)
        return f"Elasticsearch {self.version} did not start (exit code {self.poll()}), its log ends:\n{self.log_tail()}"


def _answers(url: str) -> bool:
    try:
        health = requests.get(f"{url}/_cluster/health?wait_for_status=yellow&timeout=1s", timeout=5)
    except requests.RequestException:
        return False
    return health.status_code == 200


def _check_port(port: int) -> None:
    """Say that a port is taken before a JVM is started in vain."""
    if port == 0:
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise NodeError(_KNOWN_FAILURES["BindHttpException"].format(port=port)) from error

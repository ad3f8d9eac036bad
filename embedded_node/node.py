"""A running node: start, wait until it answers, stop."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from . import jars
from .choice import choose
from .distribution import build_home, install_plugin, write_config
from .errors import NodeError
from .folder import NodeFolder, throwaway_folder
from .launch import environment, node_command, node_input
from .readiness import address_if_ready, check_port, tail, why_it_ended
from .run_as import other_account

T = TypeVar("T")


class EmbeddedNode:
    """A real Elasticsearch in a child process, listening on loopback only.

    Use it as a context manager, or call `start` and `stop`. The node also stops when this process ends, in whatever
    way.
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
        jvm_options: Sequence[str] = (),
        quick_start: bool = False,
        start_timeout: float = 180,
    ) -> None:
        """Nothing is started yet.

        Args:
            es_version: a release of a known line; None for the default, or the first that a JDK found here can run.
            data: the node's folder, kept; None for a new one that is deleted by `stop`.
            http_port: 0 for a free one.
            token: put into the keystore as `ingest.image.token`; only for a node with our plugin.
            settings: lines for elasticsearch.yml.
            plugin_zip: a plugin to install.
            heap: of the JVM, as in -Xmx.
            jvm_options: more options of the JVM, as in jvm.options.
            quick_start: ready in about half the time, and slower later; for tests.
            start_timeout: in seconds.

        Raises:
            NodeError: no such version, or no JDK for it.
        """
        self.choice = choose(es_version)
        self.version = self.choice.version.number
        self._data = data
        self._http_port = http_port
        self._token = token
        self._settings = dict(settings or {})
        self._plugin_zip = plugin_zip
        self._heap = heap
        self._jvm_options = tuple(jvm_options)
        self._quick_start = quick_start
        self._start_timeout = start_timeout
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: NodeFolder | None = None
        self._url: str | None = None

    @property
    def url(self) -> str:
        """Base URL without a slash at its end."""
        return _started(self._url)

    @property
    def folder(self) -> Path:
        """The node's folder."""
        return _started(self._folder).path

    @property
    def log_file(self) -> Path:
        """What the node prints; written again at every start."""
        return _started(self._folder).log_file

    @property
    def pid(self) -> int:
        """Process id of the node."""
        return _started(self._process).pid

    def poll(self) -> int | None:
        """Exit code when the node ended by itself, None while it runs."""
        return _started(self._process).poll()

    def log_tail(self, lines: int = 30) -> str:
        """The last lines of the log."""
        return tail(self.log_file, lines)

    def start(self) -> Self:
        """Start the node and wait until it answers.

        Raises:
            NodeError: with a sentence on what is wrong, and the end of the log when the node itself failed.
        """
        assert self._process is None, "already started"
        check_port(self._http_port)
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
            if self._plugin_zip:
                install_plugin(folder, self._plugin_zip)
            write_config(folder, self._http_port, self._settings)
            secrets = {"ingest.image.token": self._token} if self._token else {}
            first_bytes = node_input(folder, jdk, ours, secrets)
            folder.seal()
            self._process = self._spawn(folder)
            folder.write_pid(self._process.pid)
            self._send(self._process, first_bytes)
            self._url = f"http://{self._wait_until_ready(folder)}"
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self, timeout: float = 20) -> None:
        """Stop the node and wait for its end: ask first, terminate after `timeout` seconds, kill after as many more.

        A throwaway folder is deleted.
        """
        process, self._process, self._url = self._process, None, None
        if process is not None:
            # A node whose standard input closes shuts itself down.
            with contextlib.suppress(BrokenPipeError):
                _started(process.stdin).close()
            for end in (process.terminate, process.kill):
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout)
                    break
                end()
            process.wait()
        if self._folder is not None:
            self._folder.close()
            if self._data is None:
                shutil.rmtree(self._folder.path)
                self._folder = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _spawn(self, folder: NodeFolder) -> subprocess.Popen[bytes]:
        account = folder.account
        with folder.log_file.open("wb") as log:
            return subprocess.Popen(  # noqa: S603 - the JDK found above
                node_command(folder, self.choice.jdk, self._heap, self._quick_start, self._jvm_options),
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

    def _send(self, process: subprocess.Popen[bytes], first_bytes: bytes) -> None:
        # If the node is already dead, waiting for it reports that, with its log.
        with contextlib.suppress(BrokenPipeError):
            stdin = _started(process.stdin)
            stdin.write(first_bytes)
            stdin.flush()

    def _wait_until_ready(self, folder: NodeFolder) -> str:
        deadline = time.monotonic() + self._start_timeout
        while time.monotonic() < deadline:
            if (exit_code := self.poll()) is not None:
                raise NodeError(why_it_ended(folder.log_file, exit_code, folder.data, self._http_port))
            if address := address_if_ready(folder.logs / "http.ports"):
                return address
            time.sleep(0.1)
        raise NodeError(
            f"Elasticsearch did not answer within {self._start_timeout:g} s, its log ends:\n{self.log_tail()}"
        )


def _started(value: T | None) -> T:
    assert value is not None, "the node is not started"
    return value

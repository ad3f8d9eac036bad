"""The node's folder: what is kept (`data`), and what is written again at every start (`home`, `config`, `logs`, `tmp`).

When root starts the node, root owns the folder and everything that root writes. The node's user may read that, and owns
only `data`, `logs` and `tmp`. So nobody can trick root into writing somewhere else.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from .errors import NodeError
from .places import work_folder
from .run_as import Account
from .versions import Version

_LOCK = "embedded-node.lock"
# A place that every user can reach and that survives a reboot.
_SHARED = Path("/var") / "tmp"


def default_folder(version: Version, account: Account | None) -> Path:
    """Where a node is kept when nobody says otherwise: `data/<version>` in the folder for our work.

    If the node runs as another user, that user may be unable to get there (a checkout in root's home, or in a folder of
    mode 0700). Then it is a folder below `/var/tmp` that belongs to this checkout or, without one, to this user.
    """
    work = work_folder()
    if account is None or account.can_use(next(folder for folder in (work, *work.parents) if folder.exists())):
        return work / "data" / version.number
    shared = _SHARED / f"ingest-image-{hashlib.sha256(str(work.parent).encode()).hexdigest()[:12]}"
    shared.mkdir(mode=0o755, exist_ok=True)
    if shared.is_symlink() or shared.stat().st_uid != os.geteuid():
        raise NodeError(f"{shared} belongs to somebody else; choose a folder with --data.")
    return shared / version.number


def throwaway_folder(account: Account | None) -> Path:
    """A new temporary folder that the node's user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="embedded-node-"))
    if account and not account.can_use(folder.parent):
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix="embedded-node-", dir=_SHARED))
    return folder


class NodeFolder:
    """A node's folder, locked for as long as this object is open or a process started with `lock_fd` lives."""

    def __init__(self, path: Path, account: Account | None) -> None:
        """Create the folder if necessary, and lock it.

        Raises:
            NodeError: it cannot be written, is in use, is out of reach of the node's user, or is not a node's folder.
        """
        self.path = path.expanduser().absolute()
        self.account = account
        self.data, self.logs, self.tmp = self.path / "data", self.path / "logs", self.path / "tmp"
        self.home, self.config = self.path / "home", self.path / "config"
        self.log_file = self.path / "node.log"
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if any(self.path.iterdir()) and not (self.path / _LOCK).exists():
                raise NodeError(
                    f"{self.path} is neither empty nor the folder of an embedded node; give --data a folder of its own."
                )
            self.lock_fd = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise NodeError(f"Cannot write to the node's folder: {error}; choose another one with --data.") from error
        try:
            self._lock()
            self._share()
        except BaseException:
            self.close()
            raise

    def _lock(self) -> None:
        try:
            fcntl.flock(self.lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            pid = os.pread(self.lock_fd, 20, 0).decode(errors="replace") or "just starting"
            raise NodeError(
                f"{self.path} is in use by another embedded node (process {pid}); "
                "stop that one, or choose another folder with --data."
            ) from error
        os.ftruncate(self.lock_fd, 0)

    def _share(self) -> None:
        for folder in (self.home, self.config, self.logs, self.tmp):
            shutil.rmtree(folder, ignore_errors=True)
        for folder in (self.home, self.config, self.logs, self.tmp, self.data):
            folder.mkdir(mode=0o700, exist_ok=True)
        self.path.chmod(0o750 if self.account else 0o700)
        if self.account is None:
            return
        os.chown(self.path, -1, self.account.gid)
        for folder in (self.logs, self.tmp):
            os.chown(folder, self.account.uid, self.account.gid)
        self._give_data(self.account)
        if not self.account.can_use(self.path):
            raise NodeError(
                f"Elasticsearch refuses to run as root, and its user {self.account.name} cannot get to {self.path}; "
                "choose with --data a folder that everybody can get to, or start it as another user."
            )

    def _give_data(self, account: Account) -> None:
        """Give the kept data to the node's user when another user wrote it at an earlier start."""
        if self.data.stat().st_uid == account.uid:
            return
        for folder, folders, files in os.walk(self.data):
            for name in (*folders, *files):
                os.chown(Path(folder, name), account.uid, account.gid, follow_symlinks=False)
        # The top comes last, so that an interrupted handover starts again.
        os.chown(self.data, account.uid, account.gid)

    def seal(self) -> None:
        """Let the node's user, and nobody else, read what was written into `home` and `config`."""
        if self.account is None:
            return
        for top in (self.home, self.config):
            for folder, _, files in os.walk(top):
                os.chown(folder, -1, self.account.gid)
                Path(folder).chmod(0o750)
                for name in files:
                    path = Path(folder, name)
                    # Jars are links into the cache and not secret, so they only become readable, whatever the umask.
                    path.chmod(0o640 if top == self.config else 0o644)
                    if top == self.config:
                        os.chown(path, -1, self.account.gid)

    def write_pid(self, pid: int) -> None:
        """Write the process id for others who find the folder locked."""
        os.pwrite(self.lock_fd, str(pid).encode(), 0)

    def close(self) -> None:
        """Give up our part of the lock."""
        if self.lock_fd >= 0:
            os.close(self.lock_fd)
            self.lock_fd = -1

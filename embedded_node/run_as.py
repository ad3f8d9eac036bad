"""Which user runs the node. Elasticsearch refuses to run as root, so root hands it to somebody else."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .errors import NodeError
from .places import ROOT


@dataclass(frozen=True)
class Account:
    """The user and group a process gets."""

    name: str
    uid: int
    gid: int

    def can_use(self, path: Path) -> bool:
        """Whether this user can pass all folders above `path` and enter (a folder) or execute (a file) it."""
        done = subprocess.run(  # noqa: S603 - a fixed program
            ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)],
            user=self.uid,
            group=self.gid,
            extra_groups=[],
            cwd="/",
            check=False,
        )
        return done.returncode == 0


def other_account() -> Account | None:
    """Who runs the node when we are root: the owner of the checkout or installation, or `nobody` if that is root.

    None when we are not root: then we do.

    Raises:
        NodeError: this machine has no user `nobody`.
    """
    if os.geteuid() != 0:
        return None
    owner = ROOT.stat().st_uid
    try:
        entry = pwd.getpwuid(owner) if owner else pwd.getpwnam("nobody")
    except KeyError as error:
        raise NodeError(
            "Elasticsearch refuses to run as root and there is no user `nobody`; start it as another user."
        ) from error
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)

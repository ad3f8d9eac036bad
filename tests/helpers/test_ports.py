from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import ports


def test_a_port_that_nobody_listens_on_yet_is_given_once_in_all_processes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Two workers, each with a folder for its temporary files, that ask while neither's server listens."""

    def in_another_process(port: int) -> str:
        program = f"from tests.helpers import ports\nprint(ports._is_free({port}), ports._take({port}))"
        command, environment = [sys.executable, "-c", program], {**os.environ, "TMPDIR": str(tmp_path)}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    port = ports.free_port()
    assert in_another_process(port) == "True False\n"
    monkeypatch.setattr(random.SystemRandom, "sample", lambda *_: [port])
    with pytest.raises(AssertionError, match="taken"):
        ports.free_port()

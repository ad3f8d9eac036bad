from __future__ import annotations

import random
import subprocess
import sys

import pytest

from tests.helpers import ports


def test_a_port_that_nobody_listens_on_yet_is_given_once_in_all_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two workers that ask while neither's server listens: one of the two servers could not."""

    def in_another_process(port: int) -> str:
        program = f"from tests.helpers import ports\nprint(ports._is_free({port}), ports._take({port}))"
        return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    port = ports.free_port()
    assert in_another_process(port) == "True False\n"
    monkeypatch.setattr(random.SystemRandom, "sample", lambda *_: [port])
    with pytest.raises(AssertionError, match="taken"):
        ports.free_port()

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded_node.versions import versions
from tests.helpers.processes import children
from tests.helpers.warm import CAN_FORK, Started, Warm, is_wanted

# It writes a file into a folder of the one it runs in.
PLUGIN = ("plugin", "--es-version", versions()[0].number, "--out", "zips")
pytestmark = pytest.mark.skipif(not CAN_FORK, reason="no such system call here")


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    process = Warm()
    yield process
    process.stop()


def started(warm: Warm, output: Path, *arguments: str, **environment: str) -> Started:
    with output.open("wb") as file:
        return warm.start(arguments, {"PATH": os.defpath, **environment}, file.fileno())


def test_it_is_a_child_of_ours_with_what_it_is_given(
    warm: Warm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMAGE_TOKEN", "not for the program")
    monkeypatch.chdir(tmp_path)
    serving = started(warm, tmp_path / "log", "serve", "--port", "0")
    assert serving.pid in children()
    serving.kill()
    assert serving.wait(60) == -signal.SIGKILL and serving.poll() == -signal.SIGKILL
    assert started(warm, tmp_path / "said", *PLUGIN).wait(60) == 0
    assert [path.suffix for path in (tmp_path / "zips").iterdir()] == [".zip"]
    for name, value in (("IMAGE_TOKEN", "other"), ("IMAGE_TOKEN", "")):
        said = started(warm, tmp_path / "said", "api-token", **{name: value})
        assert said.wait(60) == (0 if value else 1)
        text = (tmp_path / "said").read_text()
        assert ("there is no token" in text) != bool(value)


def test_it_starts_again_when_it_has_been_killed(warm: Warm, tmp_path: Path) -> None:
    for _ in range(2):
        assert started(warm, tmp_path / "said", "--version").wait(60) == 0
        assert (tmp_path / "said").read_text().startswith("python -m ingest_image, version ")
        assert warm._process
        warm._process.kill()
        warm._process.wait()


def test_it_is_for_tests_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_wanted()
    monkeypatch.delenv("PYTEST_VERSION")
    assert not is_wanted()

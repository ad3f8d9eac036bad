"""Runs of `ingest-image reprocess` that leave nothing in the home folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ingest_image.reprocess.command import reprocess

from .documents import PHOTO, Run


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the state of a run is kept."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def run(es_url: str, index: str) -> Run:
    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(reprocess, [index, "--url", es_url, *arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert PHOTO not in result.output
        return result

    return run

"""Compose's own reading of our files, and the wheel. No container engine is needed: `config` asks none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from embedded_node.folder import throwaway_folder
from embedded_node.run_as import other_account
from tests.helpers.compose import BASE, RENDERING, SCALED, Compose, client, read
from tests.helpers.paths import ROOT, UV


@pytest.fixture(scope="session")
def env_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `docker/make-env` writes."""
    folder = tmp_path_factory.mktemp("env")
    shutil.copy(ROOT / ".env.example", folder)
    subprocess.run([ROOT / "docker" / "make-env", folder], check=True)
    return folder / ".env"


@pytest.fixture(scope="session")
def compose() -> Compose:
    """Run Compose in the checkout, without the variables of whoever runs the tests."""
    command = client()
    if command is None:
        pytest.skip("no Docker Compose on this platform")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        env = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return subprocess.run([*command, *arguments], cwd=ROOT, env=env, capture_output=True, text=True)

    return run


@pytest.fixture(scope="session")
def stack(compose: Compose, env_file: Path) -> dict[str, Any]:
    """The services of docker-compose.yml."""
    return dict(read(compose, env_file, *BASE)["services"])


@pytest.fixture(scope="session")
def rendering(compose: Compose, env_file: Path) -> dict[str, Any]:
    """The services with docker-compose.render.yml."""
    return dict(read(compose, env_file, *RENDERING)["services"])


@pytest.fixture(scope="session")
def scaled(compose: Compose, env_file: Path) -> dict[str, Any]:
    """The services with docker-compose.scale.yml."""
    return dict(read(compose, env_file, *SCALED)["services"])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make dist` makes, of the zips that are built already."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([ROOT / ".ci" / "dist", folder], check=True, capture_output=True, text=True)
    return folder


@pytest.fixture(scope="module")
def wheel(made: Path) -> Path:
    return next(made.glob("*.whl"))


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("empty")


@pytest.fixture(scope="module")
def interpreter() -> str:
    """The Python for which the wheel is installed."""
    return sys.executable


@pytest.fixture(scope="module")
def program(wheel: Path, interpreter: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Installed with what a user's pip would take: the newest that the wheel's ranges allow."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([UV, "venv", "--quiet", "--python", interpreter, folder], check=True)
    subprocess.run([UV, "pip", "install", "--quiet", "--python", folder / "bin" / "python", wheel], check=True)
    return folder / "bin" / "ingest-image"


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """Where jars and data of nodes are kept."""
    folder = throwaway_folder(other_account())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)

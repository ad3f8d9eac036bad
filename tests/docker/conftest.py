"""Compose's own reading of our files. No container engine is needed: `config` asks none."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support import ROOT

BASE = ("-f", "docker-compose.yml")
SCALED = (*BASE, "-f", "docker-compose.scale.yml")
RENDERING = (*BASE, "-f", "docker-compose.render.yml")
FETCHING = (*BASE, "-f", "docker-compose.addresses.yml")
Compose = Callable[..., subprocess.CompletedProcess[str]]


def program(name: str) -> str | None:
    """A program that pip put beside Python, or one on the path."""
    return shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)


def client() -> list[str] | None:
    """`docker compose` where the plugin is, else `docker-compose`."""
    if (docker := shutil.which("docker")) and not subprocess.run(
        [docker, "compose", "version"], capture_output=True
    ).returncode:
        return [docker, "compose"]
    return [found] if (found := program("docker-compose")) else None


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


def read(compose: Compose, env_file: Path, *files: str) -> dict[str, Any]:
    result = compose("--env-file", str(env_file), "--profile", "*", *files, "config", "--format", "json")
    assert result.returncode == 0, result.stderr
    return dict(json.loads(result.stdout))


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

"""Compose's own reading of our files."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

BASE = ("-f", "docker-compose.yml")
SCALED = (*BASE, "-f", "docker-compose.scale.yml")
RENDERING = (*BASE, "-f", "docker-compose.render.yml")
FETCHING = (*BASE, "-f", "docker-compose.addresses.yml")
STORING = (*BASE, "-f", "docker-compose.store.yml")
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


def read(compose: Compose, env_file: Path, *files: str) -> dict[str, Any]:
    result = compose("--env-file", str(env_file), "--profile", "*", *files, "config", "--format", "json")
    assert result.returncode == 0, result.stderr
    return dict(json.loads(result.stdout))

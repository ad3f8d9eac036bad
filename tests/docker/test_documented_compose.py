"""What docs/compose.md prints for `docker compose`, as far as it goes without an engine: files, services, variables."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.helpers.compose import Compose
from tests.helpers.documented import blocks
from tests.helpers.paths import ROOT

TEXTS = [block.text.replace("\\\n", " ") for block in blocks() if block.page == "docs/compose.md"]
LINES = [line for text in TEXTS for line in re.findall(r"docker compose [^\n)]*", text)]
# Those of `docker compose run` that take a value.
WITH_VALUE = ("--volume",)


def services_named(words: list[str]) -> list[str]:
    """The service of `run`; `up` takes all."""
    command, *rest = words
    if command == "up":
        return []
    assert command == "run", command
    while rest[0].startswith("-"):
        rest = rest[2 if rest[0] in WITH_VALUE else 1 :]
    return rest[:1]


@pytest.mark.parametrize("line", LINES)
def test_files_and_services_are_there(line: str, compose: Compose, env_file: Path) -> None:
    _, _, *words = shlex.split(line, comments=True)
    files: list[str] = []
    while words[0] == "-f":
        files, words = [*files, *words[:2]], words[2:]
    done = compose("--env-file", str(env_file), "--profile", "*", *files, "config", "--quiet", *services_named(words))
    assert done.returncode == 0, done.stderr


def test_a_service_that_is_not_there_is_told(compose: Compose, env_file: Path) -> None:
    assert len(LINES) >= 8
    done = compose(
        "--env-file", str(env_file), "--profile", "*", "config", "--quiet", *services_named(["run", "nobody"])
    )
    assert done.returncode and "nobody" in done.stderr


def test_variables_and_programs_are_there() -> None:
    variables = {name for text in TEXTS for name in re.findall(r"^([A-Z_]+)=\S+ docker compose", text, re.MULTILINE)}
    used = "".join(path.read_text() for path in ROOT.glob("docker-compose*.yml"))
    assert variables and all(f"${{{name}" in used for name in variables)
    (script,) = (line for text in TEXTS for line in text.splitlines() if line.startswith("docker/"))
    assert (ROOT / script).is_file()

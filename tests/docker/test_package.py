"""The package as the image installs it: nothing is left behind in the checkout, and the commands of Compose exist."""

from __future__ import annotations

import re
import subprocess
import tomllib
from fnmatch import fnmatch
from pathlib import PurePath
from typing import Any

import click
import pytest

from ingest_image.cli import main
from ingest_image.gallery.launch import settings_for
from processor_service.extras import installing
from processor_service.formats.registry import heif_is_installed
from tests.helpers.paths import ROOT

TOOL = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
PACKAGES = [name.rstrip("*") for name in TOOL["packages"]["find"]["include"]]


def tracked() -> list[str]:
    listing = subprocess.run(["git", "ls-files", *PACKAGES], cwd=ROOT, capture_output=True, text=True, check=True)
    return listing.stdout.splitlines()


def is_installed(name: str) -> bool:
    package, _, path = name.partition("/")
    patterns = TOOL["package-data"].get(package, ())
    # `**/` stands for no folder too.
    wanted = [*patterns, *(one.removeprefix("**/") for one in patterns)]
    return path.endswith(".py") or any(fnmatch(path, one) for one in wanted)


def test_every_file_of_the_packages_is_installed() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("no checkout")
    assert [name for name in tracked() if not is_installed(name)] == []


def test_every_folder_with_modules_is_a_package() -> None:
    folders = {PurePath(name).parent for name in tracked() if name.endswith(".py")}
    assert [folder for folder in folders if not (ROOT / folder / "__init__.py").exists()] == []


def test_the_image_copies_every_package() -> None:
    copied = re.findall(r"^COPY (\w+) \1$", (ROOT / "docker/service/Dockerfile").read_text(), re.MULTILINE)
    assert sorted(copied) == sorted(PACKAGES)


def test_heic_is_read_wherever_we_install() -> None:
    """By `make install`, and so in the demo, and in the image of Compose."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert "--extra dev " in (ROOT / "docker/lock").read_text()
    assert "--requirement docker/development-requirements.txt" in (ROOT / "Makefile").read_text()
    assert "ingest-image[heic,identity,store,telemetry]" in extras["dev"]
    assert '"ingest-image[heic,recognition,store,telemetry]"' in (ROOT / "docker/service/Dockerfile").read_text()
    assert "--extra heic" in (ROOT / "docker/lock").read_text()
    assert heif_is_installed()


def test_nobody_is_told_to_install_what_an_index_has_under_our_name() -> None:
    """It may be somebody else's: pages and messages name the wheel's file, as the README does."""
    assert installing("heic,recognition,store") in (ROOT / "README.md").read_text()
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
    texts = {path.name: path.read_text() for path in pages}
    texts |= {name: (ROOT / name).read_text() for name in tracked() if name.endswith((".py", ".html", ".js"))}
    assert [name for name, text in texts.items() if re.search(r"pip install\s+[`'\"]?ingest[-_]image\b", text)] == []


@pytest.mark.parametrize("name", ["service", "users", "bootstrap", "kibana-objects", "gallery", "enricher", "tools"])
def test_commands_of_compose_are_ours(stack: dict[str, Any], name: str) -> None:
    command, *arguments = stack[name]["command"]
    found = main.get_command(click.Context(main), command)
    assert found is not None
    # Parsed and checked, not run.
    found.make_context(command, arguments)


def test_the_gallery_s_port_on_loopback_answers_to_this_machine_s_names_only(stack: dict[str, Any]) -> None:
    command = stack["gallery"]["command"]
    names = [command[i + 1] for i, word in enumerate(command) if word == "--known-as"]
    assert settings_for("", "0.0.0.0", "images*", names).hosts == {"localhost", "127.0.0.1"}

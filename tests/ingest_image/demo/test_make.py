"""`make demo` hands on the ports that are chosen."""

from __future__ import annotations

import os
import shlex
import subprocess
from typing import Any

import pytest

from ingest_image.demo.command import demo
from tests.helpers.paths import ROOT

CHOSEN = {"ES_PORT": "9201", "SERVICE_PORT": "8190", "GALLERY_PORT": "8191"}


def ports(chosen: dict[str, str]) -> dict[str, Any]:
    """What `make demo` would start the demo with; nothing is run."""
    # As if no make had started the tests, and nobody had chosen.
    kept = {name: value for name, value in os.environ.items() if "MAKE" not in name and name not in CHOSEN}
    command = ["make", "--dry-run", "demo", *(f"{name}={port}" for name, port in chosen.items())]
    said = subprocess.run(command, cwd=ROOT, env=kept, capture_output=True, text=True, check=True).stdout
    _, found, options = said.rpartition(".venv/bin/ingest-image --until-end-of $PPID demo")
    assert found
    parsed = demo.make_context("demo", shlex.split(options.replace("\\\n", " "))).params
    return {name.upper(): str(parsed[name.lower()]) for name in CHOSEN}


@pytest.mark.parametrize("chosen", [CHOSEN, {"GALLERY_PORT": "8191"}, {}], ids=["all", "one", "none"])
def test_ports_are_chosen_from_make(chosen: dict[str, str]) -> None:
    usual = {"ES_PORT": "9200", "SERVICE_PORT": "8090", "GALLERY_PORT": "8091"}
    assert ports(chosen) == usual | chosen

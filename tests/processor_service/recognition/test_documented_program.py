"""The program in docs/recognition.md, run as printed: it says what it finds in a drawn car."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.documented import the_block
from tests.helpers.paths import PICTURES

PROGRAM = the_block("docs/recognition.md", "from PIL").text


def test_the_program_finds_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(PICTURES / "drawn" / "car.jpg", tmp_path)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    compared = 0
    for line in PROGRAM.splitlines():
        code, _, said = line.partition("  #")
        if code.startswith("["):
            assert eval(code, names) == ast.literal_eval(said.partition(";")[0].strip()), line
            compared += 1
        else:
            exec(code, names)
    assert compared == 4

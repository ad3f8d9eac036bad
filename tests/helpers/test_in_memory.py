from __future__ import annotations

import stat
from pathlib import Path

from tests.helpers.in_memory import MEMORY, folder_in_memory
from tests.helpers.inner_pytest import run_pytest

TAKING = """
import os, subprocess, sys, tempfile
from pathlib import Path

MAKE = "import tempfile; print(tempfile.mkdtemp(), end='')"

def test_it(tmp_path):
    ours = tempfile.mkdtemp()
    theirs = subprocess.check_output([sys.executable, "-c", MAKE], text=True)
    Path(os.environ["SAYS"]).write_text("\\n".join((ours, theirs, str(tmp_path))))
"""


def test_everybody_can_use_the_folder(tmp_path: Path) -> None:
    folder = folder_in_memory(tmp_path, room=0)
    assert folder and folder.parent == tmp_path
    assert stat.S_IMODE(folder.stat().st_mode) == 0o1777


def test_there_is_no_folder_without_room_or_without_such_a_place(tmp_path: Path) -> None:
    assert folder_in_memory(tmp_path, room=1 << 60) is None
    assert folder_in_memory(tmp_path / "none", room=0) is None
    assert list(tmp_path.iterdir()) == []


def test_temporary_folders_end_with_the_tests_and_those_of_pytest_stay(tmp_path: Path) -> None:
    here = folder_in_memory()
    if here:
        here.rmdir()
    says = tmp_path / "says"
    said = run_pytest(tmp_path, {"test_it.py": TAKING}, SAYS=str(says))
    assert "1 passed" in said.splitlines()[-1], said
    ours, theirs, of_pytest = map(Path, says.read_text().splitlines())
    assert of_pytest.is_dir() and ours.parent not in of_pytest.parents
    assert ours.parent == theirs.parent
    if here:
        assert ours.parent.parent == MEMORY and not ours.parent.exists()

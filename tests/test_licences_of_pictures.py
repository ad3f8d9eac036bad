"""Each test picture has a line in LICENCES.md, and each line a picture."""

from __future__ import annotations

import re

from tests.helpers.paths import PICTURES


def test_every_picture_has_a_licence() -> None:
    listed = re.findall(r"^\| (\S+/\S+) \|", (PICTURES / "LICENCES.md").read_text(), re.MULTILINE)
    pictures = [path.relative_to(PICTURES).as_posix() for path in PICTURES.rglob("*/*") if path.is_file()]
    assert set(listed) ^ set(pictures) == set()
    assert len(listed) == len(pictures)

"""Golden pictures: compared with what somebody looked at (`make contact-sheet`). `UPDATE_GOLDEN=1` writes them anew."""

from __future__ import annotations

import os

from PIL import Image

from tests.helpers.paths import TESTS
from tests.helpers.pictures import assert_alike

GOLDEN = TESTS / "processor_service" / "golden"
MOST_BYTES = 20_000


def assert_golden(result: Image.Image, folder: str, name: str, tolerance: float) -> None:
    """Fail when a picture is not as the one in the folder, within a tolerance (mean of 0 to 255)."""
    path = GOLDEN / folder / f"{name}.png"
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        result.save(path, optimize=True)
    with Image.open(path) as golden:
        assert golden.has_transparency_data == result.has_transparency_data
        assert_alike(result, golden, tolerance, name)


def assert_whole(folder: str, names: set[str]) -> None:
    """Every golden picture has a case, and is small."""
    paths = list((GOLDEN / folder).glob("*.png"))
    assert {path.stem for path in paths} == names
    assert max(path.stat().st_size for path in paths) <= MOST_BYTES

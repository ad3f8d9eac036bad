"""All golden pictures with their names on one sheet, to be looked at: `make contact-sheet`."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from tests.helpers.goldens import GOLDEN
from tests.helpers.paths import ROOT

SHEET = ROOT / "build" / "contact-sheet.png"
_CELL, _LABEL, _COLUMNS, _SQUARE = 144, 16, 12, 8


def main() -> int:
    """Write the sheet (of the folders named, or all); print where it is."""
    folders = [GOLDEN / name for name in sys.argv[1:]] or [GOLDEN]
    paths = sorted(path for folder in folders for path in folder.rglob("*.png"))
    rows = -(-len(paths) // _COLUMNS)
    sheet = Image.new("RGB", (_COLUMNS * _CELL, rows * (_CELL + _LABEL)), "#dddddd")
    for number, path in enumerate(paths):
        left, top = number % _COLUMNS * _CELL, number // _COLUMNS * (_CELL + _LABEL)
        sheet.paste(_cell(path), (left, top))
    SHEET.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(SHEET)
    print(SHEET.relative_to(ROOT), f"{len(paths)} pictures")
    return 0


def _cell(path: Path) -> Image.Image:
    cell = Image.new("RGB", (_CELL, _CELL + _LABEL), "#dddddd")
    with Image.open(path) as golden:
        picture = golden.convert("RGBA")
    if max(picture.size) > _CELL - 4:
        picture.thumbnail((_CELL - 4, _CELL - 4), Image.Resampling.LANCZOS)
    below = _checkerboard(picture.size)
    below.alpha_composite(picture)
    # At the bottom, above its name.
    cell.paste(below, (2, _CELL - 2 - below.height))
    name = path.relative_to(GOLDEN).with_suffix("").as_posix().removeprefix("operations/")
    ImageDraw.Draw(cell).text((2, _CELL), name, fill="black", font=ImageFont.load_default(10))
    return cell


def _checkerboard(size: tuple[int, int]) -> Image.Image:
    """What transparent pixels look like."""
    board = Image.new("RGBA", size, "white")
    draw = ImageDraw.Draw(board)
    for x in range(0, size[0], _SQUARE):
        for y in range(0, size[1], _SQUARE):
            if (x + y) // _SQUARE % 2:
                draw.rectangle((x, y, x + _SQUARE - 1, y + _SQUARE - 1), fill="#bbbbbb")
    return board


if __name__ == "__main__":
    sys.exit(main())

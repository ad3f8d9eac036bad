"""How recognition does on pictures that are made for it: plates, texts and faces, turned, small, dark and blurred.

    python -m benchmarks.made_pictures [--recognition ../shared/recognition] [--cjk FONT]

Plates of EU, US and Brazil and of two lines are drawn over the plate of a car in `--recognition`, so that everything else
is a photograph. Texts are drawn in the package's font, Chinese and Japanese in `--cjk` (such as Debian's
fonts-wqy-zenhei). Faces are those of the group photographs there. Each is changed in the ways that are named.
"""

from __future__ import annotations

import csv
import json
import warnings
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from pathlib import Path

import click
import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps
from rich.console import Console
from rich.table import Table

from benchmarks.recognition import ALIKE, in_pixels, opened, shared
from processor_service.operations.watermark.stamp import FONT
from processor_service.recognition.faces import faces
from processor_service.recognition.labels import see
from processor_service.recognition.plates import plates
from processor_service.recognition.text import lines, look, plain
from tests.helpers.paths import CORPUS

Change = Callable[[Image.Image], Image.Image]
PLATES = [["B AB 1234"], ["M XY 907"], ["7ABC123"], ["KLM 4821"], ["BRA2E19"], ["PQR", "5V67"], ["HH", "KT 428"]]
TEXTS = ["Harbour lights\nopen until nine", "Straße nach Köln\n25 Kilometer", "Año nuevo, vida\nnueva: 2026"]
CJK = ["请勿吸烟\n谢谢合作", "営業時間\n午前九時から"]
# In columns, from right to left.
COLUMNS = ["请勿吸烟\n谢谢合作", "写真を検索\n猫の写真です"]
GROUND = (90, 95, 100)


def turned(degrees: float) -> Change:
    return lambda image: image.rotate(degrees, Image.Resampling.BICUBIC, True, fillcolor=GROUND)


def scaled(share: float) -> Change:
    return lambda image: image.resize((round(image.width * share), round(image.height * share)))


def dark(share: float) -> Change:
    return lambda image: ImageEnhance.Brightness(image).enhance(share)


def blurred(radius: float) -> Change:
    return lambda image: image.filter(ImageFilter.GaussianBlur(radius))


SAME: dict[str, Change] = {"as it is": lambda image: image}
OF_PLATES = SAME | {
    **{"5 degrees": turned(5), "15 degrees": turned(15), "half the size": scaled(0.5), "a third": scaled(0.34)},
    **{"night, 25 %": dark(0.25), "night, 10 %": dark(0.1), "blurred, 1.5": blurred(1.5), "blurred, 3": blurred(3)},
}
OF_TEXTS = SAME | {
    **{"90 degrees": turned(90), "180 degrees": turned(180), "10 degrees": turned(10), "half the size": scaled(0.5)},
    **{"inverted": ImageOps.invert, "blurred, 1.5": blurred(1.5), "dark, 10 %": dark(0.1)},
}
OF_FACES = SAME | {
    **{f"tilted, {degrees} degrees": turned(degrees) for degrees in (15, 30, 45, 90, 180)},
    **{"mirrored": ImageOps.mirror, "half the size": scaled(0.5), "a quarter": scaled(0.25), "dark, 25 %": dark(0.25)},
    **{"dark, 10 %": dark(0.1), "grey": lambda image: image.convert("L").convert("RGB"), "blurred, 2": blurred(2)},
}


def sign(rows: list[str], width: int) -> Image.Image:
    """A plate of one or two rows with a blue stripe at its left."""
    one = len(rows) == 1
    image = Image.new("RGB", (520, 110) if one else (340, 200), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, image.width - 1, image.height - 1), outline="black", width=4)
    draw.rectangle((4, 4, 36, image.height - 5), fill=(0, 51, 153))
    font = ImageFont.truetype(FONT, 78)
    for number, row in enumerate(rows):
        place = (image.width + 36) // 2, image.height * (2 * number + 1) // (2 * len(rows))
        draw.text(place, row, "black", font, anchor="mm")
    return image.resize((width, round(width * image.height / image.width)), Image.Resampling.LANCZOS)


def on_cars(folder: Path) -> list[tuple[str, Image.Image]]:
    """Each plate over that of another car, with its text."""
    found: list[tuple[str, Image.Image]] = []
    with (folder / "plates.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["w"]]
    for number, texts in enumerate(PLATES):
        row = rows[5 * number % len(rows)]
        image = opened(folder / "plates" / row["file"]).convert("RGB")
        left, top, width, height = (round(float(row[side])) for side in ("x", "y", "w", "h"))
        plate = sign(texts, max(140, width))
        middle = left + width // 2, top + height // 2
        image.paste(plate, (middle[0] - plate.width // 2, middle[1] - plate.height // 2))
        found.append(("".join("".join(texts).split()), image))
    return found


def written(text: str, font: str | Path) -> Image.Image:
    image = Image.new("RGB", (640, 240), "white")
    ImageDraw.Draw(image).multiline_text((60, 50), text, "black", ImageFont.truetype(font, 44), spacing=24)
    return image


def in_columns(text: str, font: str | Path) -> Image.Image:
    """Each line as a column, character below character, the first one at the right."""
    columns = text.split("\n")
    image = Image.new("RGB", (240, 480), "white")
    for number, column in enumerate(columns):
        for place, character in enumerate(column):
            at = (image.width - 70 - 80 * number, 70 + 52 * place)
            ImageDraw.Draw(image).text(at, character, "black", ImageFont.truetype(font, 44), anchor="mm")
    return image


def read_plates(pictures: list[tuple[str, Image.Image]], change: Change) -> str:
    right = 0
    for text, image in pictures:
        changed = change(image)
        found = [plate.text.translate(ALIKE) for plate in plates(look(changed), see(changed).vehicle)]
        right += text.translate(ALIKE) in found
    return f"{right} of {len(pictures)}"


def read_texts(pictures: list[tuple[str, Image.Image]], change: Change) -> str:
    right = total = 0
    for text, image in pictures:
        expected, found = "".join(text.split()), "".join(plain(lines(look(change(image)))).split())
        right += sum(block.size for block in SequenceMatcher(None, expected, found, False).get_matching_blocks())
        total += len(expected)
    return f"{right} of {total} characters"


def found_faces(folder: Path, change: Change) -> str:
    found = total = others = 0
    for file, truth in json.loads((folder / "faces.json").read_text()).items():
        image = opened(folder / "faces" / file).convert("RGB")
        changed = change(image)
        boxes = [in_pixels(face.box, changed) for face in faces(changed)]
        hits = sum(any(shared(box, moved(face, image.size, change)) > 1 / 3 for box in boxes) for face in truth)
        found, total, others = found + hits, total + len(truth), others + len(boxes) - hits
    return f"{found} of {total}, {others} others"


def moved(box: Sequence[float], size: tuple[int, int], change: Change) -> tuple[float, float, float, float]:
    """Where a box (left, top, width, height) is after the change; the hull of one that was turned."""
    left, top, width, height = box
    dark = Image.new("RGB", size)
    marked = dark.copy()
    marked.paste("white", (round(left), round(top), round(left + width), round(top + height)))
    seen = np.asarray(ImageChops.difference(change(marked), change(dark)).convert("L"))
    bounds = Image.fromarray(2 * seen.astype(int) > seen.max()).getbbox()
    assert bounds, "the face is still in the picture"
    return bounds[0], bounds[1], bounds[2] - bounds[0], bounds[3] - bounds[1]


@click.command(help=__doc__.splitlines()[0])
@click.option("--recognition", type=Path, default=CORPUS.parent / "recognition", show_default=True)
@click.option("--cjk", type=click.Path(path_type=Path, exists=True), help="a font with Chinese and Japanese characters")
def main(recognition: Path, cjk: Path | None) -> None:
    warnings.simplefilter("ignore")
    table = Table("what", "change", "right")

    def add(what: str, change: str, right: str) -> None:
        table.add_row(what, change, right)
        print(what, change, right, sep=": ", flush=True)

    texts = [(text, written(text, FONT)) for text in TEXTS]
    drawn = {"Chinese and Japanese": (CJK, written), "in columns": (COLUMNS, in_columns)}
    ideographs = {what: [(text, draw(text, cjk)) for text in some] for what, (some, draw) in drawn.items() if cjk}
    for name, change in OF_FACES.items():
        add("faces", name, found_faces(recognition, change))
    for name, change in OF_TEXTS.items():
        add("text", name, read_texts(texts, change))
        for what, pictures in ideographs.items():
            add(what, name, read_texts(pictures, change))
    cars = on_cars(recognition)
    for name, change in OF_PLATES.items():
        add("plates", name, read_plates(cars, change))
    Console(width=100).print(table)


if __name__ == "__main__":
    main()

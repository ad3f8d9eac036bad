"""What the detectors still find of plates and faces that were hidden.

    python -m benchmarks.redaction [--recognition ../shared/recognition]

The folder is that of benchmarks/recognition.py. A plate is still legible when its text (O and Q taken for 0, I for 1) is
in anything that is read in the picture; a face is still seen when a box of half the threshold touches it.
"""

from __future__ import annotations

import csv
import json
import warnings
from pathlib import Path

import click
from PIL import Image

from benchmarks.recognition import ALIKE, in_pixels, opened, shared
from processor_service.pipeline import process
from processor_service.recognition.faces import MIN_SCORE, faces
from processor_service.recognition.plate_text import normal
from processor_service.recognition.text import look
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers.paths import CORPUS
from tests.helpers.pictures import b64, encoded
from tests.helpers.pictures import opened as decoded


def redacted(image: Image.Image, what: str) -> tuple[Image.Image, int]:
    """What is stored of a picture with the operation, and how many it hid."""
    operations = [{"redact": {"what": [what]}}, {"convert": {"format": "png"}}]
    request = Request.parse({"data": b64(encoded(image)), "operations": operations, "properties": []})
    fields = process(request, Settings(), Stopwatch())
    return decoded(fields["data"]).convert("RGB"), fields["redacted"][what]


def cars(folder: Path) -> str:
    """Counts pictures in which something was hidden, and names those whose plate can still be read."""
    legible: list[str] = []
    hidden = looked = 0
    with (folder / "plates.csv").open() as rows:
        for row in csv.DictReader(rows):
            image = opened(folder / "plates" / row["file"])
            concealed, count = redacted(image, "plates")
            texts = [normal(reading.text).translate(ALIKE) for reading in look(concealed).readings]
            looked, hidden = looked + 1, hidden + bool(count)
            if any(row["plate"].translate(ALIKE) in text for text in texts):
                legible.append(f"{row['file']} {row['plate']}")
    return f"something hidden in {hidden} of {looked} pictures; {len(legible)} plates are legible: {', '.join(legible)}"


def people(folder: Path) -> str:
    """Counts faces that are still found."""
    total = seen = 0
    for name, truth in json.loads((folder / "faces.json").read_text()).items():
        image = opened(folder / "faces" / name)
        concealed, _ = redacted(image, "faces")
        boxes = [in_pixels(face.box, image) for face in faces(concealed, MIN_SCORE / 2)]
        total += len(truth)
        seen += sum(any(shared(box, face) > 0 for box in boxes) for face in truth)
    return f"{seen} of {total} faces are still found"


@click.command(help=__doc__.splitlines()[0])
@click.option("--recognition", type=Path, default=CORPUS.parent / "recognition", show_default=True)
def main(recognition: Path) -> None:
    warnings.simplefilter("ignore")
    click.echo(f"faces: {people(recognition)}")
    click.echo(f"plates: {cars(recognition)}")


if __name__ == "__main__":
    main()

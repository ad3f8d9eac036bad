"""How well recognition reads and sees, and what it costs, on pictures with truths.

    python -m benchmarks.recognition [--recognition ../shared/recognition] [--images ../shared/images] [--only plates]
        [--people FOLDER] [--packages FOLDER]

`--recognition` is a folder with

- `plates/`, and `plates.csv` with the columns `file` (its name up to the first `_` is the region) and `plate`. Read
  right is a plate that is among those found, O and Q taken for 0, I for 1; every other one found is *wrong*;
- `faces/`, and `faces.json`: `{"file": [[x, y, width, height], ...]}` in pixels. A face is found when a box shares a
  third of the union with it;
- `text/`, and `text.json`: `{"file": "text"}`; without it, truths/text.json. Counted are the characters, without
  spaces, that stand in the same order in what was read.

`--images` is a folder with any pictures. truths/labels.tsv says by file name (glob) which words are right for the
photographs among them, a tab between name and words; truths/with_faces.txt which have faces (globs): in all others no
face and in all no plate may be found. A picture that is there twice counts once.

`--packages` is a folder with the photographs of package_photographs.py. Thresholds of labels were chosen by those in
truths/labels_of_packages.tsv, labels_of_stamps.tsv (cut out, on a transparent ground) and labels_of_others.tsv, not by
those in labels_unseen.tsv.

Whose face it is, is measured by the portraits of the tests (tests/helpers/people.py), changed and made smaller, against
each other and all faces of `--recognition`. `--people` is a folder of your own with a folder for each person: one
person in each picture. Distances up to the threshold of `search --same-person` count as the same person.

Times are processor time of one thread; the first picture, which loads the models, is not counted.
"""

from __future__ import annotations

import csv
import hashlib
import itertools
import json
import resource
import time
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import ParamSpec, TypeVar

import click
import numpy as np
from PIL import Image, ImageOps
from rich.console import Console
from rich.table import Table

from benchmarks.package_photographs import package_photographs
from ingest_image.search.questions.person_query import SAME_PERSON
from processor_service.recognition.box import Box
from processor_service.recognition.faces import faces
from processor_service.recognition.identity import Identity, identities
from processor_service.recognition.labels import see
from processor_service.recognition.plates import plates
from processor_service.recognition.text import lines, look, plain
from tests.helpers.paths import CORPUS
from tests.helpers.people import CHANGES, PEOPLE, person

P = ParamSpec("P")
T = TypeVar("T")
TRUTHS = Path(__file__).parent / "truths"
ALIKE = str.maketrans("OQI", "001")
PARTS = ("text", "plates", "faces", "others", "labels", "identity")
spent: dict[str, list[float]] = defaultdict(list)


def timed(name: str, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """What the function returns; its processor time, in seconds, is kept under the name."""
    start = time.process_time()
    result = function(*arguments, **named)
    spent[name].append(time.process_time() - start)
    return result


def opened(file: Path) -> Image.Image:
    image = ImageOps.exif_transpose(Image.open(file))
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def pictures(folder: Path) -> Iterator[tuple[str, Image.Image]]:
    """Every picture of at least 120 x 64 pixels, by its path in the folder; each once."""
    seen = set()
    for file in sorted(folder.rglob("*")):
        try:
            with Image.open(file) as header:
                if max(header.size) < 120 or min(header.size) < 64 or header.width * header.height > 60_000_000:
                    continue
            image = opened(file)
        except Exception:
            continue
        digest = hashlib.sha256(image.resize((64, 64)).tobytes()).digest()
        if digest not in seen:
            seen.add(digest)
            yield file.relative_to(folder).as_posix(), image


def text(folder: Path) -> str:
    given = folder / "text.json"
    truths = json.loads((given if given.exists() else TRUTHS / "text.json").read_text())
    right = total = read = 0
    for name, truth in truths.items():
        expected, found = (
            "".join(words.split())
            for words in (truth, plain(lines(timed("text", look, opened(folder / "text" / name)))))
        )
        right += sum(block.size for block in SequenceMatcher(None, expected, found, False).get_matching_blocks())
        total, read = total + len(expected), read + len(found)
    return f"{right} of {total} characters ({right / total:.1%}), {read - right} others read"


def plates_of(folder: Path) -> str:
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    wrong: list[str] = []
    with (folder / "plates.csv").open() as rows:
        for row in csv.DictReader(rows):
            image = opened(folder / "plates" / row["file"])
            seen, page = timed("labels", see, image), timed("text", look, image)
            found = [plate.text for plate in timed("plates, beside text", plates, page, seen.vehicle)]
            region = row["file"].partition("_")[0]
            total[region] += 1
            right[region] += row["plate"].translate(ALIKE) in [plate.translate(ALIKE) for plate in found]
            wrong += [plate for plate in found if plate.translate(ALIKE) != row["plate"].translate(ALIKE)]
    shares = ", ".join(f"{region} {right[region]} of {total[region]}" for region in sorted(total))
    return f"{shares}; {len(wrong)} others: {', '.join(wrong)}"


def faces_of(folder: Path) -> str:
    found = total = others = 0
    for name, truth in json.loads((folder / "faces.json").read_text()).items():
        image = opened(folder / "faces" / name)
        boxes = [in_pixels(face.box, image) for face in timed("faces", faces, image)]
        hits = sum(any(shared(box, face) > 1 / 3 for box in boxes) for face in truth)
        found, total, others = found + hits, total + len(truth), others + len(boxes) - hits
    return f"{found} of {total}, {others} others"


def in_pixels(box: Box, image: Image.Image) -> tuple[float, float, float, float]:
    """Left, top, width, height."""
    return box.x * image.width, box.y * image.height, box.width * image.width, box.height * image.height


def shared(one: Sequence[float], other: Sequence[float]) -> float:
    """Intersection over union of two boxes: left, top, width, height."""
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    common = max(0, across) * max(0, down)
    return float(common / (one[2] * one[3] + other[2] * other[3] - common))


def labels_of(photographs: Iterable[tuple[str, Image.Image]], with_faces: bool = False) -> str:
    """What is said of photographs, each with the words that are right for it."""
    said = right = covered = looked = 0
    wrong: Counter[str] = Counter()
    for words, image in photographs:
        count = len(timed("faces", faces, image)) if with_faces else 0
        found = [label.word for label in timed("labels", see, image).labels(faces=count)]
        good = [word for word in found if f" {word} " in f" {words} "]
        wrong.update(word for word in found if word not in good)
        said, right = said + len(found), right + len(good)
        covered, looked = covered + bool(good), looked + 1
    return (
        f"{right} of {said} words right ({right / said:.1%}), at least one right for {covered} of {looked} "
        f"photographs ({covered / looked:.1%}); wrong: {', '.join(f'{word} {count}' for word, count in wrong.items())}"
    )


def labelled(folder: Path) -> Iterator[tuple[str, Image.Image]]:
    for row in (TRUTHS / "labels.tsv").read_text().splitlines():
        name, _, words = row.partition("\t")
        for file in sorted(folder.glob(name)):
            yield words, opened(file)


def labelled_of_packages(folder: Path, truths: str) -> Iterator[tuple[str, Image.Image]]:
    rows = (TRUTHS / truths).read_text().splitlines()
    words = dict(row.split("\t") for row in rows)
    for name, image in package_photographs(folder):
        if name in words:
            yield words.pop(name), image
    if words:
        raise click.ClickException(f"not in {folder}: {', '.join(words)}")


def others(folder: Path) -> str:
    """What is found that is not there."""
    with_faces = {
        file.relative_to(folder).as_posix()
        for pattern in (TRUTHS / "with_faces.txt").read_text().split()
        for file in [*folder.glob(pattern), *folder.glob(f"{pattern}/**/*")]
    }
    looked = without = 0
    false_plates, false_faces = [], []
    for name, image in pictures(folder):
        looked += 1
        seen, page = timed("labels", see, image), timed("text", look, image)
        if found := timed("plates, beside text", plates, page, seen.vehicle):
            false_plates.append(f"{name} {', '.join(plate.text for plate in found)}")
        if name not in with_faces:
            without += 1
            false_faces += [name] * len(timed("faces", faces, image))
    return (
        f"plates in {len(false_plates)} of {looked} pictures without cars {false_plates}; "
        f"{len(false_faces)} faces in {without} pictures without {false_faces}"
    )


def identity_of(folder: Path, people: Path | None) -> str:
    """Distances of faces of one person, and of different people."""
    known: list[tuple[str, Identity]] = []
    lost = 0
    for who, image in photographs(people) if people else portraits():
        seen = timed("identity, a face", identities, image, faces(image)[:1])
        lost += not seen
        known += [(who, each) for each in seen]
    if not people:
        for file in sorted((folder / "faces").glob("*")):
            image = opened(file)
            found = timed("identity, faces of a group", identities, image, faces(image))
            known += [(f"{file.name} {number}", each) for number, each in enumerate(found)]
    same: list[float] = []
    different: list[float] = []
    for (who, one), (whom, other) in itertools.combinations(known, 2):
        distance = float(np.linalg.norm(one.vector - other.vector))
        (same if who == whom else different).append(distance)
    near, strangers = sum(each <= SAME_PERSON for each in same), sum(each <= SAME_PERSON for each in different)
    return (
        f"same person: {near} of {len(same)} pairs within {SAME_PERSON}, median {np.median(same):.2f}, "
        f"95 % within {np.quantile(same, 0.95):.2f}, at most {max(same):.2f}; different people: {strangers} of "
        f"{len(different)} pairs within it, nearest {min(different):.2f}, median {np.median(different):.2f}; "
        f"{lost} pictures without a vector"
    )


def portraits() -> Iterator[tuple[str, Image.Image]]:
    """Each portrait, its changes, and both with the face 80, 50 and 35 pixels wide."""
    for who in PEOPLE:
        for image in (person(who), *(change(person(who)) for change in CHANGES.values())):
            yield who, image
            for width in (80, 50, 35):
                if found := faces(image):
                    ratio = width / (found[0].box.width * image.width)
                    if ratio < 1:
                        yield who, image.resize((round(image.width * ratio), round(image.height * ratio)))


def photographs(folder: Path) -> Iterator[tuple[str, Image.Image]]:
    for file in sorted(folder.glob("*/*")):
        yield file.parent.name, opened(file)


@click.command(help=__doc__.splitlines()[0])
@click.option("--recognition", type=Path, default=CORPUS.parent / "recognition", show_default=True)
@click.option("--images", type=Path, default=CORPUS, show_default=True)
@click.option("--only", type=click.Choice(PARTS), multiple=True, help="some of the parts; all by default")
@click.option("--people", type=Path, help="photographs of your own, a folder for each person")
@click.option("--packages", type=Path, help="photographs of Debian packages, unpacked (package_photographs.py)")
def main(recognition: Path, images: Path, people: Path | None, packages: Path | None, only: tuple[str, ...]) -> None:
    warnings.simplefilter("ignore")
    chosen = only or PARTS
    table = Table("what", "how well")
    first = Image.new("RGB", (320, 240), "white")
    see(first), faces(first), look(first)
    for name, measure, folder in zip(
        PARTS[:4], (text, plates_of, faces_of, others), (recognition,) * 3 + (images,), strict=True
    ):
        if name in chosen:
            table.add_row(name, measure(folder))
    if "labels" in chosen:
        table.add_row("labels", labels_of(labelled(images)))
        table.add_row("labels, faces too", labels_of(labelled(images), with_faces=True))
        if packages:
            for truths in (f"labels_{of}.tsv" for of in ("of_packages", "of_stamps", "of_others", "unseen")):
                table.add_row(truths, labels_of(labelled_of_packages(packages, truths)))
    if "identity" in chosen:
        table.add_row("identity", identity_of(recognition, people))
    Console(width=160).print(table)
    times = Table("what", "pictures", "median ms", "p95 ms")
    for name, seconds in spent.items():
        ordered = sorted(seconds)
        times.add_row(
            name,
            str(len(ordered)),
            *(f"{1000 * ordered[int(share * (len(ordered) - 1))]:.0f}" for share in (0.5, 0.95)),
        )
    Console(width=160).print(times)
    print(f"memory at most: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


if __name__ == "__main__":
    main()

"""Whether pictures of the same kind of thing are neighbours, by the vectors of each embedder.

    python -m benchmarks.neighbours [--images ../shared/images] [--recognition ../shared/recognition] [--packages FOLDER]

Pictures are those of which it is known what they show, by the truths of benchmarks.recognition: the photographs of
`--images`, cars and groups of people of `--recognition`, and those of `--packages` (package_photographs.py) that are
there. A scene counts once: test suites have the same one in many formats. For each word that at least four pictures
have, and each of these: how many of the five nearest have it, too (of as many as there can be). All words count alike,
whether many pictures have them or few. *By chance* is what five blindly chosen ones would be.
"""

from __future__ import annotations

import csv
import warnings
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.package_photographs import package_photographs
from benchmarks.recognition import TRUTHS, labelled, opened
from processor_service.embedders import Embedder, embedders
from processor_service.picture import Picture, Source
from processor_service.recognition.runtime import MODELS
from processor_service.settings import Settings
from tests.helpers.paths import CORPUS

NEAREST, FEWEST = 5, 4
SHOWN = ("car", "person", "landscape", "animal")
OF_PACKAGES = ("labels_of_packages.tsv", "labels_of_stamps.tsv", "labels_of_others.tsv", "labels_unseen.tsv")
Photographs = Iterator[tuple[str, Image.Image]]


def of_images(folder: Path) -> Photographs:
    """One of each scene: those with the same words are one."""
    seen: set[str] = set()
    for words, image in labelled(folder):
        if words not in seen:
            seen.add(words)
            yield words, image


def of_recognition(folder: Path) -> Photographs:
    with (folder / "plates.csv").open() as rows:
        for row in csv.DictReader(rows):
            yield "car vehicle", opened(folder / "plates" / row["file"])
    for file in sorted((folder / "faces").iterdir()):
        yield "person", opened(file)


def of_packages(folder: Path) -> Photographs:
    words = dict(row.split("\t") for truths in OF_PACKAGES for row in (TRUTHS / truths).read_text().splitlines())
    for name, image in package_photographs(folder):
        if name in words:
            yield words.pop(name), image


def vectors(embedder: Embedder, images: list[Image.Image]) -> NDArray[np.float64]:
    pictures = (Picture([image], Source("png", *image.size, 1, 1)) for image in images)
    found = np.array([embedder.of_picture(one) for one in pictures], np.float64)
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True))


def words_of_labels() -> list[str]:
    rows = (MODELS / "labels.tsv").read_text(encoding="utf-8").splitlines()
    return sorted({word for row in rows for word in row.split("\t")[1:]})


def shown(word: str, known: list[tuple[str, Image.Image]]) -> NDArray[np.bool_]:
    return np.array([f" {word} " in f" {words} " for words, _ in known])


def precision(near: NDArray[np.float64], has: NDArray[np.bool_], most: int) -> float:
    """Of the nearest others of pictures with a word, the share that has it."""
    order = np.argsort(-near[has], axis=1)[:, : min(most, int(has.sum()) - 1)]
    return float(has[order].mean())


@click.command(help=__doc__.splitlines()[0])
@click.option("--images", type=Path, default=CORPUS, show_default=True)
@click.option("--recognition", type=Path, default=CORPUS.parent / "recognition", show_default=True)
@click.option("--packages", type=Path, help="photographs of Debian packages, unpacked (package_photographs.py)")
def main(images: Path, recognition: Path, packages: Path | None) -> None:
    warnings.simplefilter("ignore")
    known = [*of_images(images), *of_recognition(recognition), *(of_packages(packages) if packages else ())]
    having = {word: has for word in words_of_labels() if (has := shown(word, known)).sum() >= FEWEST}
    chance = float(np.mean([(has.sum() - 1) / (len(known) - 1) for has in having.values()]))
    table = Table("vectors", f"of the {NEAREST} nearest", "the nearest", *SHOWN)
    for kind in embedders().values():
        if kind.name() == "onnx":
            continue
        found = vectors(kind.load(Settings()), [image for _, image in known])
        near = found @ found.T
        np.fill_diagonal(near, -2)
        means = [float(np.mean([precision(near, has, most) for has in having.values()])) for most in (NEAREST, 1)]
        singles = [precision(near, having[word], NEAREST) if word in having else None for word in SHOWN]
        table.add_row(kind.label, *("" if one is None else f"{one:.1%}" for one in (*means, *singles)))
    print(
        f"{len(known)} pictures, {len(having)} words: {', '.join(f'{word} {has.sum()}' for word, has in having.items())}"
    )
    Console(width=160).print(table)
    print(f"by chance {chance:.1%}")


if __name__ == "__main__":
    main()

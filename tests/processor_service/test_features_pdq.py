from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image

from processor_service.features.pdq import NO_STRUCTURE, distance, pdq, pdq_variants
from processor_service.features.perceptual_hash import PerceptualHash
from processor_service.picture import Picture, Source
from tests.support import CORPUS, opened, picture

BRIDGE = "pdq/bridge-mods/aaa-orig.jpg"
# By the package pdqhash 0.2.8, which wraps Facebook's own code, from the whole picture.
REFERENCE = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"
Turn = Image.Transpose


def fields(image: Image.Image) -> dict[str, Any]:
    return PerceptualHash().extract(Picture([image], Source("png", *image.size, 1, 1)))


def luma(image: Image.Image) -> Any:
    return np.asarray(image.convert("L"))


def test_the_hash_is_facebooks() -> None:
    assert pdq(luma(opened(picture(BRIDGE)))) == (REFERENCE, 100)


def test_the_hash_of_the_small_copy_is_nearly_that_of_the_whole() -> None:
    found = fields(opened(picture(BRIDGE)))
    assert distance(found["perceptual_hash"], REFERENCE) <= 8
    assert found["perceptual_hash_quality"] == 100


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not here")
def test_reference_hashes_of_the_corpus() -> None:
    expected = json.loads((CORPUS / "EXPECTED.json").read_text())
    references = {name: entry["pdq"] for name, entry in expected.items() if "pdq" in entry}
    # These two references were made without their transparency, and with 16 bits clipped to 8.
    seen = {name: entry for name, entry in references.items() if name.rpartition("/")[2] not in ("LA.png", "I16.png")}
    assert len(seen) >= 13
    for name, entry in seen.items():
        image = opened((CORPUS / name).read_bytes())
        assert pdq(luma(image))[0] == entry["pdqhash_0.2.8"]
        hashes = [entry["pdqhash_0.2.8"], *(upstream["pdq"] for upstream in entry["upstream"])]
        assert max(distance(fields(image)["perceptual_hash"], value) for value in hashes) <= 16, name


@pytest.mark.parametrize(
    ("name", "turn"),
    [
        ("upright", None),
        ("rotate_90", Turn.ROTATE_270),
        ("rotate_180", Turn.ROTATE_180),
        ("rotate_270", Turn.ROTATE_90),
        ("flip_horizontal", Turn.FLIP_LEFT_RIGHT),
        ("flip_vertical", Turn.FLIP_TOP_BOTTOM),
        ("transpose", Turn.TRANSPOSE),
        ("transverse", Turn.TRANSVERSE),
    ],
)
def test_variants_are_the_hashes_of_turned_pictures(name: str, turn: Turn | None) -> None:
    small = opened(picture(BRIDGE)).reduce(2)
    turned = small if turn is None else small.transpose(turn)
    # PDQ looks a pixel further to the right and down where its window is even, so a turn is not exactly a turn.
    assert distance(pdq_variants(luma(small))[name], pdq(luma(turned))[0]) <= 16


def test_copies_are_near_and_other_pictures_far() -> None:
    names = [
        BRIDGE,
        "exif-orientation/Landscape_1.jpg",
        "skimage/astronaut.png",
        "skimage/chelsea.png",
        "pillow/flower.jpg",
    ]
    images = [opened(picture(name)).convert("RGB") for name in names]
    hashes = [fields(image)["perceptual_hash"] for image in images]
    for image, original in zip(images, hashes, strict=True):
        buffer = io.BytesIO()
        image.resize((image.width // 3, image.height // 3)).save(buffer, "JPEG", quality=30)
        assert distance(fields(opened(buffer.getvalue()))["perceptual_hash"], original) <= 31
    assert min(distance(one, other) for one in hashes for other in hashes if one != other) > 80


@pytest.mark.parametrize("size", [(1, 1), (4, 500), (300, 200)])
def test_without_structure_there_is_no_hash_to_be_confused_by(size: tuple[int, int]) -> None:
    found = fields(Image.new("RGB", size, "#336699"))
    assert found == {"perceptual_hash": NO_STRUCTURE, "perceptual_hash_quality": 0}


def test_transparent_parts_are_white() -> None:
    scene = opened(picture("skimage/astronaut.png")).convert("RGBA")
    mask = Image.new("L", scene.size, 0)
    mask.paste(255, (100, 100, 400, 400))
    scene.putalpha(mask)
    white = Image.new("RGB", scene.size, "white")
    white.paste(scene, mask=mask)
    assert distance(fields(scene)["perceptual_hash"], fields(white)["perceptual_hash"]) <= 2


def test_a_picture_without_structure_has_no_vector() -> None:
    """Else all blank pictures would be near duplicates of each other."""
    assert set(fields(Image.new("RGB", (64, 64), "navy"))) == {"perceptual_hash", "perceptual_hash_quality"}

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image

from processor_service.decoding.decode import decode
from processor_service.features.perceptual_hash import PerceptualHash
from processor_service.features.perceptual_hash.pdq import NO_STRUCTURE, pdq
from processor_service.hash_bands import bands
from processor_service.hash_variants import distance
from processor_service.picture import Picture, Source
from processor_service.settings import Settings
from tests.helpers.paths import CORPUS
from tests.helpers.pictures import opened, picture
from tests.helpers.turned_hashes import pdq_variants

BRIDGE = "pdq/bridge-mods/aaa-orig.jpg"
# By the package pdqhash 0.2.8, which wraps Facebook's own code, from the whole picture.
REFERENCE = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"
Turn = Image.Transpose


def fields(image: Image.Image) -> dict[str, Any]:
    return PerceptualHash().extract(Picture([image], Source("png", *image.size, 1, 1)))


def extracted(data: bytes) -> dict[str, Any]:
    """The fields of a file, decoded as the service does it."""
    return PerceptualHash().extract(decode(data, Settings()))


def luma(image: Image.Image) -> Any:
    return np.asarray(image.convert("L"))


def test_the_hash_is_facebooks() -> None:
    assert pdq(luma(opened(picture(BRIDGE)))) == (REFERENCE, 100)


def test_the_hash_of_the_small_copy_is_nearly_that_of_the_whole() -> None:
    found = fields(opened(picture(BRIDGE)))
    assert distance(found["perceptual_hash"], REFERENCE) <= 8
    assert found["perceptual_hash_quality"] == 100


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not beside this checkout")
def test_reference_hashes_of_the_corpus() -> None:
    expected = json.loads((CORPUS / "EXPECTED.json").read_text())
    references = {name: entry["pdq"] for name, entry in expected.items() if "pdq" in entry}
    assert len(references) >= 15
    far = {}
    for name, entry in references.items():
        image = opened((CORPUS / name).read_bytes())
        # The references are of what Pillow's convert("L") makes of a file.
        assert pdq(luma(image))[0] == entry["pdqhash_0.2.8"]
        hashes = [entry["pdqhash_0.2.8"], *(upstream["pdq"] for upstream in entry["upstream"])]
        found = extracted((CORPUS / name).read_bytes())["perceptual_hash"]
        if (bits := max(distance(found, value) for value in hashes)) > 16:
            far[name.rpartition("/")[2]] = bits
    # That drops transparency, and clips 16 bits to 8: nearly all of the picture becomes white (docs/search-quality.md).
    assert far == {"LA.png": 60, "I16.png": 118}


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
    assert pdq(luma(Image.new("RGB", size, "#336699"))) == (NO_STRUCTURE, 0)
    assert found == {"perceptual_hash_quality": 0}


def test_transparent_parts_are_white() -> None:
    scene = opened(picture("skimage/astronaut.png")).convert("RGBA")
    mask = Image.new("L", scene.size, 0)
    mask.paste(255, (100, 100, 400, 400))
    scene.putalpha(mask)
    white = Image.new("RGB", scene.size, "white")
    white.paste(scene, mask=mask)
    assert distance(fields(scene)["perceptual_hash"], fields(white)["perceptual_hash"]) <= 2


def test_little_structure_has_a_quality_and_no_hash() -> None:
    """Else all nearly blank pictures would be near duplicates of each other."""
    corner = Image.new("RGB", (64, 64), "navy")
    corner.paste("white", (0, 0, 20, 20))
    assert 0 < pdq(luma(corner))[1] < 50
    assert fields(corner).keys() == {"perceptual_hash_quality"}


def test_the_hash_as_text_and_as_bits() -> None:
    found = fields(opened(picture(BRIDGE)))
    value = found["perceptual_hash"]
    assert found["perceptual_hashes"] == {"algorithm": "pdq", "hex": value, "bits": value, "bands": bands(value)}

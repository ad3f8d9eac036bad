"""Pictures of the same kind of thing are neighbours by the vectors of `lite0`."""

from __future__ import annotations

import numpy as np

from processor_service.embedders import Embedder
from processor_service.embedders.builtin import Builtin
from processor_service.embedders.lite0 import Lite0
from processor_service.picture import Picture, Source
from processor_service.settings import Settings
from tests.helpers.pictures import opened, picture

KINDS = {
    "person": ("skimage/astronaut.png", "pillow/hopper.jpg", "face-recognition/obama.jpg"),
    "landscape": (
        "exif-orientation/Landscape_1.jpg",
        "pdq/bridge-mods/aaa-orig.jpg",
        "libavif/paris_icc_exif_xmp.avif",
    ),
    "text": ("skimage/page.png", "drawn/columns.png", "drawn/japanese.png"),
}


def of_the_same_kind(embedder: Embedder) -> dict[str, float]:
    """For each picture, the share of the two nearest that show what it shows."""
    names = [(kind, name) for kind, several in KINDS.items() for name in several]
    images = [opened(picture(name)).convert("RGB") for _, name in names]
    vectors = np.array([embedder.of_picture(Picture([image], Source("png", *image.size, 1, 1))) for image in images])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    near = vectors @ vectors.T
    np.fill_diagonal(near, -2)
    return {
        name: sum(names[other][0] == kind for other in np.argsort(-near[number])[:2]) / 2
        for number, (kind, name) in enumerate(names)
    }


def test_pictures_of_the_same_kind_of_thing_are_neighbours() -> None:
    assert set(of_the_same_kind(Lite0()).values()) == {1.0}
    # Colours and edges do not tell kinds.
    assert set(of_the_same_kind(Builtin.load(Settings())).values()) > {1.0}

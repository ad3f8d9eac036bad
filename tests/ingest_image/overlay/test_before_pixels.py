"""What saves work before all pixels are compared, and what makes their comparison exact."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from ingest_image import overlay
from ingest_image.overlay import Layer, features, laid_over, layer_of
from ingest_image.overlay.agreement import Agreement, agreement
from ingest_image.overlay.refinement import refined
from tests.helpers.pictures import b64, encoded, opened, picture


def thumbnail(name: str = "skimage/chelsea.png") -> str:
    image = opened(picture(name)).convert("L")
    image.thumbnail((256, 256))
    return b64(encoded(image, "JPEG", quality=75))


def layer(value: str) -> Layer:
    found = layer_of(value)
    assert found is not None
    return found


def test_pixels_are_not_compared_edge_to_edge_where_32_by_32_of_them_do_not_correlate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared: list[Layer] = []

    def counted(one: Layer, other: Layer, affine: features.Affine) -> Agreement:
        compared.append(other)
        return agreement(one, other, affine)

    monkeypatch.setattr(overlay, "agreement", counted)
    monkeypatch.setattr(features, "fitted", lambda one, other: None)
    one, other = layer(thumbnail()), layer(thumbnail("skimage/coins.png"))
    assert laid_over(one, other) is None
    assert compared == []
    assert laid_over(one, one) is not None
    assert compared != []


def test_a_thumbnail_is_decoded_once_and_keeps_its_points() -> None:
    value = thumbnail()
    assert layer(value) is layer(value)
    assert layer(value).features is layer(value).features


def test_a_large_picture_is_not_kept() -> None:
    noise = Image.effect_noise((400, 300), 80)
    value = b64(encoded(noise, "PNG"))
    assert len(value) > 60_000
    assert layer(value) is not layer(value)


def test_a_map_that_is_off_by_pixels_becomes_exact() -> None:
    gray = layer(thumbnail()).gray
    exact = refined(gray, gray, np.array(((1.01, 0, -4), (0, 0.99, 3)), float))
    assert exact == pytest.approx(np.array(((1, 0, 0), (0, 1, 0)), float), abs=0.1)

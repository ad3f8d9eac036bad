"""Quarter turns, which are made part by part."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from processor_service.pixels.orientation import turned


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize("turn", Image.Transpose)
@pytest.mark.parametrize("size", [(37, 64), (65, 65), (50, 200), (300, 129)])
def test_a_turn_in_parts_moves_every_pixel_as_one_of_the_whole(
    mode: str, turn: Image.Transpose, size: tuple[int, int]
) -> None:
    image = _noise(mode, size)
    assert turned(image, turn).size == image.transpose(turn).size
    assert turned(image, turn).tobytes() == image.transpose(turn).tobytes()


def _noise(mode: str, size: tuple[int, int]) -> Image.Image:
    bands = len(Image.new(mode, (1, 1)).getbands())
    return Image.frombytes(mode, size, np.random.default_rng(5).bytes(size[0] * size[1] * bands))

"""AVIF and HEIC of which a part is to be seen (`clap`): that part, however small it is, is the picture."""

from __future__ import annotations

import pytest
from PIL import Image

from processor_service.decoding import decode
from processor_service.errors import Code
from processor_service.pixels.orientation import upright
from processor_service.settings import Settings
from tests.helpers.kinds import decoded, refused, shown
from tests.helpers.pictures import assert_alike, encoded, opened, picture
from tests.helpers.turned_heif import SIDE, clip, heic, mirror, turn, with_properties

PARTS = {"most": (200, 202, 0, 0), "little": (40, 20, 0, 0), "aside": (30, 50, 70, -60), "a pixel": (1, 1, 3, 3)}
TURNS = {"upright": 1, "quarter": 8, "half": 3, "three quarters": 6}


def avif() -> bytes:
    return encoded(opened(picture("cases/base.png")).convert("RGB").resize((SIDE, SIDE)), "AVIF", quality=95)


def part(image: Image.Image, name: str) -> Image.Image:
    width, height, right, down = PARTS[name]
    left, upper = (SIDE - width) // 2 + right, (SIDE - height) // 2 + down
    return image.crop((left, upper, left + width, upper + height))


@pytest.mark.parametrize("quarters", range(4))
@pytest.mark.parametrize("name", PARTS)
def test_the_part_is_seen_upright(name: str, quarters: int) -> None:
    orientation = list(TURNS.values())[quarters]
    for whole, data in (
        (shown(heic()), heic(clip(*PARTS[name]), turn(quarters))),
        (shown(avif()), with_properties(avif(), clip(*PARTS[name]), turn(quarters))),
    ):
        result = decoded(data)
        expected = upright(part(whole, name), orientation)
        assert_alike(upright(result.image, result.orientation), expected, 0, "clipped")
        assert (result.source.width, result.source.height) == PARTS[name][:2]


@pytest.mark.parametrize("quarters", range(4))
@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("first", ["clip", "turn"])
def test_libheif_takes_the_same_part(
    quarters: int, axis: int | None, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does so of parts that are nearly the whole. Turns and parts apply in their order."""
    turns = [turn(quarters)] + ([] if axis is None else [mirror(axis)])
    data = heic(*([clip(200, 190, -6, 7), *turns] if first == "clip" else [*turns, clip(200, 190, -6, 7)]))
    ours = decoded(data)
    monkeypatch.setattr(decode, "clip_of", lambda _: None)
    assert_alike(ours.image, decoded(data).image, 0, "clipped-as-libheif-does")
    aside = first == "turn" and quarters % 2
    assert (ours.source.width, ours.source.height) == ((190, 200) if aside else (200, 190))


@pytest.mark.parametrize("numbers", [(0, 0), (300, 300), (256, 256)])
def test_a_part_that_makes_no_sense_is_no_part(numbers: tuple[int, int]) -> None:
    assert decoded(with_properties(avif(), clip(*numbers))).image.size == (SIDE, SIDE)


def test_the_whole_counts_for_the_limit() -> None:
    """It has to be decoded."""
    small = Settings(max_pixels=SIDE * SIDE - 1)
    for data in (heic(clip(10, 10)), with_properties(avif(), clip(10, 10))):
        assert refused(data, small)[0] is Code.TOO_MANY_PIXELS

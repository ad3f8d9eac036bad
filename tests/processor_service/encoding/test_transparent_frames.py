"""Frames of an animation that are opaque where others are transparent, and the other way round."""

from __future__ import annotations

import base64

import pytest
from PIL import Image

from processor_service.pipeline import process
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers.kinds import SETTINGS, decoded, furthest
from tests.helpers.pictures import b64, encoded

SIDES = (60, 40)
BLACK, WHITE, RED, NOTHING = (0, 0, 0, 255), (255, 255, 255, 255), (200, 30, 30, 255), (0, 0, 0, 0)
MIDDLE, CORNER = (20, 10, 40, 30), (0, 0, 5, 5)


def frame(ground: tuple[int, ...], color: tuple[int, ...], place: tuple[int, int, int, int]) -> Image.Image:
    image = Image.new("RGBA", SIDES, ground)
    image.paste(color, place)
    return image


KINDS = {
    "black margins behind transparency": [frame(RED, NOTHING, CORNER), frame(BLACK, RED, MIDDLE)],
    "white margins behind transparency": [frame(RED, NOTHING, CORNER), frame(WHITE, RED, MIDDLE)],
    "grey": [frame(WHITE, NOTHING, CORNER).convert("LA"), frame(BLACK, WHITE, MIDDLE).convert("LA")],
    "opaque behind one with transparent margins": [frame(NOTHING, RED, MIDDLE), frame(BLACK, RED, MIDDLE)],
    "transparent margins": [frame(NOTHING, RED, MIDDLE), frame(NOTHING, WHITE, CORNER)],
    "the same": [frame(BLACK, NOTHING, CORNER), frame(BLACK, NOTHING, CORNER), frame(BLACK, RED, MIDDLE)],
}


@pytest.mark.parametrize("to", ["gif", "png", "webp"])
@pytest.mark.parametrize("kind", KINDS)
def test_opaque_and_transparent_pixels_stay_that(kind: str, to: str) -> None:
    """Black margins of a frame in a GIF became transparent, transparent ones in a WebP black."""
    frames = KINDS[kind]
    data = encoded(frames[0], "PNG", save_all=True, append_images=frames[1:], duration=100)
    before = decoded(data, all_frames=True).frames
    convert = {"format": to, **({"lossless": True} if to == "webp" else {})}
    body = {"data": b64(data), "operations": [{"animation": {"frames": "keep"}}, {"convert": convert}]}
    stored = base64.b64decode(process(Request.parse(body), SETTINGS, Stopwatch())["data"])
    found = decoded(stored, all_frames=True)
    assert [furthest(*pair) for pair in zip(found.frames, before, strict=True)] == [0] * len(before)
    assert sum(found.durations) == 100 * len(frames)


def test_a_gif_of_equal_frames_keeps_what_is_transparent() -> None:
    """Pillow writes one frame then."""
    one = frame(RED, NOTHING, CORNER)
    other = one.copy()
    other.putpixel((0, 0), (9, 9, 9, 0))
    data = encoded(one, "WEBP", save_all=True, append_images=[other], lossless=True, exact=True)
    body = {"data": b64(data), "operations": [{"animation": {"frames": "keep"}}, {"convert": {"format": "gif"}}]}
    stored = base64.b64decode(process(Request.parse(body), SETTINGS, Stopwatch())["data"])
    assert furthest(decoded(stored).image, one) == 0

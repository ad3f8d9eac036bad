"""Whatever happens to the bytes of a picture, it is decoded or refused with a code: nothing else is raised."""

from __future__ import annotations

import random
import warnings

import numpy as np
import pytest

from processor_service.decoding.decode import decode
from processor_service.errors import ImageError
from tests.helpers.built_tiffs import Page, one, tiff
from tests.helpers.kinds import SETTINGS
from tests.helpers.paths import PICTURES

COLORS = np.random.default_rng(7).integers(0, 65536, (20, 30, 4)).astype(np.uint16)
SMALL = np.zeros((4, 6, 3), np.uint8)
SEEDS = {
    **{path.name: path.read_bytes() for path in sorted((PICTURES / "cases").iterdir()) if path.stat().st_size < 40_000},
    "deep.tif": one(COLORS, 2, extra=(2,)),
    "planes.tif": one(COLORS, 2, extra=(2,), planar=True, deflated=True),
    "preview.tif": tiff(Page(SMALL, 2, tags={254: 1}, below=[Page(SMALL, 2)]), Page(COLORS[..., :3], 2)),
}


def damaged(data: bytes, luck: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(luck.choice([1, 2, 5, 20])):
        at, kind = luck.randrange(len(changed)), luck.random()
        if kind < 0.7:
            changed[at] = luck.choice([0, 1, 127, 128, 255, luck.randrange(256)])
        elif kind < 0.85:
            del changed[at : at + luck.randrange(1, 20)]
        else:
            del changed[at:]
        changed = changed or bytearray(b"x")
    return bytes(changed)


@pytest.mark.parametrize("name", SEEDS)
def test_a_damaged_picture_is_decoded_or_refused(name: str) -> None:
    luck = random.Random(name)
    for _ in range(60):
        data = damaged(SEEDS[name], luck)
        for all_frames in (False, True):
            with warnings.catch_warnings():
                # Decoders warn of what is broken.
                warnings.simplefilter("ignore")
                try:
                    decode(data, SETTINGS, all_frames=all_frames, accept_truncated=luck.random() < 0.3)
                except ImageError as error:
                    assert len(error.reason) > 15


@pytest.mark.parametrize("name", SEEDS)
def test_a_picture_that_ends_anywhere_is_decoded_or_refused(name: str) -> None:
    data = SEEDS[name]
    for length in range(1, len(data), max(1, len(data) // 60)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                decode(data[:length], SETTINGS)
            except ImageError as error:
                assert len(error.reason) > 15

"""AVIF and HEIF: nothing of the file is stored, whatever is in it."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from processor_service.metadata.cut import cut_refused
from processor_service.pipeline import process
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers.pictures import assert_alike, b64, opened, picture
from tests.helpers.secrets_in_files import NAME, saved
from tests.helpers.secrets_in_units import FILES, moving

PLAIN = {"AVIF": saved("AVIF"), "AVIF, several frames": moving(), "HEIF": picture("thumbor/image.heic")}
ALL = {**PLAIN, **{name: make() for name, make in FILES.items()}}


@pytest.mark.parametrize("name", ALL)
def test_the_picture_is_encoded_again(name: str) -> None:
    data = ALL[name]
    assert (NAME in data) == (name not in PLAIN)
    with Image.open(io.BytesIO(data)) as image:
        frames = 1 if name.startswith("HEIF") else getattr(image, "n_frames", 1)
    fields = process(Request.parse({"data": b64(data)}), Settings(), Stopwatch())
    stored = base64.b64decode(fields["data"])
    assert NAME not in stored
    assert stored != data
    assert fields["format"] == ("avif" if name.startswith("AVIF") else "jpeg")
    with Image.open(io.BytesIO(stored)) as image:
        assert getattr(image, "n_frames", 1) == frames
    assert_alike(opened(stored).convert("RGB"), opened(data).convert("RGB"), 6, "units")


@pytest.mark.parametrize("name", ALL)
def test_nothing_is_kept_of_a_refused_one(name: str) -> None:
    assert cut_refused(ALL[name]) is None

from __future__ import annotations

import pytest
from PIL import ExifTags, Image

from processor_service.decoding.decode import decode
from processor_service.settings import Settings
from tests.helpers.secrets_in_files import saved, segment


@pytest.mark.parametrize(("broken", "turn"), [(0, 6), (1, 6), (99, 6), (100, 1)])
def test_the_first_hundred_exifs_of_a_jpeg_are_tried(broken: int, turn: int) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    data = saved("JPEG")
    before = segment(0xE1, b"Exif\0\0no directory") * broken
    source = decode(data[:2] + before + segment(0xE1, exif.tobytes()) + data[2:], Settings())
    assert source.orientation == turn

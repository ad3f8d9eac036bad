"""Text that is too small to be boxed is read where the detector is a little sure of it."""

from __future__ import annotations

from PIL import Image

from processor_service.recognition.faint import faint_texts
from processor_service.recognition.ocr import _MOST_FAINT
from processor_service.recognition.text import Page
from tests.helpers.drawn import page


def test_every_place_of_a_page_is_read_also_the_least_sure() -> None:
    """In a picture of many cars others are surer than a plate: lamps, grilles, the lines of a road."""
    image = Image.new("RGB", (600, 400), "white")
    image.paste(page(["DK0H7Z"], size=10).resize((60, 24)), (270, 188))
    surer = [(40.0 * number, 40.0, 0.9) for number in range(1, _MOST_FAINT)]
    (found,) = faint_texts(Page(image, [], [*surer, (300.0, 200.0, 0.04)]))
    assert found.may_be_plate
    assert found.box.x < 0.5 < found.box.right

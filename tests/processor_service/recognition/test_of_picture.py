"""What is recognized is looked for in copies of one decoded picture, each no larger than it has to be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from processor_service import embedders, pipeline
from processor_service.decoding import decode as decoding
from processor_service.embedders.lite0 import Lite0
from processor_service.pipeline import process
from processor_service.pixels.reduced import SIDE
from processor_service.recognition import faces, labels, text
from processor_service.recognition.text import READ_FROM
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers.pictures import b64, encoded, opened, picture

# What sees the picture, and how large it may be.
SEEING = {
    (text, "look"): READ_FROM,
    (faces, "faces"): READ_FROM,
    (labels, "glance"): SIDE,
    (labels, "see"): SIDE,
}


def test_a_picture_is_decoded_once_and_each_model_gets_a_reduced_copy_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, list[int]] = {}
    decoded: list[tuple[int, int]] = []

    def noted(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def look(image: Image.Image, *more: Any, **named: Any) -> Any:
            seen.setdefault(name, []).append(max(image.size))
            return real(image, *more, **named)

        return look

    def decode(*arguments: Any, **named: Any) -> Any:
        made = decoding.decode(*arguments, **named)
        decoded.append(made.image.size)
        # Whoever opened a file after that would decode it once more.
        monkeypatch.setattr(Image, "open", None)
        return made

    monkeypatch.setattr(pipeline, "decode", decode)
    monkeypatch.setattr(embedders, "embedder", Lite0)
    for module, name in SEEING:
        monkeypatch.setattr(module, name, noted(name, getattr(module, name)))
    street = opened(picture("drawn/car.jpg")).resize((2400, 1800))
    request = Request.parse(
        {
            "data": b64(encoded(street, "JPEG")),
            "operations": [{"convert": {"format": "png"}}],
            "properties": ["thumbnail", "embedding", "labels", "plates", "text", "faces"],
        }
    )
    fields = process(request, Settings(), Stopwatch())
    assert (fields["plates"], fields["embedder"], fields["width"]) == (["BXY1234"], Lite0.label, 2400)
    assert decoded == [street.size]
    assert seen == {name: [most] for (_, name), most in SEEING.items()}

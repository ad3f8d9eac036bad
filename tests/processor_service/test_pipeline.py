"""What the pipeline does before it works."""

from __future__ import annotations

from typing import Any

import pytest

from processor_service import pipeline
from processor_service.document import describe
from processor_service.errors import ImageError
from processor_service.features import all_features
from processor_service.picture import Picture
from processor_service.pipeline import process
from processor_service.settings import Settings
from processor_service.shortcuts import target_of
from processor_service.timing import Stopwatch
from processor_service.wire.recipe import parse_operations
from processor_service.wire.request import Request
from tests.helpers.pictures import b64, picture


def test_a_picture_is_decoded_at_a_smaller_size_only() -> None:
    smaller, larger = (
        target_of(tuple(parse_operations([{"resize": {"width": side, "height": side, "enlarge": True}}])))
        for side in (600, 6000)
    )
    assert smaller(1800, 1200, 1) == (600, 400)
    assert larger(1800, 1200, 1) is None


def test_an_enlargement_beyond_the_limits_is_refused_before_it_is_made() -> None:
    enlarge = [{"resize": {"width": 16000, "height": 16000, "enlarge": True}}]
    watch = Stopwatch()
    request = Request.parse({"data": b64(picture("exif-orientation/Landscape_1.jpg")), "operations": enlarge})
    with pytest.raises(ImageError, match="too_many_pixels"):
        process(request, Settings(), watch)
    assert sum(watch.seconds.values()) < 2


@pytest.mark.parametrize("properties", [[], ["placeholder"], ["metadata"], [{"thumbnail": {"size": 64}}], ["colors"]])
def test_what_is_not_selected_costs_nothing(properties: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else is extracted, and no small copy is made when nobody reads it."""
    pictures: list[Picture] = []

    def noted(picture: Picture, *more: Any) -> dict[str, Any]:
        pictures.append(picture)
        return describe(picture, *more)

    monkeypatch.setattr(pipeline, "describe", noted)
    watch = Stopwatch()
    body = {"data": b64(picture("pillow/flower.jpg")), "operations": ["grayscale"], "properties": properties}
    fields = process(Request.parse(body), Settings(), watch)
    names = [entry if isinstance(entry, str) else next(iter(entry)) for entry in properties]
    assert set(watch.seconds) == {"decode", "operate", "encode", "describe", *names}
    produced = {name for kind in all_features().values() for name in kind.produces()}
    selected = {name for kind in names for name in all_features()[kind].produces()}
    assert {name for name in produced if fields.get(name) is not None} == selected
    assert names not in ([], ["metadata"]) or "reduced" not in pictures[0].made


def test_a_profile_is_not_looked_through_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture that is stored as it came, without any property, is converted for no one."""
    converted: list[Picture] = []
    monkeypatch.setattr("processor_service.pipeline.make_srgb", converted.append)
    for properties in ([], ["colors"]):
        body = {"data": b64(picture("libavif/apple_gainmap_old.jpg")), "properties": properties}
        process(Request.parse(body), Settings(), Stopwatch())
        assert len(converted) == len(properties)

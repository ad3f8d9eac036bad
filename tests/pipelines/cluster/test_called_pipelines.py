"""Pipelines that run others. An embedded node has no processor `pipeline`, so none of these can be tried on one."""

from __future__ import annotations

from typing import Any

from pipelines.cluster.called_pipelines import bodies_with_called, later_fields, target_fields

INSTALLED: dict[str, Any] = {
    "images": {"processors": [{"image": {}}]},
    # As pipelines/console has it.
    "mine": {"processors": [{"pipeline": {"name": "images"}}, {"set": {"field": "seen", "value": True}}]},
    "scans": {"processors": [{"image": {"field": "scan", "target_field": "photo"}}, {"pipeline": {"name": "mine"}}]},
    "none": {"processors": [{"set": {"field": "seen", "value": True}}]},
}


def test_fields_of_pipelines_that_are_run_are_followed_each_once() -> None:
    assert target_fields(["mine"], INSTALLED) == ["image"]
    assert target_fields(["mine", "scans", "images"], INSTALLED) == ["image", "photo"]
    assert target_fields(["none", "gone"], INSTALLED) == []


def test_what_is_added_later_is_known_of_pipelines_that_are_run() -> None:
    photo = {"image": {"target_field": "photo", "properties": ["text"], "later": ["text"]}}
    installed = INSTALLED | {"photos": {"processors": [{"image": {}}, photo]}}
    installed["outer"] = {"processors": [{"pipeline": {"name": "photos"}}]}
    assert later_fields(["outer", "gone"], installed) == {"photo"}
    assert later_fields(["mine"], installed) == set()
    outer, photos = installed["outer"], installed["photos"]
    assert bodies_with_called(["outer", "photos", "gone"], installed) == [outer, photos, {}]

"""`ingest-image store check` and `copy` on a real node, with a folder and with S3: what is sound, and what is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .commands import Commands

SMALL_LIMITS = {"IMAGE_MAX_IMAGE_BYTES": "50", "IMAGE_MAX_RESULT_BYTES": "50"}


def test_what_a_service_may_make_is_no_limit_of_the_commands(commands: Commands, tmp_path: Path) -> None:
    """They may run where the settings of the service are not known."""
    image = commands.put()
    assert len(commands.stored.bytes_of(image)) > 50
    assert commands.said("check", commands.index, environment=SMALL_LIMITS)["sound"] == 1
    copied = commands.said("copy", str(tmp_path), environment=SMALL_LIMITS)
    assert (copied["copied"], copied["faults"]) == (1, [])


def broken(image: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Documents that name no picture, or not theirs, by what is wrong with them."""
    without = {name: value for name, value in image.items() if name != "stored"}
    dotted = {f"deep.{name}": value for name, value in without.items()}
    return {
        "of another": {**image, "stored": other["stored"]},
        "cut off": {**image, "stored": image["stored"][:-4]},
        "null": {**image, "stored": None},
        "none": without,
        "in a list": [image, without],
        "dotted": dotted,
        "dotted, of another": {**dotted, "deep.stored": other["stored"]},
        "original of another": {**image, "original": {**image["original"], "stored": other["stored"]}},
    }


def test_check_reports_documents_that_name_another_picture_or_none(commands: Commands) -> None:
    image, other = commands.put("1"), commands.put("2")
    faults = broken(image, other)
    # What is no picture of ours is nobody's fault.
    commands.put_as_it_is({"stored": "yes", "sha256": "not ours"}, "3")
    commands.put_as_it_is({**image, "stored": None, "data": "AAAA"}, "4")
    assert commands.said("check", commands.index)["broken"] == 0
    for name, fields in faults.items():
        commands.put_as_it_is(fields, name)
    said = commands.said("check", commands.index, exit_code=1)
    assert {one["id"] for one in said["faults"] if one["fault"] == "broken"} == set(faults)
    assert said["broken"] == len(faults)
    assert "names no picture" in commands.run("check", commands.index).stdout


@pytest.mark.parametrize("option", [{"store": "none"}, {"remove_binary": True}])
def test_pictures_that_the_pipeline_does_not_keep_are_not_missed(commands: Commands, option: dict[str, Any]) -> None:
    commands.es.ingest.put_pipeline(id="no-pictures", processors=[{"image": {"properties": [], **option}}])
    commands.put()
    commands.remove()
    settings = {"index.default_pipeline": "no-pictures"}
    commands.es.indices.put_settings(index=commands.index, settings=settings)
    assert "mark" in commands.put()
    assert commands.said("check", commands.index)["broken"] == 0

"""`ingest-image store check` and `copy` on a real node, with a folder and with S3: what is sound, and what is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ingest_image.doctor.command import doctor
from tests.helpers.service import TOKEN

from .commands import Commands
from .stored import Stored

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
    # A list of vectors is not taken by each version.
    image.pop("embedding", None)
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


def test_the_doctor_looks_at_every_target_and_reports_what_is_no_address(
    commands: Commands, stored: Stored, es_url: str
) -> None:
    target = {"field": "scan", "target_field": "photo", "store": "external", "properties": []}
    commands.es.ingest.put_pipeline(id="two-targets", processors=[{"image": target}])
    image = commands.put()
    commands.remove()
    commands.es.indices.put_settings(index=commands.index, settings={"index.default_pipeline": "two-targets"})

    def found() -> list[dict[str, Any]]:
        arguments = ["--url", es_url, "--index", commands.index, "--service-url", stored.service.url, "--json"]
        report = json.loads(CliRunner().invoke(doctor, arguments, env={"IMAGE_TOKEN": TOKEN}).stdout)
        return [finding for finding in report["findings"] if finding["check"] == "store"]

    def put(id: str, key: str) -> None:
        document = {"photo": {**image, "stored": key}}
        commands.es.index(index=commands.index, id=id, document=document, pipeline="_none", refresh=True)

    put("1", image["stored"])
    assert [one["level"] for one in found()] == ["ok"] and "a sample of 1" in found()[0]["what"]
    put("2", "no address")
    malformed, rest = found()
    assert malformed["level"] == "error" and "no address" in malformed["what"]
    assert rest["level"] == "ok" and "a sample of 1" in rest["what"]
    stored.pictures.delete(image["stored"])
    assert "1 of 1 pictures" in found()[1]["what"]

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from generate import __main__ as generate
from generate import definitions, program, tables
from ingest_image.cli import main
from pipelines import resources
from pipelines.json_text import to_json
from pipelines.recipes import at_once, recipes_of, recognizes
from pipelines.resources import Kind, Resource, bundled, fingerprint, is_edited, is_ours, version_of
from processor_service.wire.fields import mapping

TEMPLATE = next(r for r in bundled() if r.kind is Kind.TEMPLATE)
PIPELINES = {r.name: r for r in bundled() if r.kind is Kind.PIPELINE}


def test_the_generated_parts_are_current() -> None:
    result = CliRunner().invoke(generate.main, ["--check"])
    assert result.exit_code == 0, result.output


def test_check_names_a_stale_file_and_writes_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "pipelines" / "definitions" / "ingest_pipelines" / "x.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"version": 1, "_meta": {}}')
    monkeypatch.setattr(definitions, "DEFINITIONS", path.parent.parent)
    result = CliRunner().invoke(generate.main, ["--check"])
    assert result.exit_code == 1
    assert "ingest_pipelines/x.json is stale: run make generated" in result.output
    assert path.read_text() == '{"version": 1, "_meta": {}}'
    assert CliRunner().invoke(generate.main, []).exit_code == 0
    assert CliRunner().invoke(generate.main, ["--check"]).exit_code == 0


@pytest.mark.parametrize("name", program.tables())
def test_every_table_about_the_program_stands_in_one_page(name: str) -> None:
    pages = [path.name for path in tables.DOCS if f"<!-- {name} -->" in path.read_text("utf-8")]
    assert len(pages) == 1, pages


def test_the_page_of_commands_has_every_command_and_every_option() -> None:
    page = (tables.ROOT / "docs" / "commands.md").read_text("utf-8")
    group = click.Context(main)
    for name in main.list_commands(group):
        assert f"\n## {name}\n" in page
        command = main.get_command(group, name)
        assert command
        for parameter in command.params:
            assert parameter.param_type_name == "argument" or f"| `{parameter.opts[0]}" in page, parameter.opts


def test_every_definition_says_whose_it_is_and_is_recognized_as_unedited() -> None:
    for resource in bundled():
        assert is_ours(resource.body), resource.name
        assert version_of(resource.body) >= 1, resource.name
        assert not is_edited(resource.body), resource.name


def test_the_template_comes_last_because_it_names_a_pipeline() -> None:
    assert [r.kind for r in bundled()] == [Kind.PIPELINE] * 5 + [Kind.COMPONENT, Kind.TEMPLATE]
    assert TEMPLATE.body["template"]["settings"]["index"]["default_pipeline"] in PIPELINES


def test_the_mapping_is_the_one_of_the_declared_fields() -> None:
    for resource in bundled():
        if resource.kind is not Kind.PIPELINE:
            assert resource.body["template"]["mappings"]["properties"]["image"] == mapping()


def test_every_pipeline_turns_upright_and_strips_metadata() -> None:
    for pipeline in PIPELINES.values():
        (processor,) = pipeline.body["processors"]
        names = [next(iter(operation)) for operation in processor["image"]["operations"]]
        assert names[0] == "auto_orient"
        assert names[-1] == "strip_metadata"
        assert processor["image"]["on_invalid"] == "record"
        assert processor["image"]["ignore_missing"] is True


def test_nobody_waits_for_what_is_recognized_except_to_hide_it() -> None:
    recipes = {name: recipe for name, pipeline in PIPELINES.items() for recipe in recipes_of(pipeline.body)}
    assert {name for name, recipe in recipes.items() if recognizes(recipe)} == {"images-private", "images-recognized"}
    for name, recipe in recipes.items():
        assert not recognizes({"properties": at_once(recipe)["properties"]}), name
    # The vector is not recognized by what takes long (docs/likeness.md), and is there at once.
    assert all("embedding" in at_once(recipes[name])["properties"] for name in ("images", "images-recognized"))


def test_no_pipeline_asks_whose_faces_there_are() -> None:
    """Vectors of faces are biometric data (docs/privacy.md)."""
    assert "faces" in json.dumps(PIPELINES["images-recognized"].body)
    assert [name for name, pipeline in PIPELINES.items() if "identity" in json.dumps(pipeline.body)] == []


@pytest.mark.parametrize("resource", bundled(), ids=lambda r: f"{r.kind.name}-{r.name}")
def test_the_fingerprint_survives_the_way_through_elasticsearch(resource: Resource) -> None:
    given_back = json.loads(json.dumps(resource.body, sort_keys=True)) | {
        "created_date_millis": 1,
        "modified_date_millis": 2,
    }
    if resource.kind is Kind.TEMPLATE:
        given_back["template"] = {**given_back["template"], "settings": {"index": {"default_pipeline": "images"}}}
        given_back["composed_of"] = []
        given_back["index_patterns"] = ["photos*"]
    assert fingerprint(given_back) == fingerprint(resource.body)
    assert not is_edited(given_back)


def test_settings_are_compared_flat_and_as_text() -> None:
    nested = {"template": {"settings": {"index": {"number_of_replicas": 0, "hidden": True}}}}
    flat = {"template": {"settings": {"index.number_of_replicas": "0", "index.hidden": "true"}}}
    assert fingerprint(nested) == fingerprint(flat)


def test_an_edit_changes_the_fingerprint() -> None:
    edited = json.loads(json.dumps(PIPELINES["images"].body))
    edited["processors"][0]["image"]["operations"][2]["convert"]["quality"] = 90
    assert is_edited(edited)


def test_what_has_no_meta_is_not_ours() -> None:
    assert not is_ours({})
    assert not is_ours({"_meta": None})
    assert not is_ours({"_meta": {"managed_by": "somebody"}})


def test_a_version_that_is_no_number_counts_as_none() -> None:
    assert version_of({}) == 0
    assert version_of({"version": "7"}) == 0


def test_json_for_people_is_the_same_json() -> None:
    for resource in bundled():
        text = to_json(resource.body)
        assert json.loads(text) == resource.body
        assert list(json.loads(text)) == list(resource.body)
    assert resources.DEFINITIONS.is_dir()

"""Which indices the doctor examines where pipelines run others, for which the embedded node lacks the processor."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest
from elasticsearch import AuthorizationException

from ingest_image.doctor import check_indices
from ingest_image.doctor.installation import Installation
from pipelines.cluster.called_pipelines import targets_with_called, with_called

PIPELINES: dict[str, Any] = {
    "inner": {"processors": [{"image": {"field": "scan", "target_field": "photo"}}]},
    "outer": {"processors": [{"set": {"field": "a", "value": 1}}, {"pipeline": {"name": "inner"}}]},
    "each": {"processors": [{"foreach": {"field": "all", "processor": {"pipeline": {"name": "outer"}}}}]},
    "rescue": {"processors": [{"set": {"field": "a", "on_failure": [{"pipeline": {"name": "inner"}}]}}]},
    "circle": {"processors": [{"pipeline": {"name": "circle"}}], "on_failure": [{"pipeline": {"name": "gone"}}]},
    "template": {"processors": [{"pipeline": {"name": "{{{which}}}"}}]},
    "plain": {"processors": [{"set": {"field": "a", "value": 1}}]},
}


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("inner", ["inner"]),
        ("outer", ["outer", "inner"]),
        ("each", ["each", "outer", "inner"]),
        ("rescue", ["rescue", "inner"]),
        ("circle", ["circle", "gone"]),
        ("template", ["template"]),
    ],
)
def test_pipelines_that_a_pipeline_runs(name: str, called: list[str]) -> None:
    assert with_called(name, PIPELINES) == called
    assert targets_with_called(name, PIPELINES) == ([("scan", "photo")] if "inner" in called else [])


def installation(**pipelines: str) -> Installation:
    """A cluster of these indices with their default pipelines; `images*` are those of the template."""
    indices: dict[str, Any] = {
        name: {"settings": {"index.default_pipeline": pipeline}} for name, pipeline in pipelines.items()
    }
    client = Mock()
    client.indices.get_settings.return_value.body = indices

    def get(index: list[str], **_: Any) -> Any:
        return Mock(body={name: one for name, one in indices.items() if name in index or name == "images"})

    client.indices.get.side_effect = get
    made = Installation(client)
    vars(made).update(installed=PIPELINES, patterns=["images*"])
    return made


def client_of(made: Installation) -> Mock:
    assert isinstance(made.client, Mock)
    return made.client


def test_every_index_with_a_pipeline_that_processes_pictures_is_examined() -> None:
    made = installation(images="inner", letters="outer", logs="plain", **{".ds-photos-1": "each"})
    assert made.examined == ["images*", ".ds-photos-1", "letters"]
    assert sorted(made.indices) == [".ds-photos-1", "images", "letters"]
    assert set(made.pipelines) == {"inner", "outer", "each"}
    assert made.indices_by_target == {"photo": list(made.indices)}


def test_a_pipeline_that_is_missing_behind_another_one_is_an_error() -> None:
    made = installation(images="circle")
    (found,) = check_indices.indices(made)
    assert found.level.value == "error" and "names the pipeline gone, which does not exist" in found.what


def test_whoever_may_not_see_other_indices_examines_those_of_the_template() -> None:
    made = installation(images="inner", letters="outer")
    refused = AuthorizationException("no", Mock(status=403), {})
    client_of(made).indices.get_settings.side_effect = refused
    assert made.examined == ["images*"] and list(made.indices) == ["images"]


def test_many_indices_are_read_in_requests_whose_address_is_not_too_long() -> None:
    made = installation(**{f"scans-{number}": "inner" for number in range(40)})
    assert len(made.indices) == 40
    calls = client_of(made).indices.get.call_args_list
    assert len(calls) == 4 and all(len(call.kwargs["index"]) <= 15 for call in calls)

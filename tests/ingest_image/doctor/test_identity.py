"""The doctor names the pipelines that store vectors of faces, and says when the service cannot make them."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest
from elasticsearch import Elasticsearch

from ingest_image.doctor.check_service import identity
from ingest_image.doctor.finding import Level
from ingest_image.doctor.installation import Installation
from ingest_image.service import ServiceLimits

PEOPLE: dict[str, Any] = {"processors": [{"image": {"properties": ["colors", {"faces": {"identity": True}}]}}]}
COUNTED: dict[str, Any] = {"processors": [{"image": {"properties": ["faces", {"faces": {"identity": False}}]}}]}


def installation(recognition: dict[str, Any] | None, **pipelines: dict[str, Any]) -> Installation:
    limits = ServiceLimits("http://a:8090", {"workers": 2, "recognition": recognition}) if recognition else None
    made = Installation(Mock(spec=Elasticsearch), service=limits)
    vars(made).update(pipelines=list(pipelines), installed=pipelines)
    return made


@pytest.mark.parametrize("recognition", [None, {"recognizers": 1, "identity": True}, {"recognizers": 0}])
def test_pipelines_that_store_vectors_of_faces_are_named(recognition: dict[str, Any] | None) -> None:
    (found,) = identity(installation(recognition, people=PEOPLE, counted=COUNTED))
    assert found.level == Level.OK
    assert found.what.endswith("are stored by people") and "biometric" in found.what


def test_a_service_that_cannot_make_them_is_an_error_that_says_what_to_install() -> None:
    (found,) = identity(installation({"recognizers": 1, "identity": False}, people=PEOPLE))
    assert found.level == Level.ERROR
    assert "people are refused (identity_off)" in found.what and ".whl[identity]" in found.advice


def test_where_they_are_made_later_the_pictures_only_wait() -> None:
    later = {"processors": [{"image": {"properties": [{"faces": {"identity": True}}], "later": ["faces"]}}]}
    (found,) = identity(installation({"recognizers": 1, "identity": False}, people=later))
    assert found.level == Level.WARN and "people are stored, and wait for it" in found.what


def test_nothing_is_said_where_nobody_asks_for_them() -> None:
    assert list(identity(installation({"recognizers": 1, "identity": False}, counted=COUNTED))) == []

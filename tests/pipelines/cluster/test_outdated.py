"""Which properties of a picture an older model made."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.cluster.makers import Maker
from pipelines.cluster.outdated import Outdated
from processor_service.features import all_features

NOW = {"embedding": "vectors-2", "labels": "labels-2"}
CURRENT = {"recipe": "r", "embedder": "vectors-2", "labels_model": "labels-2"}


@pytest.mark.parametrize(
    "picture, names",
    [
        (CURRENT, ()),
        (CURRENT | {"labels_model": "labels-1"}, ("labels",)),
        (CURRENT | {"embedder": "vectors-1", "labels_model": None}, ("embedding", "labels")),
        (CURRENT | {"labels_model": "labels-1", "error": {"code": "enrich_failed"}}, ()),
        # Not the first picture of a list.
        (CURRENT | {"embedder": None}, ()),
        # Any write makes the picture again.
        (CURRENT | {"recipe": "another", "labels_model": "labels-1"}, ()),
    ],
)
def test_a_picture_says_what_made_it(picture: dict[str, Any], names: tuple[str, ...]) -> None:
    assert Outdated(Maker("r", NOW)).names(picture) == names


def test_text_that_elasticsearch_has_split_is_not_compared() -> None:
    older = {"image.recipe": "image.recipe", "image.labels_model": None, "image.pending": "image.pending.keyword"}
    query = Outdated(Maker("r", {"labels": "labels-2"})).query("image", older.get)
    (wanted,) = query["bool"]["should"]
    assert wanted["bool"]["should"] == [{"bool": {"must_not": [{"exists": {"field": "image.labels_model"}}]}}]
    assert wanted["bool"]["must_not"] == [{"term": {"image.pending.keyword": "labels"}}]
    assert Outdated(Maker("r")).query("image", older.get) == {"match_none": {}}


def test_what_can_be_later_says_what_made_it() -> None:
    for name, feature in all_features().items():
        own = {field.name for field in feature.fields}
        assert (feature.maker_field in own) == feature.later, name

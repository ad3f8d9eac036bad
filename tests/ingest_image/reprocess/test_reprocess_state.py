"""What a run of `ingest-image reprocess` remembers, and which documents it selects."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import Mock

import click
import pytest

from ingest_image.reprocess.selection import Selection
from ingest_image.reprocess.state import State, key_of, load, save
from pipelines.cluster.makers import Maker


def client(*numbers: int) -> Mock:
    """A cluster with one index of as many shards, the first copy of each being a replica that lags behind."""
    shards = {
        str(shard): [
            {"routing": {"primary": False}, "seq_no": {"max_seq_no": number - 1}},
            {"routing": {"primary": True}, "seq_no": {"max_seq_no": number}},
        ]
        for shard, number in enumerate(numbers)
    }
    made = Mock()
    made.indices.stats.return_value.body = {"indices": {"images": {"shards": shards}}}
    settings = {"index.number_of_shards": str(len(numbers))}
    made.indices.get_settings.return_value.body = {"images": {"settings": settings}}
    return made


def test_the_numbers_of_the_beginning_stay(tmp_path: Path) -> None:
    state = State("key")
    assert state.limits(client(7, 3), "images", "uuid") == {"0": 7, "1": 3}
    save(tmp_path / "below" / "state.json", state)
    again = load(tmp_path / "below" / "state.json", "key")
    assert again == state
    assert again.limits(client(70, 30), "images", "uuid") == {"0": 7, "1": 3}
    # An index that was deleted and made anew counts from the beginning.
    assert again.limits(client(2), "images", "another uuid") == {"0": 2}


def test_files_that_are_not_of_this_run(tmp_path: Path) -> None:
    assert load(tmp_path / "missing", "key") is None
    save(tmp_path / "state", State("key"))
    with pytest.raises(click.ClickException, match="another run"):
        load(tmp_path / "state", "another key")
    for text in ("", "[]", "{}", '{"key": "key", "indices": [1]}'):
        (tmp_path / "state").write_text(text)
        with pytest.raises(click.ClickException, match="not the state of a run"):
            load(tmp_path / "state", "key")
    with pytest.raises(click.ClickException, match="--state"):
        save(tmp_path / "state" / "below", State("key"))


def test_the_key_tells_runs_apart() -> None:
    assert key_of(index="a", query={"b": 1, "c": 2}) == key_of(query={"c": 2, "b": 1}, index="a")
    assert key_of(index="a") != key_of(index="b")


@pytest.mark.parametrize(
    "selection, count",
    [
        (Selection(), None),
        (Selection(errors=True), 1),
        # The fourth finds what can only be told by looking at it.
        (Selection(errors=True, unprocessed=True, stale=True), 4),
        # Nothing can be stale for a pipeline without a recipe: then nothing is selected.
        (Selection(stale=True), 0),
    ],
)
def test_selections_are_alternatives(selection: Selection, count: int | None) -> None:
    query: dict[str, Any] = selection.to_query(
        ["image"], {} if count == 0 else {"image": Maker("r", {"embedding": "e"})}
    )
    if count is None:
        assert query == {"match_all": {}}
    elif count == 0:
        assert query == {"bool": {"filter": [{"match_none": {}}]}}
    else:
        (narrowed,) = query["bool"]["filter"]
        assert len(narrowed["bool"]["should"]) == count
        assert narrowed["bool"]["minimum_should_match"] == 1

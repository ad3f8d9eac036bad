"""How long `ingest-image store clean` leaves pictures alone."""

from __future__ import annotations

from datetime import timedelta

import click
import pytest

from ingest_image.store.clean import grace_time


@pytest.mark.parametrize(("text", "seconds"), [("7d", 604_800), ("12h", 43_200), ("30m", 1_800), ("0s", 0)])
def test_times(text: str, seconds: int) -> None:
    assert grace_time(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "d", "-1d", "7 weeks", "99999999999999d"])
def test_what_is_not_a_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(click.BadParameter, match="7d, 12h, 30m"):
        grace_time(text)

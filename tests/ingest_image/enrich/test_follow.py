"""How long an enricher waits for what is busy or away."""

from __future__ import annotations

import threading
from typing import Any, cast

import pytest

from ingest_image.enrich import follow
from ingest_image.enrich.enricher import Done, Enricher
from tests.helpers.enrichers import Heard

# Seconds: a service that refuses at once, and one that lets every request time out.
ROUNDS = [0.0, 60.0]


class Clock:
    """Stands for `time`, and for the event that ends the work: its `wait` takes no time."""

    def __init__(self, most: float = float("inf")) -> None:
        self.now, self.most = 100.0, most
        self.paused: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.paused.append(seconds)

    def is_set(self) -> bool:
        return self.now >= self.most


class Busy:
    """An enricher whose every round takes as long, and is in vain."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self.clock, self.seconds, self.log = clock, seconds, Heard()

    def round(self) -> Done:
        self.clock.now += self.seconds
        return Done(waits="[busy]")


def follow_busy(clock: Clock, seconds: float, once: bool) -> None:
    follow.follow(cast(Enricher, Busy(clock, seconds)), cast(threading.Event, clock), once)


@pytest.fixture
def patched(monkeypatch: pytest.MonkeyPatch) -> Any:
    def patch(clock: Clock) -> Clock:
        monkeypatch.setattr(follow, "time", clock)
        return clock

    return patch


@pytest.mark.parametrize("seconds", ROUNDS)
def test_a_single_run_gives_up_after_a_minute_and_a_half_and_a_round(patched: Any, seconds: float) -> None:
    clock = patched(Clock())
    with pytest.raises(follow.GivenUp, match="busy"):
        follow_busy(clock, seconds, once=True)
    # The first round, the patience, and the round that was begun last.
    assert 90 <= clock.now - 100 - seconds <= 90 + seconds


@pytest.mark.parametrize("seconds", ROUNDS)
def test_one_that_follows_waits_for_days(patched: Any, seconds: float) -> None:
    clock = patched(Clock(most=100_000))
    follow_busy(clock, seconds, once=False)
    assert clock.paused[:7] == [1, 2, 4, 8, 16, 30, 30] and set(clock.paused[5:]) == {30}

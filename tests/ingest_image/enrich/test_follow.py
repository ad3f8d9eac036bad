"""How long an enricher waits for what is busy or away."""

from __future__ import annotations

import threading
from typing import Any, cast

import pytest
from elasticsearch import Elasticsearch

from ingest_image.enrich import command, follow, rests
from ingest_image.enrich.done import Done
from ingest_image.enrich.enricher import Enricher
from ingest_image.index_option import missing_index
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
    """An enricher of one index, whose every round takes as long, and is in vain."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self.clock, self.seconds, self.log, self.rests = clock, seconds, Heard(), rests.Rests()
        self.pauses: list[float] = []

    def round(self) -> Done | None:
        if self.rests.indices:
            return None
        self.clock.now += self.seconds
        self.pauses.append(self.rests.begin("images", "[busy]"))
        return Done(waits="[busy]")


def follow_busy(clock: Clock, seconds: float, once: bool) -> Busy:
    busy = Busy(clock, seconds)
    follow.follow(cast(Enricher, busy), cast(threading.Event, clock), once)
    return busy


@pytest.fixture
def patched(monkeypatch: pytest.MonkeyPatch) -> Any:
    def patch(clock: Clock) -> Clock:
        monkeypatch.setattr(follow, "time", clock)
        monkeypatch.setattr(rests, "time", clock)
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
    busy = follow_busy(clock, seconds, once=False)
    assert busy.pauses[:7] == [1, 2, 4, 8, 16, 30, 30] and set(busy.pauses[5:]) == {30}
    # Meanwhile others are looked for.
    assert max(clock.paused) < 3


def test_one_that_starts_while_elasticsearch_is_away_waits(patched: Any) -> None:
    clock = patched(Clock(most=200))
    with Elasticsearch("http://127.0.0.1:9", max_retries=0) as nobody:
        starting = Enricher(nobody, command.backlog_of(nobody, (), ()), heard := Heard())
        follow.follow(starting, cast(threading.Event, clock))
        clock = patched(Clock())
        with pytest.raises(follow.GivenUp, match="does not answer"):
            follow.when_there(nobody, lambda: missing_index(nobody, ["images"]), heard, cast(threading.Event, clock))
    reasons = [facts["reason"] for event, facts in heard.said if event == "waiting"]
    assert len(reasons) > 8 and all("does not answer at http://127.0.0.1:9" in reason for reason in reasons)
    assert 90 <= clock.now - 100 <= 120

"""Clocks of node and service that are apart, and that jump: documents are stored, or refused with a sentence; none is lost."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from elasticsearch import Elasticsearch

from tests.end_to_end.test_node_memory import assert_nothing_held
from tests.helpers.nodes import set_hosts
from tests.helpers.service import Service, calls, running_service

from .test_faults import LARGE, PHOTO, assert_none_half_done, bulk, statuses, wait_for_work

# A service whose clock is as many seconds ahead as a file says.
SHIFTED = """
import pathlib, runpy, sys, time
real, shift = time.time, pathlib.Path(sys.argv.pop(1))
time.time = lambda: real() + float(shift.read_text())
runpy.run_module("ingest_image", run_name="__main__", alter_sys=True)
"""

Set = Callable[[float], None]


@pytest.fixture(scope="module")
def shifted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Set]]:
    """The service, and what sets its clock forward or back."""
    folder = tmp_path_factory.mktemp("shifted")
    file = folder / "shift"

    def set_clock(seconds: float) -> None:
        # Never empty for whoever reads it meanwhile.
        (folder / "new").write_text(str(seconds))
        (folder / "new").replace(file)

    set_clock(0)
    program = (sys.executable, "-c", SHIFTED, str(file))
    with running_service(folder / "service.log", program, workers="2") as running:
        yield running, set_clock


@pytest.fixture
def clock(es: Elasticsearch, shifted: tuple[Service, Set], service: Service) -> Iterator[Set]:
    """Sets the clock of the service that the node calls for the time of the test."""
    set_hosts(es, shifted[0].url)
    yield shifted[1]
    shifted[1](0)
    set_hosts(es, service.url)


@pytest.mark.parametrize("seconds", [-270, 270])
def test_clocks_that_are_nearly_five_minutes_apart_cost_nothing(
    es_url: str, index: str, clock: Set, seconds: int
) -> None:
    clock(seconds)
    assert statuses(bulk(es_url, index, "images", 10)) == {201: 10}


@pytest.mark.parametrize("seconds", [-330, 330])
def test_clocks_that_are_more_apart_are_said_and_another_host_helps(
    es: Elasticsearch, es_url: str, index: str, shifted: tuple[Service, Set], clock: Set, service: Service, seconds: int
) -> None:
    clock(seconds)
    items = bulk(es_url, index, "images", 10)
    assert statuses(items) == {500: 10}
    assert all(item["error"]["reason"].startswith("[clock_skew] ") for item in items)
    assert_nothing_held(es)
    set_hosts(es, shifted[0].url, service.url)
    assert statuses(bulk(es_url, index, "images", 20)) == {201: 20}


def test_a_clock_that_jumps_during_a_bulk_loses_nothing(
    es: Elasticsearch, es_url: str, index: str, shifted: tuple[Service, Set], clock: Set
) -> None:
    with ThreadPoolExecutor(1) as threads:
        before = calls(shifted[0])
        future = threads.submit(bulk, es_url, index, "images", 30, LARGE)
        wait_for_work(shifted[0], before + 3)
        clock(86400)
        items = future.result()
    counts = statuses(items)
    assert set(counts) == {201, 500} and counts[201] >= 3, counts
    assert_none_half_done(es, index, items)
    clock(0)
    assert set(statuses(bulk(es_url, index, "images", 30, PHOTO))) <= {200, 201}
    assert_nothing_held(es)

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.helpers.service import RECOGNIZER, Service, running_service

from .stock import StockProcessors, stock_processors
from .way import OTHER_TOKEN, Way


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service in the middle of a change of tokens: it accepts two."""
    log = tmp_path_factory.mktemp("service") / "service.log"
    with running_service(log, workers="2", previous_token=OTHER_TOKEN) as running:
        yield running


@pytest.fixture(scope="session")
def recognizing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with recognition."""
    with running_service(tmp_path_factory.mktemp("recognizing") / "log", **RECOGNIZER) as running:
        yield running


@pytest.fixture(scope="session")
def stock() -> Iterator[StockProcessors]:
    with stock_processors() as running:
        yield running


@pytest.fixture
def way(stock: StockProcessors, service: Service) -> Way:
    return Way(stock, service.url)

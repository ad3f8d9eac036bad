from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import Service, running_service

from .stock import StockProcessors, stock_processors


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running_service(tmp_path_factory.mktemp("service") / "service.log", workers="2") as running:
        yield running


@pytest.fixture(scope="session")
def stock() -> Iterator[StockProcessors]:
    with stock_processors() as running:
        yield running

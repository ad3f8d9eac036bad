from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.helpers.service import Service, running_service


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service as users run it; tests that break things start their own."""
    with running_service(tmp_path_factory.mktemp("service") / "service.log") as running:
        yield running

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from tests.helpers.processes import wait_until
from tests.helpers.service import Service, running_service


@pytest.fixture(scope="session")
def recognizing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with recognition and an embedder that knows words; the node has to be told to call it.

    Its recognizer may be stopped, hung and killed: there is another one a little later.
    """
    log = tmp_path_factory.mktemp("recognition") / "service.log"
    settings = {"workers": "1", "recognizers": "1", "embedder": "lite0", "picture_timeout": "12"}
    with running_service(log, **settings) as running:
        # Ten seconds of processor time, and minutes where ten others want the processor, too.
        wait_until(lambda: requests.get(f"{running.url}/readyz", timeout=60).json()["recognition"] == "ready", 240)
        yield running

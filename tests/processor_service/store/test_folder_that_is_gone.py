"""The service with a store in a folder whose disk goes away: what is left is an empty folder, which is no store."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import requests

from tests.helpers.pictures import b64, picture
from tests.helpers.processes import wait_until
from tests.helpers.service import Service, running_service

CAT = b64(picture("pillow/hopper.jpg"))


def stores(service: Service) -> int:
    return service.process_picture(CAT, operations=[], properties=[], store="external").status_code


def test_a_web_process_that_is_started_again_does_not_begin_a_store_there(tmp_path: Path) -> None:
    place, away = tmp_path / "place", tmp_path / "away"
    place.mkdir()
    with running_service(tmp_path / "service.log", workers="1", store_url=str(place)) as service:
        assert stores(service) == 200
        place.rename(away)
        place.mkdir()
        first = service.web()
        os.kill(first, signal.SIGKILL)

        def another() -> bool:
            try:
                return service.web() != first and requests.get(f"{service.url}/readyz", timeout=60).ok
            except (OSError, IndexError, ValueError):
                return False

        wait_until(another, 240)
        assert stores(service) == 503
        assert not list(place.iterdir())
        place.rmdir()
        away.rename(place)
        assert stores(service) == 200

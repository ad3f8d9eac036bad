"""How the tests of fetching ask their server for a picture."""

from __future__ import annotations

from typing import Any

import pytest

from processor_service.errors import Code, ImageError
from processor_service.fetching.fetcher import Fetcher
from processor_service.settings import Settings
from tests.helpers.pictures import picture
from tests.helpers.web_server import Stranger

CAT = picture("pillow/hopper.jpg")


def settings(server: Stranger, hosts: str = "", networks: str = "127.0.0.0/8", **more: Any) -> Settings:
    hosts = hosts or f"127.0.0.1:{server.port}, localhost:{server.port}, images.test:{server.port}"
    more = {"url_timeout": 2, "max_image_bytes": 100_000, **more}
    return Settings(url_hosts=hosts, url_private_networks=networks, **more)


def refused(code: Code, with_settings: Settings, url: str) -> str:
    with pytest.raises(ImageError) as refusal:
        Fetcher(with_settings).fetch(url)
    assert refusal.value.code is code, refusal.value
    return refusal.value.reason


def url(server: Stranger, path: str = "/cat.jpg", host: str = "127.0.0.1") -> str:
    return f"http://{host}:{server.port}{path}"

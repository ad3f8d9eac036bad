"""Azurite: what Microsoft gives out to be tested against instead of Azure. `make test-azure` installs it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import requests

from tests.helpers.paths import ROOT
from tests.helpers.ports import free_port
from tests.helpers.stores import environment

# The only account that it has without being told, as everybody knows it.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
CONTAINER = "pictures"
_PROGRAM = ROOT / "build" / "azurite" / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"


@contextmanager
def azurite(folder: Path) -> Iterator[str]:
    """A server with the container `pictures`, and an environment that names it; gives its URL."""
    folder.mkdir(exist_ok=True)
    port = free_port()
    url = f"http://127.0.0.1:{port}/{ACCOUNT}"
    # The library asks for a newer version of Azure's interface than it knows.
    options = ["--disableTelemetry", "--skipApiVersionCheck", "--location", str(folder)]
    command = ["node", str(_PROGRAM), "--blobHost", "127.0.0.1", "--blobPort", str(port), *options]
    with (folder / "azurite.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        _make_container(url, process, folder / "azurite.log")
        with environment(
            AZURE_STORAGE_ACCOUNT_NAME=ACCOUNT,
            AZURE_STORAGE_ACCOUNT_KEY=KEY,
            AZURE_STORAGE_ENDPOINT=url,
            AZURE_ALLOW_HTTP="true",
        ):
            yield url
    finally:
        process.kill()
        process.wait(10)


def _make_container(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Make it as soon as the server answers."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            made = requests.put(f"{url}/{CONTAINER}?restype=container", headers=_signed(), timeout=5)
        except (requests.ConnectionError, requests.Timeout):
            time.sleep(0.1)
            continue
        assert made.status_code == 201, made.text
        return
    raise AssertionError(f"Azurite did not start:\n{log.read_text()[-2000:]}")


def _signed() -> dict[str, str]:
    """Headers of the request that makes the container, which the library cannot send: "Shared Key" of Azure's docs."""
    headers = {"x-ms-date": f"{datetime.now(UTC):%a, %d %b %Y %H:%M:%S} GMT", "x-ms-version": "2021-08-06"}
    lines = [f"{name}:{value}" for name, value in headers.items()]
    # The method, eleven headers that it does not have, ours, and what is asked for.
    text = "\n".join(["PUT", *[""] * 11, *lines, f"/{ACCOUNT}/{ACCOUNT}/{CONTAINER}", "restype:container"])
    signature = base64.b64encode(hmac.digest(base64.b64decode(KEY), text.encode(), hashlib.sha256)).decode()
    return headers | {"Authorization": f"SharedKey {ACCOUNT}:{signature}", "Content-Length": "0"}

"""The gallery as people use it: a real node with real pictures, a real gallery, Chromium; all tests here share them."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from embedded_node import EmbeddedNode, find_plugin_zip
from embedded_node.versions import versions
from pipelines.cluster.client import connect
from tests.helpers.browser import CHROMIUM, DRIVER, Browser, started_chromium
from tests.helpers.galleries import HOST, gallery_settings, running_gallery
from tests.helpers.nodes import HEAP, SMALL, bootstrap
from tests.helpers.pictures import b64, picture
from tests.helpers.service import TOKEN, running_service
from tests.ingest_image.gallery.browser import DOCUMENTS, INDEX


@pytest.fixture(scope="package")
def es(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elasticsearch]:
    """The newest node that there is a JDK for, with some pictures."""
    version = versions()[0].number
    log = tmp_path_factory.mktemp("service") / "service.log"
    plugin = find_plugin_zip(version)
    with (
        running_service(log) as service,
        EmbeddedNode(
            es_version=version,
            plugin_zip=plugin,
            token=TOKEN,
            heap=HEAP,
            jvm_options=SMALL,
            quick_start=True,
        ) as node,
    ):
        bootstrap("--url", node.url, "--service-url", service.url)
        with connect(node.url) as client:
            for id, (title, name) in DOCUMENTS.items():
                client.index(
                    index=INDEX,
                    id=id,
                    document={"title": title, "file_name": Path(name).name, "image": {"data": b64(picture(name))}},
                )
            client.indices.refresh(index=INDEX)
            yield client


@pytest.fixture(scope="package")
def base(es: Elasticsearch) -> Iterator[str]:
    """Address of a running gallery."""
    with running_gallery(es, gallery_settings(f"{INDEX}*", upload_index=INDEX)) as server:
        yield f"http://{HOST}:{server.port}"


@pytest.fixture(scope="package")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    if not (CHROMIUM and DRIVER):
        pytest.skip("no chromium and chromedriver here (Debian: chromium, chromium-driver)")
    driver = started_chromium(tmp_path_factory.mktemp("chromium"))
    yield driver
    driver.quit()


@pytest.fixture
def browser(chromium: Any, base: str) -> Iterator[Browser]:
    page = Browser(chromium, base)
    page.look()
    chromium.get_log("browser")
    yield page
    # Neither the content security policy nor a script had anything to say, on any page of the test. That a question was
    # wrong is the browser's own remark.
    said = [entry["message"] for entry in chromium.get_log("browser")]
    assert [message for message in said if "/favicon" not in message and "status of 400" not in message] == []


@pytest.fixture(scope="package")
def axe() -> str:
    """The source of axe-core. It comes in a package for another browser driver, which is not imported."""
    found = importlib.util.find_spec("axe_playwright_python")
    assert found and found.submodule_search_locations
    return (Path(found.submodule_search_locations[0]) / "axe.min.js").read_text()


@pytest.fixture
def added(es: Elasticsearch) -> Iterator[list[str]]:
    """Two documents that a test may change or delete."""
    ids = ["first", "second"]
    for id in ids:
        image = {"data": b64(picture("exif-orientation/Landscape_1.jpg"))}
        es.index(index=INDEX, id=id, document={"title": f"The {id}", "image": image}, refresh=True)
    yield ids
    for id in ids:
        es.options(ignore_status=404).delete(index=INDEX, id=id, refresh=True)

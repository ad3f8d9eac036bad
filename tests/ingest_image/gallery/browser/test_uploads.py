"""Adding many pictures, and adding while the service is down, in Chromium."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from tests.helpers.browser import Browser
from tests.helpers.nodes import set_hosts
from tests.helpers.pictures import encoded, opened, picture
from tests.ingest_image.gallery.browser import INDEX


def crop(side: int) -> bytes:
    """A small picture that is not stored yet."""
    return encoded(opened(picture("skimage/coins.png")).convert("RGB").crop((9, 9, 9 + side, 9 + side)), "JPEG")


@pytest.fixture
def added(es: Elasticsearch) -> Iterator[None]:
    """What the test adds is removed."""
    yield
    es.indices.refresh(index=INDEX)
    for hit in es.search(index=INDEX, query={"match": {"title": "added"}}, source=False)["hits"]["hits"]:
        es.delete(index=INDEX, id=hit["_id"], refresh=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures, two broken ones, and a file that is none by its name."""
    below = tmp_path / "holiday" / "below"
    below.mkdir(parents=True)
    (below.parent / "added 1.jpg").write_bytes(crop(70))
    (below.parent / "notes.txt").write_text("no picture")
    (below / "added 2.JPEG").write_bytes(crop(80))
    (below / "added 3.jpg").write_bytes(b"no picture")
    (below / "added 5.jpg").write_bytes(b"no picture either")
    return below.parent


@pytest.mark.usefixtures("added")
def test_a_folder_is_stored_and_the_list_shows_it(browser: Browser, folder: Path) -> None:
    browser.open("/?order=newest")
    before = len(browser.titles())
    # Half a second is 25 for the page.
    browser.js("const real = window.setTimeout; window.setTimeout = (act, time) => real(act, time / 50)")
    browser.js("document.querySelector('.folder input').classList.remove('visually-hidden')")
    browser.one(".folder input").send_keys(str(folder))
    browser.wait(lambda: any("1 file left out" in toast.text for toast in browser.all(".toast")))
    said = " ".join(toast.text for toast in browser.all(".toast"))
    assert "Stored 2 pictures." in said and "2 pictures were stored with a problem." in said
    assert {line.text.partition(":")[0] for line in browser.all(".toast li")} == {"added 3.jpg", "added 5.jpg"}
    browser.wait(lambda: len(browser.titles()) > before)
    assert {"added 1", "added 2"} <= set(browser.titles()[:4])
    browser.shot("folder")
    # Each message stays until it is closed.
    count = len(browser.all(".toast"))
    time.sleep(0.5)
    assert len(browser.all(".toast")) == count == 3
    browser.one(".toast button").click()
    assert len(browser.all(".toast")) == 2
    # The bar of the list that was made anew still belongs to it.
    browser.js("document.querySelector('.choose').click()")
    assert browser.one(".chosen").text == "1 selected"


@pytest.mark.usefixtures("added")
def test_a_dropped_folder_is_stored(browser: Browser, es: Elasticsearch, folder: Path) -> None:
    """Files of the folder itself and below it, as the browser reads them from the disk."""
    browser.open()
    browser.drag_in(folder, ".zone-upload")
    browser.wait(lambda: any("1 file left out" in toast.text for toast in browser.all(".toast")))
    assert "Stored 2 pictures." in browser.one(".toasts").text
    es.indices.refresh(index=INDEX)
    stored = es.search(index=INDEX, query={"match": {"title": "added"}})["hits"]["hits"]
    names = {f"added {number}" for number in (1, 2, 3, 5)}
    assert {Path(hit["_source"]["file_name"]).stem for hit in stored} == names


@pytest.mark.usefixtures("added")
def test_a_service_that_is_down_is_told_within_seconds(browser: Browser, es: Elasticsearch) -> None:
    (host,) = es.cluster.get_settings(flat_settings=True)["persistent"]["ingest.image.hosts"]
    browser.open()
    set_hosts(es, "http://127.0.0.1:1")
    try:
        begin = time.monotonic()
        browser.drop(crop(90), ".zone-upload", "added 4.jpg")
        browser.wait(lambda: any("Still trying" in toast.text for toast in browser.all(".toast")))
        # A second until the page asks, and three without an answer. The browser of a busy machine takes longer for
        # everything; the node itself answers after a minute.
        assert time.monotonic() - begin < 30
        assert "The processor service has not answered for 3 seconds" in browser.one(".toasts").text
        browser.shot("service-down")
    finally:
        set_hosts(es, host)
    # Nothing has to be sent again when it is back.
    browser.wait(lambda: "Stored 1 picture." in browser.one(".toasts").text)
    assert "Still trying" not in browser.one(".toasts").text
    # Chromium logs the answer 503 itself.
    browser.driver.get_log("browser")

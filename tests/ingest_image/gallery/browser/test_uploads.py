"""Adding many pictures, and adding while the service is down, in Chromium."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from ingest_image import gallery
from ingest_image.gallery.changing.actions import _SOON
from tests.helpers.browser import Browser
from tests.helpers.nodes import set_hosts
from tests.helpers.pictures import encoded, opened, picture
from tests.ingest_image.gallery.browser import INDEX

UPLOAD_JS = Path(gallery.__file__).parent / "static" / "upload.js"
# Whether a request to this path was answered.
ANSWERED = "return performance.getEntriesByType('resource').some((one) => new URL(one.name).pathname === arguments[0])"


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
def test_storing_many_is_stopped_and_not_ended_unasked(browser: Browser, folder: Path) -> None:
    browser.open()
    browser.js(
        """
        const real = window.fetch;
        window.fetch = (path, ...more) => path !== "/upload" ? real(path, ...more)
            : new Promise((done) => { window.release = () => done(real(path, ...more)); });
        """
    )
    browser.drag_in(folder, ".zone-upload")
    browser.wait(lambda: browser.js("return Boolean(window.release)"))
    leave = (
        "const leaving = new Event('beforeunload', {cancelable: true});"
        "window.dispatchEvent(leaving); return leaving.defaultPrevented"
    )
    # Whoever clicks a link, is asked and stays, does not wait for a page.
    browser.js("wait(true)")
    assert browser.js(leave)
    browser.wait(lambda: not browser.all(".waiting"))
    # The page is of use meanwhile, and looks like it.
    assert browser.js("return getComputedStyle(document.querySelector('.grid')).opacity") == "1"
    assert browser.js("return getComputedStyle(document.querySelector('.busy')).visibility") == "visible"
    browser.shot("storing")
    browser.one(".toast button").click()
    browser.js("window.release()")
    browser.wait(lambda: "Stopped: 3 others were not sent." in browser.one(".toasts").text)
    assert not browser.js(leave) and not browser.all(".storing")


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


@pytest.fixture(params=["down", "hangs"])
def nobody(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    """A service that does not answer: no connection is accepted, or one is, and then nothing comes."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        if request.param == "hangs":
            yield held
            return
    # Closed, so that it is nobody's.
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        yield closed


@pytest.mark.usefixtures("added")
def test_a_service_that_does_not_answer_is_told_within_seconds(
    browser: Browser, es: Elasticsearch, nobody: socket.socket
) -> None:
    (host,) = es.cluster.get_settings(flat_settings=True)["persistent"]["ingest.image.hosts"]
    browser.open()
    set_hosts(es, f"http://127.0.0.1:{nobody.getsockname()[1]}")
    try:
        browser.drop(crop(90), ".zone-upload", "added 4.jpg")
        browser.wait(lambda: any("Still trying" in toast.text for toast in browser.all(".toast")))
        # A busy machine takes longer for everything. But it is told while the picture still waits for its own answer,
        # and what the page and the gallery wait for on purpose are four seconds.
        assert not browser.js(ANSWERED, "/upload")
        assert browser.js(ANSWERED, "/service")
        assert f"The processor service has not answered for {_SOON:.0f} seconds" in browser.one(".toasts").text
        assert int(re.findall(r"const PATIENCE = (\d+);", UPLOAD_JS.read_text())[0]) / 1000 + _SOON <= 4
        browser.shot("service-down")
    finally:
        set_hosts(es, host)
        nobody.close()
    # Nothing has to be sent again when it is back.
    browser.wait(lambda: "Stored 1 picture." in browser.one(".toasts").text)
    assert browser.js(ANSWERED, "/upload")
    assert "Still trying" not in browser.one(".toasts").text
    # Chromium logs the answer 503 itself.
    browser.driver.get_log("browser")

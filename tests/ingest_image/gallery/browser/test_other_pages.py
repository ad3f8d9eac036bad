"""Timeline, map, request and duplicates in Chromium: at three widths, light and dark, for everybody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from tests.helpers.browser import AXE, LEVELS, Browser
from tests.helpers.galleries import HOST, gallery_settings, running_gallery
from tests.ingest_image.gallery.browser import INDEX as SHARED

INDEX = "images-of-travels"
PLACES = {"paris": "48.85,2.35", "berlin": "52.5,13.4", "sydney": "-33.87,151.2", "rio": "-22.9,-43.2"}


@pytest.fixture(scope="module")
def place(es: Elasticsearch) -> Iterator[str]:
    """Address of a gallery of pictures with dates and places, two of each."""
    image = es.get(index=SHARED, id="lake")["_source"]["image"]
    for number, (name, location) in enumerate(PLACES.items()):
        for day in (1, 28):
            about = {"location": location, "taken_at": f"202{number}-0{1 + number}-{day:02d}"}
            document = {"title": f"{name} {day}", "image": image | {"metadata": about}}
            es.index(index=INDEX, id=f"{name}-{day}", document=document, pipeline="_none")
    es.indices.refresh(index=INDEX)
    with running_gallery(es, replace(gallery_settings(INDEX), page_size=5)) as server:
        yield f"http://{HOST}:{server.port}"
    es.indices.delete(index=INDEX)


@pytest.fixture
def page(chromium: Any, place: str) -> Browser:
    return Browser(chromium, place)


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (768, True), (360, False)])
def test_everybody_can_use_them(page: Browser, axe: str, width: int, dark: bool) -> None:
    """WCAG 2.2 A and AA, as far as axe-core can tell."""
    page.look(width, 900, dark)
    found: dict[str, Any] = {}
    for path in ("/?f=month:2021-02", "/map", "/request?q=paris", "/duplicates"):
        page.open(path)
        if path == "/duplicates":
            page.wait(lambda: page.all(".cluster"))
        page.shot(f"other-{path.strip('/').partition('?')[0] or 'month'}-{width}")
        assert page.js("return document.documentElement.scrollWidth") == width, path
        page.js(axe)
        if violations := page.driver.execute_async_script(AXE, LEVELS):
            found[path] = violations
    assert found == {}
    assert page.driver.get_log("browser") == []


def test_one_goes_from_the_timeline_to_the_map_and_its_pictures(page: Browser) -> None:
    page.look(1280)
    page.open("/")
    assert [month.text for month in page.all(".timeline .year")] == ["2023", "2022", "2021", "2020"]
    page.one(".timeline a[title^='January 2020']").click()
    page.wait(lambda: set(page.titles()) == {"paris 1", "paris 28"})
    page.one(".timeline a[aria-current]").click()
    page.wait(lambda: page.one(".total").text == "8 pictures")
    page.one(".orders a[href^='/map']").click()
    # Paris and Berlin are too near each other to be two circles.
    assert page.wait(lambda: [spot.text for spot in page.all(".map text")]) == ["2", "2", "4"]
    assert page.one(".total").text == "8 pictures here"
    # The outline is drawn.
    assert page.js("return document.querySelector('.land use').getBBox().width") > 250
    page.js("document.querySelector('.map svg > a').dispatchEvent(new MouseEvent('click', {bubbles: true}))")
    page.wait(lambda: len(page.titles()) == 2)
    assert "place: " in page.one(".chip").text


def test_the_request_is_copied(page: Browser) -> None:
    page.driver.execute_cdp_cmd(
        "Browser.grantPermissions", {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    )
    page.open("/request?q=paris&order=taken")
    page.one("[data-copy]").click()
    page.wait(lambda: page.one("[data-copy]").text == "Copied")
    script = "const done = arguments[0]; navigator.clipboard.readText().then(done, (error) => done(String(error)));"
    copied = page.driver.execute_async_script(script)
    assert copied.startswith(f"GET {INDEX}/_search?ignore_unavailable=true\n{{") and '"query": "paris"' in copied

"""Timeline, map and request in Chromium."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from PIL import Image

from tests.helpers.browser import CHROMIUM, DRIVER, Browser
from tests.helpers.dev_tools import parse
from tests.helpers.galleries import HOST, gallery_settings, running_gallery
from tests.helpers.pictures import encoded
from tests.helpers.web_server import gives, stranger
from tests.ingest_image.gallery.browser import INDEX as SHARED

if CHROMIUM and DRIVER:
    from selenium.webdriver.common.keys import Keys

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
def page(chromium: Any, place: str) -> Iterator[Browser]:
    chromium.get_log("browser")
    yield Browser(chromium, place)
    # No script had anything to say.
    assert [entry["message"] for entry in chromium.get_log("browser")] == []


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
    assert page.one(".chip").text.startswith("in a part of the map")


def test_esc_leads_back_from_every_page(page: Browser) -> None:
    page.look(1280)
    for other in ("/map", "/request"):
        page.open("/?q=paris&order=taken")
        page.one(f".orders a[href^='{other}']").click()
        page.wait(lambda: not page.all(".orders"))
        page.press(Keys.ESCAPE)
        page.wait(lambda: page.titles() == ["paris 28", "paris 1"])
    # What is open on a page is closed first.
    page.open(f"/picture/{INDEX}?id=paris-1&q=paris")
    page.one(".crop summary").click()
    page.press(Keys.ESCAPE)
    page.wait(lambda: not page.all(".crop[open]"))
    # From a copy of it, too, one comes back to the results.
    page.one("[aria-labelledby=copies] .card a").click()
    page.wait(lambda: "id=paris-1" not in page.driver.current_url)
    page.press(Keys.ESCAPE)
    page.wait(lambda: set(page.titles()) == {"paris 28", "paris 1"})


def test_the_chosen_month_is_in_sight(page: Browser) -> None:
    page.look(360, 800)
    page.open("/?f=month:2020-01")
    assert page.one(".chip").text.startswith("January 2020")
    assert page.js("return document.querySelector('.timeline [aria-current]').getBoundingClientRect().right") <= 360


def shows(page: Browser, place: str) -> None:
    page.wait(lambda: page.one(".where").text == place)


def test_the_viewer_goes_on_where_the_loaded_list_ends(page: Browser) -> None:
    page.look(1280)
    with page.that_loads_no_more():
        page.open("/?order=taken&size=2")
        page.js("sessionStorage.clear(); remember()")
        assert len(page.titles()) == 2
        page.one(".card a").click()
        page.one("figure a").click()
        # The next two, and so on until the end; then the first one again.
        for at in range(1, 9):
            shows(page, f"{at} of 8")
            page.press(Keys.ARROW_RIGHT)
        shows(page, "1 of 8")


def test_a_map_of_tiles_comes_from_the_named_server_and_no_other(chromium: Any, es: Elasticsearch, place: str) -> None:
    tile = gives(encoded(Image.new("RGB", (256, 256), "#00ff00"), "PNG"), Content_Type="image/png")
    with stranger({"/tile": tile}) as tiles, stranger({"/tile": tile}) as other:
        address = f"http://{HOST}:{tiles.port}/tile?z={{z}}&x={{x}}&y={{y}}"
        settings = gallery_settings(INDEX, tiles=address, tiles_credit="© Somebody", read_only=True)
        with running_gallery(es, settings) as server:
            page = Browser(chromium, f"http://{HOST}:{server.port}")
            page.look(1280, 900)
            page.open("/map")
            named = page.js("return [...document.querySelectorAll('.map image')].map((one) => one.href.baseVal)")
            assert len(named) > 4 and page.one(".credit").text == "© Somebody"
            page.wait(lambda: _is_green(page, 0.3) and _is_green(page, 0.7))
            page.shot("map-of-tiles")
            page.js("new Image().src = arguments[0]", f"http://{HOST}:{other.port}/tile")
            (said,) = page.wait(lambda: chromium.get_log("browser"))
            assert f"{other.port}/tile" in said["message"] and "Content Security Policy" in said["message"]
    assert {f"http://{HOST}:{tiles.port}{path}" for path, _ in tiles.asked} == set(named)
    # From which page they are asked for is not said.
    assert not any("Referer" in headers for _, headers in tiles.asked) and other.asked == []


def _is_green(page: Browser, part: float) -> bool:
    """Whether the map has the colour of the tiles, on its upper rim at a part of its width."""
    box = page.js(
        "const box = document.querySelector('.map').getBoundingClientRect(); return [box.x, box.y, box.width]"
    )
    shot = Image.open(io.BytesIO(page.driver.get_screenshot_as_png())).convert("RGB")
    return shot.getpixel((round(box[0] + part * box[2]), round(box[1] + 20))) == (0, 255, 0)


def test_the_request_is_copied_and_finds_the_same_in_dev_tools(page: Browser, es: Elasticsearch) -> None:
    page.driver.execute_cdp_cmd(
        "Browser.grantPermissions", {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    )
    page.open("/request?q=paris&order=taken")
    page.one("[data-copy]").click()
    page.wait(lambda: page.one("[data-copy]").text == "Copied")
    script = "const done = arguments[0]; navigator.clipboard.readText().then(done, (error) => done(String(error)));"
    copied = page.driver.execute_async_script(script)
    assert copied.startswith(f"GET {INDEX}/_search?ignore_unavailable=true\n{{") and '"query": "paris"' in copied
    (request,) = parse(copied)
    answer = request.send(str(es.transport.node_pool.get().base_url))
    request.check(answer)
    page.open("/?q=paris&order=taken")
    assert (
        [hit["_source"]["title"] for hit in answer.json()["hits"]["hits"]] == page.titles() == ["paris 28", "paris 1"]
    )

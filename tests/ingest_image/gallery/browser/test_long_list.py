"""A list of many pages in Chromium: loading as one scrolls, and coming back."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from elasticsearch import Elasticsearch

from tests.helpers.browser import CHROMIUM, DRIVER, Browser
from tests.helpers.galleries import HOST, gallery_settings, running_gallery

if CHROMIUM and DRIVER:
    from selenium.webdriver.common.keys import Keys

INDEX = "images-of-a-long-list"
COUNT, PAGE = 80, 10


@pytest.fixture(scope="module")
def place(es: Elasticsearch) -> Iterator[str]:
    """Address of a read-only gallery with pages of ten."""
    operations = [part for id in range(COUNT) for part in ({"index": {"_id": str(id)}}, {"title": f"Number {id}"})]
    es.bulk(index=INDEX, operations=operations, pipeline="_none", refresh=True)
    with running_gallery(es, replace(gallery_settings(INDEX, read_only=True), page_size=PAGE)) as server:
        yield f"http://{HOST}:{server.port}"
    es.indices.delete(index=INDEX)


@pytest.fixture
def page(chromium: Any, place: str) -> Iterator[Browser]:
    page = Browser(chromium, place)
    page.look(360, 500)
    page.open()
    # Each test begins without a place that another one left.
    page.js("sessionStorage.clear(); remember()")
    yield page
    # It must not ask for more of the list when its gallery has ended.
    chromium.get("about:blank")


def scroll_to_the_end(page: Browser) -> Any:
    page.js("window.scrollTo(0, document.body.scrollHeight)")


def scroll_until(page: Browser, count: int) -> None:
    def enough() -> bool:
        # Once more would load the page behind it, too.
        if len(page.titles()) >= count:
            return True
        scroll_to_the_end(page)
        return False

    page.wait(enough)


def test_it_loads_as_one_scrolls_also_when_its_point_in_time_has_expired(page: Browser, es: Elasticsearch) -> None:
    assert not page.all("form[data-kind=upload]")
    scroll_until(page, 3 * PAGE)
    assert len(page.titles()) < COUNT
    link = page.one(".more a").get_attribute("href")
    es.close_point_in_time(
        id=json.loads(base64.urlsafe_b64decode(parse_qs(urlsplit(link).query)["after"][0] + "=="))["pit"]
    )
    scroll_until(page, COUNT)
    assert sorted(page.titles()) == sorted(f"Number {id}" for id in range(COUNT))
    # Only the next page says that there are no more.
    page.wait(lambda: scroll_to_the_end(page) or not page.all(".more"))
    assert not page.all(".notice")


def test_it_says_when_it_cannot_and_goes_on_when_asked(page: Browser) -> None:
    def offline(is_it: bool) -> None:
        conditions = {"offline": is_it, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        page.driver.execute_cdp_cmd("Network.emulateNetworkConditions", conditions)

    page.driver.execute_cdp_cmd("Network.enable", {})
    offline(True)
    try:
        # What was asked for before may still arrive, and move the end away.
        page.wait(lambda: scroll_to_the_end(page) or page.all(".more .notice"))
        assert "The gallery does not answer" in page.one(".more .notice").text
    finally:
        offline(False)
    shown = len(page.titles())
    page.shot("could-not-load")
    page.one(".more a").click()
    page.wait(lambda: len(page.titles()) > shown)
    assert not page.all(".more .notice")
    # Chromium logs that it was offline.
    page.driver.get_log("browser")


def test_one_comes_back_to_the_place_one_left(page: Browser) -> None:
    scroll_until(page, 4 * PAGE)
    card = page.all(".card a")[3 * PAGE]
    page.js("arguments[0].scrollIntoView({block: 'center'})", card)
    left = page.js("return window.scrollY")
    assert left > 1000
    card.send_keys(Keys.ENTER)
    page.wait(lambda: page.all("main.detail"))
    page.press(Keys.ARROW_RIGHT)
    page.wait(lambda: "Number 48" in page.driver.title)
    page.press(Keys.ESCAPE)
    page.wait(lambda: page.all(".grid .card"))
    assert page.wait(page.focused) == f"{INDEX}/48"
    assert len(set(page.titles())) == len(page.titles()) >= 4 * PAGE
    assert abs(page.js("return window.scrollY") - left) < 300
    # It goes on from there.
    scroll_until(page, COUNT)
    page.js("window.scrollTo(0, 700)")
    page.js("document.querySelectorAll('.card a')[12].click()")
    page.wait(lambda: page.all("main.detail"))
    page.driver.back()
    page.wait(lambda: len(page.titles()) == COUNT)
    assert abs(page.js("return window.scrollY") - 700) < 5


def changed(page: Browser, heading: str) -> str:
    """The heading, when it has become another one."""
    page.wait(lambda: page.one("h1").text not in ("", heading))
    return str(page.one("h1").text)


@pytest.mark.parametrize("is_changed", [False, True])
def test_one_steps_on_where_the_loaded_list_ends(page: Browser, is_changed: bool) -> None:
    with page.that_loads_no_more():
        page.open()
        shown = page.titles()
        assert len(shown) == PAGE
        page.all(".card a")[-1].send_keys(Keys.ENTER)
        page.wait(lambda: page.all("main.detail"))
        last = page.one("h1").text
        for _ in range(2):
            page.wait(lambda: page.one("[data-step='1']").is_displayed())
            page.press(Keys.ARROW_RIGHT)
            last = changed(page, last)
        assert last not in shown
        if is_changed:
            page.js("changed()")
        page.press(Keys.ESCAPE)
        page.wait(lambda: page.all(".grid .card"))
        assert page.wait(page.focused) == f"{INDEX}/{last.removeprefix('Number ')}"
        assert page.titles()[:PAGE] == shown


def test_what_was_changed_is_seen_when_one_comes_back_and_nothing_is_lost(page: Browser, es: Elasticsearch) -> None:
    """A change makes a picture the newest one, which pushes another one from the first page."""
    scroll_until(page, 4 * PAGE)
    before = page.titles()
    card = page.all(".card a")[2 * PAGE]
    page.js("arguments[0].scrollIntoView({block: 'center'})", card)
    left = page.js("return window.scrollY")
    card.send_keys(Keys.ENTER)
    page.wait(lambda: page.all("main.detail"))
    key = page.one("main.detail").get_attribute("data-key")
    es.update(index=INDEX, id=key.partition("/")[2], doc={"title": "Another title"}, refresh=True)
    # As the forms of the page do it; this gallery only shows.
    page.js("changed()")
    page.press(Keys.ESCAPE)
    page.wait(lambda: page.all(".grid .card"))
    page.wait(lambda: len(page.titles()) >= len(before))
    assert page.titles()[0] == "Another title"
    assert page.titles()[1 : len(before)] == [title for title in before if title != before[2 * PAGE]]
    assert abs(page.js("return window.scrollY") - left) < 5
    scroll_until(page, COUNT)
    assert len(set(page.titles())) == COUNT


def test_one_comes_back_to_the_picture_in_a_window_of_another_size(page: Browser) -> None:
    """As on a phone that was turned to look at it: there the picture is at another place."""
    scroll_until(page, 4 * PAGE)
    card = page.all(".card a")[3 * PAGE]
    page.js("arguments[0].scrollIntoView({block: 'center'})", card)
    card.send_keys(Keys.ENTER)
    page.wait(lambda: page.all("main.detail"))
    key = page.one("main.detail").get_attribute("data-key")
    page.look(1200, 400)
    page.press(Keys.ESCAPE)
    page.wait(lambda: page.all(".grid .card"))
    page.wait(lambda: page.focused() == key)


def test_a_list_that_the_browser_kept_is_as_it_is_now_when_one_comes_back(page: Browser, es: Elasticsearch) -> None:
    scroll_until(page, 4 * PAGE)
    before = page.titles()
    page.js("document.querySelectorAll('.card a')[25].click()")
    page.wait(lambda: page.all("main.detail"))
    key = page.one("main.detail").get_attribute("data-key")
    es.update(index=INDEX, id=key.partition("/")[2], doc={"title": "The newest title"}, refresh=True)
    page.js("changed()")
    page.driver.back()
    page.wait(lambda: page.all(".grid .card"))
    page.wait(lambda: page.titles()[0] == "The newest title" and len(page.titles()) >= len(before))
    assert page.titles()[1 : len(before)] == [other for other in before if other != before[25]]


def test_one_steps_through_the_list_that_the_browser_kept_and_not_through_another_one(page: Browser) -> None:
    with page.that_loads_no_more():
        page.open("/?q=7")
        page.js("document.querySelector('.brand').click()")
        page.wait(lambda: len(page.titles()) == PAGE)
        page.driver.back()
        page.wait(lambda: page.titles() == ["Number 7"])
        page.wait(lambda: len(json.loads(page.js("return sessionStorage.getItem('order')"))) == 1)

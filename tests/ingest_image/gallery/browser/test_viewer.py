"""The viewer in Chromium: looking at pictures large, and turning and cropping them there."""

from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import Elasticsearch
from selenium.webdriver.common.keys import Keys

from tests.helpers.browser import Browser
from tests.ingest_image.gallery.browser import INDEX

FLOWER = f"/picture/{INDEX}?id=flower"


def size(browser: Browser) -> Any:
    script = "const image = document.querySelector('figure img'); return [image.naturalWidth, image.naturalHeight]"
    return browser.wait(lambda: (found := browser.js(script))[0] and found)


SCALE = "return document.querySelector('.viewer img').getBoundingClientRect().width / innerWidth"


def viewed(browser: Browser) -> str:
    return str(browser.one(".where").text)


def test_the_viewer_shows_the_results_large(browser: Browser) -> None:
    browser.open("/?q=lake OR cat OR coins")
    keys = browser.js("return [...document.querySelectorAll('.card')].map((card) => card.dataset.key)")
    browser.one(".card a").click()
    browser.one("figure a").click()
    browser.wait(lambda: viewed(browser) == f"1 of {len(keys)}")
    browser.shot("viewer")
    # Zoom: keys, wheel, double click.
    browser.press("+", "+")
    assert browser.js(SCALE) == pytest.approx(2.25)
    browser.press("0")
    assert browser.js(SCALE) == 1
    place = "document.querySelector('.field-of-view').dispatchEvent(new {}('{}', {{clientX: 600, clientY: 400, deltaY: -400, bubbles: true, cancelable: true}}))"
    browser.js(place.format("WheelEvent", "wheel"))
    assert browser.js(SCALE) == pytest.approx(2.718, abs=0.01)
    browser.js(place.format("MouseEvent", "dblclick"))
    assert browser.js(SCALE) == 1
    # Steps: keys, and a swipe to the left.
    browser.press(Keys.ARROW_RIGHT)
    browser.wait(lambda: viewed(browser) == f"2 of {len(keys)}")
    swipe(browser, (900, 400), (500, 410))
    browser.wait(lambda: viewed(browser) == f"3 of {len(keys)}")
    # Two fingers that part.
    swipe(browser, (600, 400), (600, 400), (700, 400), (900, 400))
    assert browser.js(SCALE) == pytest.approx(3)
    browser.press(Keys.ESCAPE)
    browser.wait(lambda: browser.one("main.detail").get_attribute("data-key") == keys[2])
    assert not browser.one(".viewer").is_displayed()


def test_results_are_turned_and_cropped_in_the_viewer(browser: Browser, es: Elasticsearch, added: list[str]) -> None:
    browser.open("/?q=the AND (first OR second)")
    first, second = browser.js("return [...document.querySelectorAll('.card')].map((card) => card.dataset.key)")
    browser.one(".card a").click()
    browser.one("figure a").click()
    shown = "const image = document.querySelector('.viewer img'); return [image.naturalWidth, image.naturalHeight]"
    browser.wait(lambda: browser.js(shown) == [1800, 1200])
    browser.press("r")
    browser.wait(lambda: browser.js(shown) == [1200, 1800])
    # As often as one likes, and others of the results, too.
    browser.one("[data-view=right]").click()
    browser.wait(lambda: browser.js(shown) == [1800, 1200])
    browser.press(Keys.ARROW_RIGHT)
    browser.wait(lambda: viewed(browser) == "2 of 2" and browser.js(shown) == [1800, 1200])
    browser.one("[data-view=left]").click()
    browser.wait(lambda: browser.js(shown) == [1200, 1800] and viewed(browser) == "2 of 2")
    browser.shot("viewer-turned")
    browser.one("[data-view=crop]").click()
    browser.wait(lambda: browser.one("main.detail").get_attribute("data-key") == second)
    browser.wait(lambda: browser.one(".crop").get_attribute("open"))
    assert size(browser) == [1200, 1800]
    browser.one(".crop input[name=top]").send_keys(Keys.HOME, Keys.DELETE, "50")
    browser.one(".crop button").click()
    browser.wait(lambda: size(browser) == [1200, 900])
    widths = [es.get(index=INDEX, id=key.partition("/")[2])["_source"]["image"]["width"] for key in (first, second)]
    assert widths == [1800, 1200]


def test_while_a_picture_is_turned_keys_are_for_the_viewer_and_it_can_be_closed(
    browser: Browser, added: list[str]
) -> None:
    """A button that is disabled would give the keyboard to the page below, where an arrow leads to another page."""
    browser.open("/?q=the AND (first OR second)")
    browser.one(".card a").click()
    assert size(browser) == [1800, 1200]
    browser.one("figure a").click()
    browser.wait(lambda: viewed(browser) == "1 of 2")
    browser.js(
        """
        const real = window.fetch;
        window.fetch = (path, ...more) => !path.startsWith("/operate") ? real(path, ...more)
            : new Promise((done) => { window.release = () => done(real(path, ...more)); });
        """
    )
    browser.one("[data-view=right]").click()
    browser.wait(lambda: browser.js("return Boolean(window.release)"))
    browser.press(Keys.ARROW_RIGHT)
    browser.wait(lambda: viewed(browser) == "2 of 2")
    # It is not asked for twice.
    browser.press("r")
    assert viewed(browser) == "2 of 2"
    browser.press(Keys.ARROW_LEFT)
    browser.wait(lambda: viewed(browser) == "1 of 2")
    browser.press(Keys.ESCAPE)
    browser.wait(lambda: not browser.one(".viewer").is_displayed())
    browser.js("window.release()")
    browser.wait(lambda: size(browser) == [1200, 1800])


def test_the_viewer_says_why_a_picture_is_not_changed_and_goes_on(
    browser: Browser, es: Elasticsearch, added: list[str]
) -> None:
    es.indices.put_settings(index=INDEX, settings={"index.default_pipeline": "_none"})
    try:
        browser.open("/?q=the AND (first OR second)")
        browser.one(".card a").click()
        browser.one("figure a").click()
        browser.wait(lambda: browser.js("return document.querySelector('.viewer img').naturalWidth"))
        browser.press("c")
        browser.wait(lambda: "Nothing in the pipeline of the index" in viewed(browser))
        assert browser.js("return location.hash") == ""
        browser.js("window.setTimeout = (act) => { window.next = act; }")
        browser.press("s")
        browser.js("window.next = null")
        browser.press("l")
        browser.wait(lambda: "Nothing in the pipeline of the index" in viewed(browser))
        # A slideshow shows the next one all the same.
        browser.wait(lambda: browser.js("return Boolean(window.next)"))
        browser.js("window.next()")
        browser.wait(lambda: viewed(browser) == "2 of 2")
    finally:
        es.indices.put_settings(index=INDEX, settings={"index.default_pipeline": "images"})


def swipe(browser: Browser, *places: tuple[int, int]) -> None:
    """One finger from the first place to the second; with four places, another from the third to the fourth."""
    browser.js(
        """
        const area = document.querySelector(".field-of-view");
        area.setPointerCapture = () => {};
        const fingers = [];
        for (let n = 0; n < arguments.length; n += 2) fingers.push([arguments[n], arguments[n + 1]]);
        const send = (kind, which, end) => fingers.forEach((finger, pointerId) => area.dispatchEvent(new PointerEvent(
            kind, {pointerId, clientX: finger[end][0], clientY: finger[end][1], bubbles: true})));
        send("pointerdown", 0, 0); send("pointermove", 0, 1); send("pointerup", 0, 1);
        """,
        *places,
    )


def test_a_slideshow_and_the_full_screen(browser: Browser) -> None:
    browser.open("/?q=lake OR cat OR coins")
    browser.one(".card a").click()
    browser.one("[data-open-viewer]")
    browser.press("f", "f")
    browser.wait(lambda: browser.js("return Boolean(document.fullscreenElement)"))
    browser.press("f")
    browser.wait(lambda: not browser.js("return Boolean(document.fullscreenElement)"))
    browser.js("const real = window.setTimeout; window.setTimeout = (act, time) => real(act, time / 50)")
    browser.press("s")
    assert browser.one("[data-view=play]").get_attribute("aria-pressed") == "true"
    browser.wait(lambda: viewed(browser).startswith("3 of"))


def test_without_results_there_is_one_picture(browser: Browser) -> None:
    browser.open(FLOWER)
    browser.js("sessionStorage.clear()")
    browser.open(FLOWER)
    browser.one(".tools a[download]").click()
    assert browser.downloaded("flower*").startswith(b"\xff\xd8") and not browser.all(".waiting")
    browser.one("figure a").click()
    assert viewed(browser) == "" and not browser.one("[data-view='1']").is_enabled()

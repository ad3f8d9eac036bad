"""Deleting pictures, and undoing that, in Chromium."""

from __future__ import annotations

import json

from elasticsearch import Elasticsearch
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.helpers.browser import Browser
from tests.ingest_image.gallery.browser import INDEX


def there(es: Elasticsearch, id: str) -> bool:
    return bool(es.exists(index=INDEX, id=id))


def test_deleting_can_be_undone(browser: Browser, es: Elasticsearch, added: list[str]) -> None:
    browser.open("/?q=first")
    browser.one(".card a").click()
    browser.one("[data-delete] button").click()
    browser.wait(lambda: "“The first” is being deleted" in browser.one(".toast").text)
    browser.wait(lambda: not [card for card in browser.all(".card") if card.is_displayed()])
    browser.shot("undo")
    browser.one(".undo").click()
    assert browser.one(".card").is_displayed() and there(es, "first")
    # Nothing is left to be done when the page is left.
    browser.open("/")
    assert there(es, "first")


def test_a_key_undoes_deleting_the_last_ones_first(browser: Browser, es: Elasticsearch, added: list[str]) -> None:
    """Its button is behind the whole list, and the keyboard would be there too late."""
    browser.open("/?q=the AND (first OR second)")
    # However long a busy machine takes, the time to undo it is not over.
    browser.js("window.setInterval = () => 0")
    keys = browser.js("return [...document.querySelectorAll('.card')].map((card) => card.dataset.key)")
    browser.press(Keys.ARROW_RIGHT, "x", Keys.DELETE)
    browser.one(".undo")
    browser.press(Keys.ARROW_RIGHT, "x", Keys.DELETE)
    browser.wait(lambda: len(browser.all(".undo")) == 2)
    ActionChains(browser.driver).key_down(Keys.CONTROL).send_keys("z").key_up(Keys.CONTROL).perform()
    browser.wait(lambda: len(browser.all(".undo")) == 1)
    shown = [card.get_attribute("data-key") for card in browser.all(".card") if card.is_displayed()]
    assert shown == [browser.focused()] == [keys[1]]
    # One steps to what is there only.
    assert [key for key, _ in json.loads(browser.js("return sessionStorage.getItem('order')"))] == shown
    ActionChains(browser.driver).key_down(Keys.CONTROL).send_keys("z").key_up(Keys.CONTROL).perform()
    browser.wait(lambda: not browser.all(".undo"))
    browser.open("/?q=coins")
    assert all(there(es, id) for id in added)


def test_what_was_deleted_by_leaving_the_page_is_not_offered_to_be_undone_when_one_comes_back(
    browser: Browser, es: Elasticsearch, added: list[str]
) -> None:
    browser.open("/?q=the AND (first OR second)")
    browser.press(Keys.ARROW_RIGHT, "x", Keys.DELETE)
    browser.one(".undo")
    browser.js("document.querySelector('.brand').click()")
    browser.wait(lambda: es.count(index=INDEX, query={"ids": {"values": added}})["count"] == 1)
    browser.driver.back()
    browser.wait(lambda: browser.one(".total").text == "1 picture")
    assert len([card for card in browser.all(".card") if card.is_displayed()]) == 1 and not browser.all(".undo")


def test_leaving_the_page_deletes(browser: Browser, es: Elasticsearch, added: list[str]) -> None:
    browser.open(f"/picture/{INDEX}?id=first")
    browser.one("[data-delete] button").click()
    browser.one(".undo")
    assert there(es, "first")
    browser.open("/?q=coins")
    browser.wait(lambda: not there(es, "first"))
    assert there(es, "second")


def test_whoever_deletes_is_at_the_next_picture_and_sees_how_many_are_left(browser: Browser, added: list[str]) -> None:
    browser.open("/?q=the AND (first OR second)")
    second = browser.js("return document.querySelectorAll('.card')[1].dataset.key")
    browser.press(Keys.ARROW_RIGHT, "x", Keys.DELETE)
    browser.wait(lambda: browser.focused() == second)
    # What has vanished is no stop on the way.
    browser.press(Keys.ARROW_LEFT)
    assert browser.focused() == second and browser.one(".total").text == "2 pictures"
    browser.one(".toast button[aria-label^=Close]").click()
    browser.wait(lambda: browser.one(".total").text == "1 picture")
    browser.press(Keys.ARROW_RIGHT, "x", Keys.DELETE)
    browser.one(".toast button[aria-label^=Close]").click()
    browser.wait(lambda: browser.one(".total").text == "0 pictures" and browser.all(".empty"))


def test_what_was_changed_meanwhile_is_not_deleted(browser: Browser, es: Elasticsearch, added: list[str]) -> None:
    browser.open(f"/picture/{INDEX}?id=first&q=first")
    browser.one("[data-delete] button").click()
    browser.one(".undo")
    es.update(index=INDEX, id="first", doc={"title": "The first, renamed"})
    # The time is over.
    browser.one(".toast button[aria-label^=Close]").click()
    browser.wait(lambda: "1 changed or deleted by somebody" in browser.one(".toast").text)
    assert there(es, "first")


def test_selected_pictures_are_tagged_and_deleted(browser: Browser, es: Elasticsearch, added: list[str]) -> None:
    browser.open("/?q=the AND (first OR second)")
    assert len(browser.titles()) == 2 and not browser.one("#selection").is_displayed()
    browser.press(Keys.ARROW_RIGHT, "x")
    assert browser.one(".chosen").text == "1 selected"
    browser.js(
        "document.querySelectorAll('.choose')[1].dispatchEvent(new MouseEvent('click', {shiftKey: true, bubbles: true}))"
    )
    browser.wait(lambda: browser.one(".chosen").text == "2 selected")
    browser.shot("selected")
    # A download leaves the page as it is, and nothing says that one has to wait.
    browser.one("[data-download]").click()
    assert len(browser.downloaded("*.zip")) > 1000 and not browser.all(".waiting")
    browser.one(".tagging input").send_keys("pair", Keys.ENTER)
    browser.wait(lambda: "2 pictures tagged" in browser.one(".toast").text)
    assert [es.get(index=INDEX, id=id)["_source"]["tags"] for id in added] == [["pair"], ["pair"]]
    assert not browser.one("#selection").is_displayed()
    # Keys: Esc unticks, Delete asks to delete those that are ticked, and both can be undone.
    browser.open("/?q=the AND (first OR second)")
    browser.press(Keys.ARROW_RIGHT, "x", Keys.ESCAPE)
    assert not browser.one("#selection").is_displayed() and not browser.all(".choose:checked")
    # One is still at the picture.
    browser.press("x", Keys.DELETE)
    browser.wait(lambda: "is being deleted" in browser.one(".toast").text)
    browser.one(".undo").click()
    browser.wait(lambda: len([card for card in browser.all(".card") if card.is_displayed()]) == 2)
    browser.open("/?f=tags:pair")
    browser.js("document.querySelector('.choose').click()")
    browser.one("[data-all]").click()
    browser.one("[data-delete-chosen]").click()
    browser.wait(lambda: "2 pictures are being deleted" in browser.one(".toast").text)
    assert all(there(es, id) for id in added)
    browser.open("/?q=coins")
    browser.wait(lambda: not any(there(es, id) for id in added))


def test_a_page_asks_about_very_many_and_the_form_is_what_it_was_when_one_comes_back(browser: Browser) -> None:
    """A browser shows the page as it was left, and "Download" has no address of its own."""
    browser.open("/")
    browser.js(
        """
        const documents = Array(3000).fill({version: "1:1:images/0123456789", title: "One"});
        window.fetch = async () => new Response(JSON.stringify({documents}));
        const form = document.querySelector("#selection");
        form.submit = () => { window.asked = form.getAttribute("action"); };
        askToDelete(form, ["images/1"], "/delete/ask", () => {});
        """
    )
    browser.wait(lambda: browser.js("return window.asked") == "/delete/ask")
    assert browser.one("#selection").get_dom_attribute("action") == "/download"

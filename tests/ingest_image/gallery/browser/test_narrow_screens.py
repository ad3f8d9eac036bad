"""Tablet and phone: no element of a page is wider than the screen or cut off, and the keyboard gets everywhere."""

from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import Elasticsearch
from selenium.webdriver.common.keys import Keys

from tests.helpers.browser import Browser

from .test_everybody import PAGES, place, prepared

__all__ = ["place"]

WIDTHS = (768, 375)
TAB = {"key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9}
# Elements that stick out to the side, unless one scrolls to them within another one; and those whose text has no room.
# What stands for a value counts as one.
MISFITS = """
const shown = (element) => element.checkVisibility({opacityProperty: true, visibilityProperty: true});
const scrolls = (element) => {
    for (let up = element.parentElement; up && up !== document.body; up = up.parentElement)
        if (getComputedStyle(up).overflowX !== "visible" || up.tagName === "svg") return true;
    return false;
};
const name = (element) => element.outerHTML.slice(0, 120);
const found = [];
for (const element of document.body.querySelectorAll("*")) {
    if (!shown(element) || element.closest(".visually-hidden, .skip, .zoomed")) continue;
    const box = element.getBoundingClientRect();
    const outside = box.width && (box.right > innerWidth + 1 || box.left < -1);
    if (outside && !scrolls(element)) found.push(["outside", name(element)]);
    const empty = element.matches("input[placeholder]") && !element.value;
    if (empty) element.value = element.placeholder;
    const style = getComputedStyle(element);
    const cuts = ["hidden", "clip"].includes(style.overflowX) && style.textOverflow !== "ellipsis";
    const hasRoom = element.clientWidth <= 1 || element.scrollWidth <= element.clientWidth + 1;
    if ((cuts || empty) && !hasRoom)
        found.push(["cut off", name(element), element.scrollWidth, element.clientWidth]);
    if (empty) element.value = "";
}
return found;
"""
# Those that take keys, as far as one can see them or gets to see them.
CONTROLS = """
return [...document.querySelectorAll("a[href], button, input, select, textarea, summary")]
    .filter((one) => !one.disabled && one.type !== "hidden" && one.tabIndex >= 0)
    .filter((one) => one.checkVisibility({visibilityProperty: true}))
    .map((one, number) => { one.dataset.number = number; return one.outerHTML.slice(0, 150); });
"""
# Whether one sees on it, in it or right around it that it has the focus.
SEEN = """
const one = document.activeElement;
const looks = () => [one, one.parentElement, ...one.children, ...(one.parentElement?.children || [])].map((each) => {
    const style = getComputedStyle(each);
    return [style.outlineStyle, style.outlineWidth, style.boxShadow, style.stroke, style.strokeWidth, style.top].join();
}).join(";");
const now = looks();
const number = one.dataset.number ?? null;
one.blur();
const before = looks();
one.focus({focusVisible: true, preventScroll: true});
return [number, now !== before, one.outerHTML.slice(0, 150)];
"""


@pytest.mark.timeout(400)
def test_nothing_sticks_out_or_is_cut_off(chromium: Any, es: Elasticsearch, place: str) -> None:
    page = Browser(chromium, place)
    found: list[Any] = []
    for name in PAGES:
        for width in WIDTHS:
            page.look(width, 900)
            prepared(page, name)
            page.shot(f"narrow-{name}-{width}", 0.4)
            found += [(name, width, *one) for one in page.js(MISFITS)]
    # Chromium logs the answer 404 itself.
    chromium.get_log("browser")
    assert found == []
    # It would say so.
    page.js("one('h1').style.width = '2000px'")
    assert {what for what, *_ in page.js(MISFITS)} == {"outside"}


@pytest.mark.parametrize("name", ["list", "selected", "recognized", "changes", "edit", "map", "request", "duplicates"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_keyboard_gets_everywhere_and_one_sees_where(
    chromium: Any, es: Elasticsearch, place: str, name: str, width: int
) -> None:
    page = Browser(chromium, place)
    page.look(width, 900)
    address, prepare = PAGES[name]
    page.open(address)
    if name == "duplicates":
        page.wait(lambda: page.all(".cluster"))
    page.js(prepare)
    page.js("document.activeElement.blur(); window.getSelection().removeAllRanges(); window.scrollTo(0, 0)")
    controls = page.js(CONTROLS)
    assert len(controls) > 5
    reached: set[int] = set()
    unseen: list[str] = []
    for _ in range(3 * len(controls)):
        tab(page)
        number, seen, html = page.js(SEEN)
        if number is None:
            continue
        if int(number) in reached and len(reached) == len(controls):
            break
        reached.add(int(number))
        if not seen:
            unseen.append(html)
    assert [html for number, html in enumerate(controls) if number not in reached] == []
    assert unseen == []


@pytest.mark.parametrize("width", (1280, *WIDTHS))
@pytest.mark.parametrize("message", ["", "Stored 1 picture."])
def test_messages_cover_nothing_that_is_done_with_what_is_selected(
    chromium: Any, place: str, width: int, message: str
) -> None:
    """The place for messages is there without one, too."""
    page = Browser(chromium, place)
    page.look(width, 900)
    page.open("/")
    page.js("document.querySelector('.choose').click(); if (arguments[0]) toast(arguments[0])", message)
    covered = """
        return [...document.querySelectorAll('#selection button, #selection input')].filter((one) => {
            const box = one.getBoundingClientRect();
            return !one.contains(document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2));
        }).map((one) => one.outerHTML);
    """
    assert page.js(covered) == []
    page.shot(f"narrow-selected-message-{width}", 0.4)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_viewer_keeps_the_keyboard_and_gives_it_back(
    chromium: Any, es: Elasticsearch, place: str, width: int
) -> None:
    page = Browser(chromium, place)
    page.look(width, 900)
    page.open(PAGES["viewer"][0])
    opener = "document.querySelector('figure a')"
    page.js(f"{opener}.focus()")
    page.press(Keys.ENTER)
    page.wait(lambda: page.one(".viewer").is_displayed())
    reached = set()
    for _ in range(30):
        tab(page)
        where = page.js(
            "const at = document.activeElement;"
            "return at === document.body ? '' : at.closest('.viewer') ? at.dataset.view : at.outerHTML"
        )
        reached.add(where)
    buttons = page.js("return [...document.querySelectorAll('.viewer button:enabled')].map((one) => one.dataset.view)")
    assert reached - {""} == set(buttons) and len(buttons) >= 5
    page.press(Keys.ESCAPE)
    page.wait(lambda: not page.one(".viewer").is_displayed())
    assert page.js(f"return document.activeElement === {opener}")


def tab(page: Browser) -> None:
    """Press Tab, as a key of the browser: what is typed into a field for files is taken for the name of one."""
    for kind in ("rawKeyDown", "keyUp"):
        page.driver.execute_cdp_cmd("Input.dispatchKeyEvent", {"type": kind, **TAB})

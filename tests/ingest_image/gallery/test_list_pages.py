"""Order, timeline and map of the list, with Flask's client."""

from __future__ import annotations

import re
from typing import Any

import click
import pytest
from flask.testing import FlaskClient

from ingest_image.gallery.commands import checked_tiles
from ingest_image.gallery.serving.security import POLICY
from ingest_image.gallery.showing import world
from ingest_image.gallery.showing.mercator import HEIGHT, WIDTH, View, tile_box
from ingest_image.search.comparing.likeness import likeness_of
from ingest_image.search.places import Region
from tests.helpers.fake_elasticsearch import FakeElasticsearch, make, stored

BY_MONTH = {"buckets": [{"key_as_string": "2019-12", "doc_count": 1}, {"key_as_string": "2020-05", "doc_count": 4}]}
PARIS = {"key": "4/8/5", "doc_count": 40, "middle": {"location": {"lat": 48.85, "lon": 2.35}}}
TILES = "https://tiles.example:8443/{z}/{x}/{y}.png"


@pytest.fixture
def counted(es: FakeElasticsearch, monkeypatch: pytest.MonkeyPatch) -> FakeElasticsearch:
    """Pictures with dates and places."""
    real = es.answer
    corners = {"top_left": {"lat": 60.0, "lon": -10.0}, "bottom_right": {"lat": 40.0, "lon": 20.0}}
    more: dict[str, Any] = {"month": BY_MONTH, "located": {"doc_count": 2}, "all": {"bounds": corners}}
    more["within"] = {"tiles": {"buckets": [PARIS, {**PARIS, "doc_count": 3}]}}

    def answer(method: str, path: str, body: Any) -> Any:
        found = real(method, path, body)
        if path.endswith("_search"):
            found["aggregations"] |= more
        return found

    monkeypatch.setattr(es, "answer", answer)
    es.documents["2"] = {"title": "Another", "image": stored()}
    return es


def test_the_order_is_part_of_the_question(page: FlaskClient, counted: FakeElasticsearch) -> None:
    html = page.get("/?q=lake&order=taken").text
    assert 'href="/?q=lake&amp;order=taken" aria-current="true">Taken' in html
    assert 'href="/?q=lake">Best match' in html and '<input type="hidden" name="order" value="taken">' in html
    sorts = [body["sort"] for _, target, body in counted.calls if "_search" in target and body.get("sort")]
    assert sorts[0][0]["image.metadata.taken_at"]["order"] == "desc"
    assert 'aria-current="true">Newest' in page.get("/").text and "Best match" not in page.get("/").text


def test_the_timeline_narrows_to_a_month_and_back(page: FlaskClient, counted: FakeElasticsearch) -> None:
    html = page.get("/?q=lake").text
    months = re.findall(r'href="(/\?q=lake&amp;f=month[^"]*)".*?visually-hidden">([^<]*)</span>', html, re.DOTALL)
    assert months == [
        ("/?q=lake&amp;f=month%3A2020-05", "May 2020, 4 pictures"),
        ("/?q=lake&amp;f=month%3A2019-12", "December 2019, 1 picture"),
    ]
    chosen = page.get("/?q=lake&f=month:2020-05&f=format:png").text
    assert 'href="/?q=lake&amp;f=format%3Apng" aria-current="true" title="May 2020: 4"' in chosen
    assert 'href="/?q=lake&amp;f=format%3Apng&amp;f=month%3A2019-12"' in chosen


def test_a_long_timeline_has_years_and_the_months_of_those_that_are_chosen(
    page: FlaskClient, counted: FakeElasticsearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = [{"key_as_string": f"{1950 + n // 12}-{1 + n % 12:02}", "doc_count": 1} for n in range(241)]
    monkeypatch.setitem(BY_MONTH, "buckets", long[1:])
    pattern = re.compile(r'href="([^"]*)"[^>]*title="[^"]*">(?:(?!<li).)*?visually-hidden">([^<]*)</span>', re.DOTALL)

    def shown(address: str) -> dict[str, str]:
        html = page.get(address).text
        return {name: found for found, name in pattern.findall(html.partition('class="timeline"')[2])}

    # Twenty years are shown whole.
    assert len(shown("/")) == 240 and "February 1950, 1 picture" in shown("/")
    monkeypatch.setitem(BY_MONTH, "buckets", long)
    years = shown("/")
    assert len(years) == 21 and years["1950, 12 pictures"] == "/?f=month%3A1950"
    assert years["1970, 1 picture"] == "/?f=month%3A1970" and sum(int(name.split()[1]) for name in years) == 241
    opened = shown("/?f=month:1950")
    assert len(opened) == 33 and opened["1950, 12 pictures"] == "/"
    assert opened["March 1950, 1 picture"] == "/?f=month%3A1950-03"
    assert shown("/?f=month:1950-03")["March 1950, 1 picture"] == "/"


def test_values_of_a_facet_are_called_alternatives(page: FlaskClient) -> None:
    chips = re.findall(r'class="chip" href="[^"]*">([^<]*)', page.get("/?f=format:png&f=format:gif&f=color:teal").text)
    assert chips == ["format: png", "or format: gif", "color: teal"]
    chips = re.findall(r'class="chip" href="[^"]*">([^<]*)', page.get("/?f=error:*&f=!error:truncated_image").text)
    assert chips == ["with a problem", "not problem: truncated image"]


@pytest.mark.parametrize(
    ("embedder", "words"),
    [
        ("builtin-v1", {0.86: "a little alike", 0.9: "a little alike", 0.92: "alike", 0.97: "near copy"}),
        (None, {0.51: "a little alike", 0.7: "alike", 0.9: "near copy"}),
    ],
)
def test_likeness_is_said_in_words(embedder: str | None, words: dict[float, str]) -> None:
    assert {value: likeness_of(embedder).in_words(value) for value in words} == words


def test_the_map_leads_closer_and_to_the_pictures(page: FlaskClient, counted: FakeElasticsearch) -> None:
    assert 'href="/map?q=lake">Map' in page.get("/?q=lake").text
    html = page.get("/map?q=lake&f=format:png").text
    assert "43 pictures here" in html and "world.svg#land" in html and "<image" not in html
    assert 'aria-label="40 pictures: look closer"' in html and "at=48.8500%2C2.3500%2C6" in html
    few = re.findall(r'href="([^"]*)" aria-label="3 pictures: show them"', html)
    assert few == ["/?q=lake&amp;f=format%3Apng&amp;f=place%3A40.97990%2C0.00000..55.77657%2C22.50000"]
    assert page.get(few[0].replace("&amp;", "&")).status_code == 200


def test_the_request_is_only_text(page: FlaskClient) -> None:
    assert 'href="/request?q=lake">Show the request' in page.get("/?q=lake").text
    html = page.get('/request?q="</pre><script>alert(1)</script>"').text
    assert "<script>alert" not in html and "GET images*/_search?ignore_unavailable=true" in html
    assert page.get("/request?color=tealish").status_code == 400


@pytest.mark.parametrize("at", ["", "x", "1,2", "nan,nan,nan", "91,0,3", "0,0,1e9", "0,0,0", "1,2,3,4", "0,0,5"])
def test_an_address_of_a_map_may_be_anything(page: FlaskClient, counted: FakeElasticsearch, at: str) -> None:
    assert page.get(f"/map?at={at}").status_code == 200


def test_no_picture_with_a_place(page: FlaskClient) -> None:
    assert ">Map<" not in page.get("/").text
    assert "No picture with a place is here" in page.get("/map").text
    assert page.get("/map?color=tealish").status_code == 400


def test_tiles_are_the_only_thing_that_comes_from_elsewhere(es: FakeElasticsearch) -> None:
    page = make(es, tiles=TILES, tiles_credit="© <b>us")
    answer = page.get("/map?at=48.85,2.35,5")
    assert 'href="https://tiles.example:8443/5/16/11.png"' in answer.text and "© &lt;b&gt;us" in answer.text
    allowed = answer.headers["Content-Security-Policy"]
    assert allowed == POLICY.replace("img-src 'self'", "img-src 'self' https://tiles.example:8443")


@pytest.mark.parametrize("address", ["", TILES, "http://127.0.0.1:8080/t?z={z}&x={x}&y={y}"])
def test_addresses_of_tiles(address: str) -> None:
    assert checked_tiles(address) == address


@pytest.mark.parametrize(
    "address", ["tiles", "https://a.example/{z}/{x}", "https://a;script-src b/{z}/{x}/{y}", "file:///{z}/{x}/{y}"]
)
def test_what_is_no_address_of_tiles(address: str) -> None:
    with pytest.raises(click.BadParameter, match="valid is https://tiles"):
        checked_tiles(address)


def test_a_map_shows_what_it_is_around() -> None:
    for box in (
        Region(40, -10, 60, 20),
        Region(-33.9, 151.1, -33.8, 151.3),
        Region(-60, -179, 75, 179),
        Region(5, 5, 5, 5),
    ):
        view = View.around(box, 12)
        for latitude, longitude in ((box.south, box.west), (box.north, box.east)):
            x, y = view.place(latitude, longitude)
            assert -60 <= x <= WIDTH + 60 and -60 <= y <= HEIGHT + 60
            assert view.degrees(x, y) == pytest.approx((latitude, longitude), abs=1e-6)


def test_a_map_of_one_place_is_no_blank_page_without_tiles(
    counted: FakeElasticsearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twelve steps closer the outline of the world has nothing but land, or nothing but sea."""
    monkeypatch.setattr(world, "whereabouts", lambda *_: Region(48.85, 2.35, 48.851, 2.351))
    sides = [re.search(r'class="land"[^>]* width="(\d+)"', make(counted).get("/map").text)]
    assert [found and int(found[1]) for found in sides] == [256 << 5]
    tiled = make(counted, tiles="https://tiles.example/{z}/{x}/{y}.png").get("/map").text
    assert "https://tiles.example/12/" in tiled


def test_a_map_ends_at_its_sides_where_the_world_ends() -> None:
    for view in (View.around(Region(-34, 2, 53, 151), 12), View(0, 10, 3).moved(5, 0), View(0, 10, 2).moved(-5, 0)):
        assert view.left <= 0.01 and view.left + view.side >= WIDTH - 0.01
    # The whole world is smaller than the map.
    assert View(0, 10, 1).moved(0.4, 0).longitude == 0


def test_a_tile_is_where_it_is_drawn() -> None:
    view = View(48.85, 2.35, 5)
    for column, row, x, y in view.tiles():
        box = tile_box(f"5/{column}/{row}")
        assert view.place(box.north, box.west) == pytest.approx((x, y), abs=0.01)

"""Starting a gallery, and opening one with the question of a command line."""

from __future__ import annotations

import threading
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
from click.testing import CliRunner
from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig
from elastic_transport import ConnectionError as NoConnection
from elasticsearch import AuthenticationException
from werkzeug.datastructures import MultiDict

from ingest_image.gallery import commands, launch
from ingest_image.gallery.commands import gallery
from ingest_image.gallery.launch import make_gallery, open_gallery, settings_for
from ingest_image.gallery.page_query import PageQuery
from ingest_image.gallery.serving.server import GalleryServer
from ingest_image.search_command import search
from tests.helpers.fake_elasticsearch import FakeElasticsearch
from tests.helpers.galleries import HOST, gallery_settings, running_gallery
from tests.helpers.paths import PICTURES
from tests.helpers.ports import free_port

FLOWER = str(PICTURES / "pillow/flower.jpg")


@pytest.fixture
def running(es: FakeElasticsearch) -> Iterator[GalleryServer]:
    with running_gallery(es.client, gallery_settings()) as server:
        yield server


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that a browser was asked to open."""
    addresses: list[str] = []
    monkeypatch.setattr(webbrowser, "open", addresses.append)
    return addresses


def test_a_running_gallery_is_opened(es: FakeElasticsearch, running: GalleryServer, opened: list[str]) -> None:
    query = PageQuery(words="lake", filters=("format:jpeg",))
    open_gallery(es.client, "images*", running.port, query, like="1", pipeline="images")
    assert opened == [f"http://127.0.0.1:{running.port}/?q=lake&like=images%2F1&f=format%3Ajpeg"]


def test_with_a_file(es: FakeElasticsearch, running: GalleryServer, opened: list[str]) -> None:
    open_gallery(es.client, "images*", running.port, PageQuery(), like=FLOWER, pipeline="images")
    key = opened[0].partition("/?like=dropped%3A")[2]
    assert len(key) == 32


def test_with_a_file_that_is_too_large(es: FakeElasticsearch, running: GalleryServer, tmp_path: Path) -> None:
    large = tmp_path / "large.jpg"
    large.write_bytes(bytes(46 << 20))
    with pytest.raises(click.ClickException, match="is too large for the gallery at http"):
        open_gallery(es.client, "images*", running.port, PageQuery(), like=str(large), pipeline="images")


def test_a_gallery_of_other_indices_is_left_alone(es: FakeElasticsearch, running: GalleryServer) -> None:
    with pytest.raises(click.ClickException, match="shows images\\*, not people"):
        open_gallery(es.client, "people", running.port, PageQuery(), like=None, pipeline="images")


def test_one_is_started_where_none_runs(
    es: FakeElasticsearch, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    served = []

    def serve(server: GalleryServer, sentence: str) -> None:
        assert sentence.endswith("Ctrl-C stops it")
        thread = threading.Thread(target=server.run)
        thread.start()
        for _ in range(600):
            if opened:
                break
            thread.join(0.1)
        server.stop()
        thread.join()
        served.append(server)

    monkeypatch.setattr(launch, "serve", serve)
    open_gallery(es.client, "images*", free_port(), PageQuery(words="lake"), like=FLOWER, pipeline="images")
    assert served and "q=lake&like=dropped%3A" in opened[0]


def test_the_port_is_taken(es: FakeElasticsearch, running: GalleryServer) -> None:
    with pytest.raises(click.ClickException, match="choose another one with --port"):
        make_gallery(es.client, gallery_settings(), HOST, running.port)


@pytest.mark.parametrize(
    ("host", "says"),
    [
        ("no.such.host.invalid", "there is no address no.such.host.invalid"),
        ("192.0.2.1", "cannot listen on port 0 of 192"),
    ],
)
def test_an_address_that_is_not_this_machine_s(es: FakeElasticsearch, host: str, says: str) -> None:
    with pytest.raises(click.ClickException, match=says):
        make_gallery(es.client, settings_for("", host, "images*"), host, 0)


def test_on_loopback_only_its_own_names_are_answered() -> None:
    assert settings_for("", "127.0.0.1", "i").hosts == {"127.0.0.1", "localhost", "::1"}
    assert settings_for("", "0.0.0.0", "i").hosts == frozenset()
    assert settings_for("", "0.0.0.0", "i", ["Pictures.example"]).hosts == {"pictures.example"}


def test_where_added_pictures_go_must_be_clear() -> None:
    result = CliRunner().invoke(gallery, ["--index", "a,b"])
    assert result.exit_code == 2
    assert "name the index for added pictures with --upload-index" in result.output


def test_a_refused_password_is_told_at_once(monkeypatch: pytest.MonkeyPatch, es: FakeElasticsearch) -> None:
    """Before a page is served that shows nothing but errors. What does not answer yet may come later."""
    served: list[str] = []
    monkeypatch.setattr("pipelines.cluster.client.Elasticsearch", lambda *args, **kwargs: es.client)
    monkeypatch.setattr(commands, "make_gallery", lambda *_: SimpleNamespace(port=1))
    monkeypatch.setattr(commands, "serve", lambda server, sentence: served.append(sentence))
    arguments = ["--port", "0", "--username", "ann", "--password", "wrong"]
    es.fails = NoConnection("nobody is there")
    assert CliRunner().invoke(gallery, arguments).exit_code == 0 and len(served) == 1
    meta = ApiResponseMeta(401, "1.1", HttpHeaders(), 0.1, NodeConfig("http", HOST, 9))
    es.fails = AuthenticationException("security_exception", meta, {})
    result = CliRunner().invoke(gallery, arguments)
    assert result.exit_code == 1 and "refuses the password of ann" in result.output and len(served) == 1


def test_the_search_command_opens_the_page(
    monkeypatch: pytest.MonkeyPatch, es: FakeElasticsearch, tmp_path: Path
) -> None:
    seen = []
    monkeypatch.setattr("pipelines.cluster.client.Elasticsearch", lambda *args, **kwargs: es.client)
    monkeypatch.setattr(
        launch, "open_gallery", lambda client, index, port, query, **more: seen.append((index, port, query, more))
    )
    arguments = ["lake", "--open", "--like", FLOWER, "--near-duplicate", "--color", "teal", "--filter", "format:jpeg"]
    arguments += ["--color-distance", "2.5", "--color-share", "0.3", "--size", "7", "--distance", "12"]
    result = CliRunner().invoke(search, arguments)
    assert result.exit_code == 0, result.output
    ((index, port, query, more),) = seen
    assert (index, port, more) == ("images*", 8091, {"like": FLOWER, "pipeline": "images"})
    assert query.pairs() == [
        ("q", "lake"),
        ("near", "1"),
        ("distance", "12"),
        ("color", "teal"),
        ("f", "format:jpeg"),
        ("color_distance", "2.5"),
        ("color_share", "0.3"),
        ("size", "7"),
    ]
    # The page understands them, and keeps them in its own addresses.
    assert PageQuery.of(MultiDict(query.pairs())) == query


def test_numbers_of_an_address_have_limits() -> None:
    wild = {"distance": "-5", "color_distance": "nan", "color_share": "7", "size": "1000000"}
    query = PageQuery.of(MultiDict(wild))
    assert (query.distance, query.color_distance, query.color_share, query.size) == (0, 0, 1, 1000)


def test_the_page_has_no_marks_of_pages() -> None:
    result = CliRunner().invoke(search, ["--open", "--after", "x"])
    assert result.exit_code == 2 and "leave out --after" in result.output

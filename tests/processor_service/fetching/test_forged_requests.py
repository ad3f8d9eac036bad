"""Server-side request forgery, tried with a real server on loopback. Only what the resolver says is made up."""

from __future__ import annotations

import socket
import ssl
import threading
from pathlib import Path
from typing import Any

import pytest

from processor_service.errors import Code
from processor_service.fetching.fetcher import Fetcher
from tests.helpers.web_server import Stranger, certificate_of, gives, redirects, stranger

from .asked import CAT, refused, settings, url


def test_a_picture_comes_with_nothing_said_about_us(server: Stranger) -> None:
    assert Fetcher(settings(server)).fetch(url(server, "/cat.jpg?size=1")) == CAT
    [(path, headers)] = server.asked
    assert path == "/cat.jpg?size=1"
    assert headers == {
        "Host": f"127.0.0.1:{server.port}",
        "User-Agent": headers["User-Agent"],
        "Accept": "image/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    assert headers["User-Agent"].startswith("ingest-image/")


def test_a_host_that_is_not_named_is_not_even_looked_up(server: Stranger, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_lookup(*_: Any, **__: Any) -> Any:
        raise AssertionError("looked up")

    monkeypatch.setattr(socket, "getaddrinfo", no_lookup)
    assert "IMAGE_URL_HOSTS" in refused(Code.URL_NOT_ALLOWED, settings(server), "http://other.test/cat.jpg")
    assert server.asked == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "images.test"])
def test_loopback_is_refused_though_its_name_is_allowed(
    server: Stranger, names: dict[str, list[list[str]]], host: str
) -> None:
    names["images.test"] = [["127.0.0.1"]]
    refused(Code.URL_NOT_ALLOWED, settings(server, networks=""), url(server, host=host))
    assert server.asked == []


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "0x7f000001",
        "017700000001",
        "127.1",
        "0x7f.0.0.1",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[::1]",
        "0.0.0.0",
    ],
)
def test_other_forms_of_loopback_are_refused_though_every_host_is_allowed(server: Stranger, host: str) -> None:
    refused(Code.URL_NOT_ALLOWED, settings(server, hosts=f"*:{server.port}", networks=""), url(server, host=host))
    assert server.asked == []


def test_one_forbidden_ip_among_public_ones_is_enough(server: Stranger, names: dict[str, list[list[str]]]) -> None:
    names["images.test"] = [["8.8.8.8", "127.0.0.1"]]
    refused(Code.URL_NOT_ALLOWED, settings(server, networks=""), url(server, host="images.test"))
    assert server.asked == []


def test_a_name_that_changes_between_check_and_connect_leads_nowhere_else(
    server: Stranger, names: dict[str, list[list[str]]]
) -> None:
    """The first answer is checked and connected to; a second one, which would be loopback, is never asked for."""
    names["images.test"] = [["127.0.0.9"], ["127.0.0.1"]]
    only_nine = settings(server, networks="127.0.0.9/32", url_timeout=1)
    refused(Code.URL_UNREACHABLE, only_nine, url(server, host="images.test"))
    assert server.asked == []
    assert names["images.test"] == [["127.0.0.1"]], "looked up more than once"
    refused(Code.URL_NOT_ALLOWED, only_nine, url(server, host="images.test"))


def test_redirects_are_followed_and_each_is_checked(server: Stranger, names: dict[str, list[list[str]]]) -> None:
    names["images.test"] = [["127.0.0.1"]]
    server.paths["/1"] = redirects("/2", 301)
    server.paths["/2"] = redirects(f"//images.test:{server.port}/3", 307)
    server.paths["/3"] = redirects("cat.jpg", 308)
    assert Fetcher(settings(server)).fetch(url(server, "/1")) == CAT
    assert [headers["Host"] for _, headers in server.asked[-2:]] == [f"images.test:{server.port}"] * 2


@pytest.mark.parametrize(
    "to",
    [
        "http://127.0.0.1:{inside}/secret",
        "http://2130706433:{inside}/secret",
        "http://[::ffff:127.0.0.1]:{inside}/secret",
        "http://inside.test:{inside}/secret",
        "http://user:password@127.0.0.1:{inside}/secret",
        "//127.0.0.1:{inside}/secret",
        "file:///etc/passwd",
        "http://[bad",
        "//[::1",
        "http:\\\\127.0.0.1",
        "http://169.254.169.254/latest/meta-data/",
    ],
)
def test_a_redirect_to_the_inside_is_refused(server: Stranger, names: dict[str, list[list[str]]], to: str) -> None:
    """The outside is played by 127.0.0.9, the only address that is allowed; every host name is."""
    names["outside.test"], names["inside.test"] = [["127.0.0.9"]], [["127.0.0.1"]]
    outside = Stranger("127.0.0.9")
    threading.Thread(target=outside.serve_forever, kwargs={"poll_interval": 0.05}).start()
    try:
        outside.paths["/"] = redirects(to.format(inside=server.port))
        allowed = settings(server, hosts=f"*:{outside.port} *:{server.port} *", networks="127.0.0.9/32")
        refused(Code.URL_NOT_ALLOWED, allowed, f"http://outside.test:{outside.port}/")
        assert (len(outside.asked), server.asked) == (1, [])
    finally:
        outside.shutdown()
        outside.server_close()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of `images.test`, signed by itself, with its key."""
    return certificate_of("images.test", tmp_path)


def test_tls_is_verified_against_the_name_in_the_address(
    certificate: Path, names: dict[str, list[list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    names["images.test"], names["other.test"] = [["127.0.0.1"]], [["127.0.0.1"]]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, f"{certificate}.key")
    shown: list[str] = []
    context.sni_callback = lambda _socket, name, _context: shown.append(name)
    with stranger({"/cat.jpg": gives(CAT), "/down": redirects("http://images.test/cat.jpg")}, tls=context) as server:
        allowed = settings(server, hosts=f"images.test:{server.port} other.test:{server.port} images.test")
        there = f"https://images.test:{server.port}"
        refused(Code.URL_UNREACHABLE, allowed, f"{there}/cat.jpg")  # nobody trusts it yet
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert Fetcher(allowed).fetch(f"{there}/cat.jpg") == CAT
        assert shown[-1] == "images.test"
        refused(Code.URL_UNREACHABLE, allowed, f"https://other.test:{server.port}/cat.jpg")
        assert "https to http" in refused(Code.URL_NOT_ALLOWED, allowed, f"{there}/down")

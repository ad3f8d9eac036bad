"""Server-side request forgery, tried with a real server on loopback. Only what the resolver says is made up."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from processor_service.errors import Code, ImageError
from processor_service.fetching.fetcher import Fetcher
from processor_service.settings import Settings
from tests.helpers.pictures import picture
from tests.helpers.web_server import Stranger, certificate_of, gives, raw, redirects, stranger

CAT = picture("pillow/hopper.jpg")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n"


@pytest.fixture
def server() -> Iterator[Stranger]:
    with stranger({"/cat.jpg": gives(CAT)}) as running:
        yield running


def settings(server: Stranger, hosts: str = "", networks: str = "127.0.0.0/8", **more: Any) -> Settings:
    hosts = hosts or f"127.0.0.1:{server.port}, localhost:{server.port}, images.test:{server.port}"
    more = {"url_timeout": 2, "max_image_bytes": 100_000, **more}
    return Settings(url_hosts=hosts, url_private_networks=networks, **more)


def refused(code: Code, with_settings: Settings, url: str) -> str:
    with pytest.raises(ImageError) as refusal:
        Fetcher(with_settings).fetch(url)
    assert refusal.value.code is code, refusal.value
    return refusal.value.reason


def url(server: Stranger, path: str = "/cat.jpg", host: str = "127.0.0.1") -> str:
    return f"http://{host}:{server.port}{path}"


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """A resolver with names of our own: for each lookup of a name the next list of IP addresses, the last one forever."""
    known: dict[str, list[list[str]]] = {}
    real = socket.getaddrinfo

    def lookup(host: str, port: int, **options: Any) -> list[Any]:
        if host not in known:
            return real(host, port, **options)
        answers = known[host]
        ips = answers.pop(0) if len(answers) > 1 else answers[0]
        return [found for ip in ips for found in real(ip, port, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    return known


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


def test_redirects_without_end_end(server: Stranger) -> None:
    server.paths["/loop"] = redirects("/loop")
    refused(Code.URL_NOT_FOUND, settings(server), url(server, "/loop"))
    assert len(server.asked) == 6


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (404, Code.URL_NOT_FOUND),
        (403, Code.URL_NOT_FOUND),
        (204, Code.URL_NOT_FOUND),
        (206, Code.URL_NOT_FOUND),
        (302, Code.URL_NOT_FOUND),
        (429, Code.URL_UNREACHABLE),
        (500, Code.URL_UNREACHABLE),
        (503, Code.URL_UNREACHABLE),
    ],
)
def test_what_a_status_means(server: Stranger, status: int, code: Code) -> None:
    server.paths["/x"] = gives(b"", status)
    assert str(status) in refused(code, settings(server), url(server, "/x"))


def timed(call: Callable[[], object]) -> float:
    start = time.monotonic()
    call()
    return time.monotonic() - start


@pytest.mark.parametrize(
    "behaviour",
    [
        raw(b"HTTP/1.1 200 OK\r\n", b"X-Drip: 1\r\n", pause=0.2, then=lambda: True),
        raw(b"HTTP/1.1 100 Continue\r\n\r\n", pause=0.1, then=lambda: True),
        raw(HEAD + b"\r\n", b"x", pause=0.2, then=lambda: True),
        raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", pause=0.2, then=lambda: True),
        raw(b"", pause=60),
    ],
    ids=["header", "continue", "body", "chunks", "silence"],
)
def test_what_drips_is_cut_off_at_the_deadline(server: Stranger, behaviour: Any) -> None:
    server.paths["/x"] = behaviour
    seconds = timed(lambda: refused(Code.URL_TOO_SLOW, settings(server, url_timeout=1), url(server, "/x")))
    # The stranger itself never ends it.
    assert 0.9 < seconds < 30


def test_a_resolver_that_hangs_is_not_waited_for(server: Stranger, monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(120))
    seconds = timed(lambda: refused(Code.URL_TOO_SLOW, settings(server, url_timeout=1), url(server)))
    over.set()
    assert seconds < 60


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"Content-Length: 10\r\nTransfer-Encoding: chunked\r\n",
        b"Content-Length: 99999999999\r\n",
        b"Content-Length: -5\r\n",
    ],
)
def test_an_endless_body_ends_at_the_limit(server: Stranger, head: bytes) -> None:
    block = b"x" * 10_000
    if b"chunked" in head:
        block = b"2710\r\n" + block + b"\r\n"
    server.paths["/x"] = raw(HEAD + head + b"\r\n", block, then=lambda: True)
    refused(Code.IMAGE_TOO_LARGE, settings(server), url(server, "/x"))


def test_a_body_that_ends_early_is_no_truncated_picture(server: Stranger) -> None:
    server.paths["/x"] = raw(HEAD + b"Content-Length: 50000\r\n\r\n" + CAT[:5000])
    refused(Code.URL_UNREACHABLE, settings(server), url(server, "/x"))
    server.paths["/y"] = raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n100\r\nabc")
    refused(Code.URL_UNREACHABLE, settings(server), url(server, "/y"))


def test_no_more_than_the_length_that_was_said_is_read(server: Stranger) -> None:
    server.paths["/x"] = raw(HEAD + b"Content-Length: 9\r\n\r\n123456789 and more")
    assert Fetcher(settings(server)).fetch(url(server, "/x")) == b"123456789"


def test_a_compressed_bomb_is_not_unpacked(server: Stranger) -> None:
    server.paths["/x"] = gives(gzip.compress(bytes(50_000_000)), Content_Encoding="gzip")
    refused(Code.NOT_AN_IMAGE, settings(server), url(server, "/x"))


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 99_999 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n",
    ],
)
def test_what_is_no_http_is_unreachable(server: Stranger, answer: bytes) -> None:
    server.paths["/x"] = raw(answer)
    refused(Code.URL_UNREACHABLE, settings(server), url(server, "/x"))


def test_nobody_there(server: Stranger, names: dict[str, list[list[str]]]) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        refused(Code.URL_UNREACHABLE, settings(server, hosts=f"127.0.0.1:{port}"), f"http://127.0.0.1:{port}/")
    refused(Code.URL_UNREACHABLE, settings(server, hosts="no-such-name.invalid"), "http://no-such-name.invalid/")


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

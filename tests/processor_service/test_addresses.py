"""Which addresses a picture may be fetched from; nothing is fetched here."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from processor_service.addresses import check_host, check_ip, parse_address
from processor_service.errors import Code, ImageError
from processor_service.settings import Settings


@pytest.mark.parametrize(
    "url",
    [
        None,
        5,
        "",
        "cat.jpg",
        "//images.example.org/cat.jpg",
        "ftp://images.example.org/cat.jpg",
        "file:///etc/passwd",
        "gopher://images.example.org/",
        "data:image/png;base64,AAAA",
        "jar:https://images.example.org!/",
        "https://user@images.example.org/",
        "https://user:secret@images.example.org/",
        "https://images.example.org@127.0.0.1/",
        "https://@images.example.org/",
        "https://images.example.org\\@127.0.0.1/",
        "https://images.example.org /cat.jpg",
        "https://images.example.org/\r\nHost: inside",
        "https://images.example.org/\tcat",
        "https://im\u00adages.example.org/",
        "https://ımages.example.org/",
        "https:///cat.jpg",
        "https://.example.org/",
        "https://images..example.org/",
        "https://" + "a" * 64 + ".example.org/",
        "https://images.example.org:0x50/",
        "https://images.example.org:99999/",
        "https://[::1/",
        "https://[fe80::1%25eth0]/",
        "https://[v1.a]/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://017700000001/",
        "https://127.1/",
        "https://127.0.0.01/",
        "https://127.0.0.1.1/",
        "https://a.0x/",
        "https://images.example.org/" + "a" * 5000,
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(url: object) -> None:
    with pytest.raises(ImageError) as refusal:
        parse_address(url)
    assert refusal.value.code is Code.URL_NOT_ALLOWED
    assert "secret" not in refusal.value.reason


@given(st.text(st.sampled_from("htps:/@[].\\?#%0x1aé\u3002\uff0f\t ")) | st.text())
def test_anything_is_an_address_or_refused(text: str) -> None:
    for url in (text, f"https://{text}", f"http://a.test/{text}"):
        try:
            address = parse_address(url)
        except ImageError as refusal:
            assert refusal.code is Code.URL_NOT_ALLOWED
        else:
            assert address.host.isascii() and address.target.isascii() and address.target.startswith("/")
            assert not set(address.host + address.target) & set(" \t\r\n@\\") - set("@")


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("https://Images.Example.org", ("https", "images.example.org", 443, "/")),
        ("HTTP://images.example.org.:8080/a/b%20c?d=e&f#g", ("http", "images.example.org", 8080, "/a/b%20c?d=e&f")),
        (
            "https://images.example.org/Bücher/ä.jpg?ö",
            ("https", "images.example.org", 443, "/B%C3%BCcher/%C3%A4.jpg?%C3%B6"),
        ),
        ("http://127.0.0.1/x", ("http", "127.0.0.1", 80, "/x")),
        ("http://[0:0::1]:99/x", ("http", "::1", 99, "/x")),
    ],
)
def test_what_is_asked_for_and_where(url: str, parts: tuple[str, str, int, str]) -> None:
    address = parse_address(url)
    assert (address.scheme, address.host, address.port, address.target) == parts
    assert parse_address(address.url()) == address


@pytest.mark.parametrize(
    ("pattern", "url", "allowed"),
    [
        ("images.example.org", "https://images.example.org/", True),
        ("images.example.org", "http://IMAGES.example.org./", True),
        ("images.example.org", "https://images.example.org:8443/", False),
        ("images.example.org", "http://images.example.org:443/", False),
        ("images.example.org", "https://images.example.org.evil.test/", False),
        ("images.example.org", "https://xn--images.example.org/", False),
        ("images.example.org:8443", "https://images.example.org:8443/", True),
        ("images.example.org:8443", "https://images.example.org/", False),
        ("*.example.org", "https://a.b.example.org/", True),
        ("*.example.org", "https://example.org/", False),
        ("*.example.org", "https://badexample.org/", False),
        ("*", "https://anything.test/", True),
        ("*", "https://anything.test:81/", False),
        ("*:81", "http://anything.test:81/", True),
        ("[::1]:81", "http://[0::1]:81/", True),
        ("[::1]", "http://[::2]/", False),
        ("127.0.0.1:81", "http://127.0.0.1:81/", True),
    ],
)
def test_hosts_and_ports_are_named_by_patterns(pattern: str, url: str, allowed: bool) -> None:
    if allowed:
        check_host(parse_address(url), [pattern])
    else:
        with pytest.raises(ImageError, match="url_not_allowed"):
            check_host(parse_address(url), [pattern])


@pytest.mark.parametrize(
    "ip",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "169.254.1.1",
        "100.64.0.1",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::8.8.8.8",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::8.8.8.8",
        "64:ff9b:1::a00:1",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:db8::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_what_is_not_public_is_refused_in_whatever_form(ip: str) -> None:
    with pytest.raises(ImageError) as refusal:
        check_ip(ip, ())
    assert refusal.value.code is Code.URL_NOT_ALLOWED
    assert ip not in refusal.value.reason


@pytest.mark.parametrize("ip", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_what_is_public_is_allowed(ip: str) -> None:
    check_ip(ip, ())


def test_a_setting_allows_networks_by_name_but_never_where_credentials_are() -> None:
    networks = [ipaddress.ip_network(text) for text in ("10.1.0.0/16", "169.254.0.0/16", "64:ff9b::/96", "fd00::/8")]
    for ip in ("10.1.2.3", "::ffff:10.1.2.3", "169.254.1.1", "64:ff9b::8.8.8.8", "64:ff9b::10.1.2.3", "fd00::1"):
        check_ip(ip, networks)
    for ip in ("10.2.0.1", "169.254.169.254", "fd00:ec2::254", "64:ff9b::10.2.0.1", "64:ff9b::169.254.169.254"):
        with pytest.raises(ImageError):
            check_ip(ip, networks)


def test_settings_are_lists_between_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGE_URL_HOSTS", "Images.example.org, *.example.net:8443,[::1]:80")
    monkeypatch.setenv("IMAGE_URL_PRIVATE_NETWORKS", "10.1.0.0/16 fd00::/8")
    settings = Settings()
    assert settings.url_hosts == ("images.example.org", "*.example.net:8443", "[::1]:80")
    assert [str(network) for network in settings.url_private_networks] == ["10.1.0.0/16", "fd00::/8"]
    for wrong in ("https://a.test", "a.test/x", "a*.test", "a.test:99999999", "a b;c"):
        monkeypatch.setenv("IMAGE_URL_HOSTS", wrong)
        with pytest.raises(ValidationError):
            Settings()

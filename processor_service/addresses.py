"""Decides which addresses a picture may be fetched from: by form of the URL, host name and IP addresses."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from .errors import Code, ImageError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Ip = ipaddress.IPv4Address | ipaddress.IPv6Address

HOST_PATTERN = re.compile(r"(\*|(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?")
_PORTS = {"http": 80, "https": 443}
_LONGEST = 4096
# Some parsers drop or change control characters and spaces. To some a backslash is a slash.
_AMBIGUOUS = re.compile(r"[\x00-\x20\x7f-\xa0\\]")
_HOST = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
# To a resolver 127.1, 0x7f000001, 017700000001 and 2130706433 are all 127.0.0.1.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# Addresses at which clouds hand out credentials. Never allowed, even if their network is.
_METADATA = frozenset(
    map(
        ipaddress.ip_address,
        (
            "169.254.169.254",
            "169.254.170.2",
            "fd00:ec2::254",
            "fd20:ce::254",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
        ),
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")


@dataclass(frozen=True)
class Address:
    """The parts of a URL: where to connect, and what to ask for there."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """Host and port in the form of the `Host` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def url(self) -> str:
        """The address as text, to resolve a redirect against."""
        return f"{self.scheme}://{self.authority}{self.target}"


def parse_address(url: object) -> Address:
    """Take a URL apart. Raises ImageError `url_not_allowed` for every form that two parsers could read differently."""
    if not isinstance(url, str) or not url:
        raise _refused("url must be a string such as https://images.example.org/cat.jpg")
    if len(url) > _LONGEST:
        raise _refused(f"the address is longer than {_LONGEST} characters")
    if _AMBIGUOUS.search(url):
        raise _refused("the address has spaces, control characters or backslashes; write them as %20 and so on")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or ""), parts.port
    except ValueError as error:
        raise _refused("the address is not a valid URL") from error
    if parts.scheme not in _PORTS:
        raise _refused("the address must begin with https:// or http://")
    if "@" in parts.netloc:
        raise _refused("the address must not carry a user or password")
    host = _checked_host(host.removesuffix("."), bracketed=parts.netloc.startswith("["))
    target = quote(parts.path or "/", safe="%/:@!$&'()*+,;=~-._")
    if parts.query:
        target += "?" + quote(parts.query, safe="%/?:@!$&'()*+,;=~-._[]|{}^`")
    return Address(parts.scheme, host, _PORTS[parts.scheme] if port is None else port, target)


def _checked_host(host: str, bracketed: bool) -> str:
    if bracketed:
        try:
            # With a zone (%eth0) it would be the address of a neighbour of this machine.
            return str(ipaddress.IPv6Address("" if "%" in host else host))
        except ValueError as error:
            raise _refused("the address has no valid IPv6 host") from error
    if not _HOST.fullmatch(host) or len(host) > 253:
        raise _refused("the address has no valid host name; international names are written as xn--...")
    if _NUMBER.fullmatch(host.rpartition(".")[2]):
        try:
            ipaddress.IPv4Address(host)
        except ValueError as error:
            raise _refused("an IPv4 host must be written as four decimal numbers") from error
    return host


def check_host(address: Address, patterns: Iterable[str]) -> None:
    """Refuse a host, or a port, that no pattern names."""
    if not any(_matches(address, pattern) for pattern in patterns):
        raise _refused(f"no pictures are fetched from [{address.authority[:100]}]; IMAGE_URL_HOSTS does not name it")


def _matches(address: Address, pattern: str) -> bool:
    name, colon, port = pattern.rpartition(":")
    if not colon or pattern.endswith("]"):
        name, port = pattern, ""
    if address.port != (int(port) if port else _PORTS[address.scheme]):
        return False
    if name.startswith("["):
        return ":" in address.host and address.host == str(ipaddress.IPv6Address(name[1:-1]))
    return name == "*" or (address.host.endswith(name[1:]) if name.startswith("*.") else address.host == name)


def check_ip(text: str, private_networks: Iterable[Network]) -> None:
    """Refuse an IP address that is not public, even wrapped in another one, unless a setting names its network."""
    for ip in _unwrapped(ipaddress.ip_address(text)):
        named = any(ip in network for network in private_networks)
        if ip in _METADATA or not (named or _is_public(ip)):
            # Naming the address would tell the writer about the internal network.
            raise _refused("the host leads to an address that is private or special, not to a public one")


def _is_public(ip: _Ip) -> bool:
    special = ip.is_multicast or ip.is_reserved or ip.is_loopback or ip.is_link_local or ip.is_unspecified
    return ip.is_global and not special and not (isinstance(ip, ipaddress.IPv6Address) and ip.is_site_local)


def _unwrapped(ip: _Ip) -> list[_Ip]:
    """The addresses reached through this one: itself, and an IPv4 address inside an IPv6 address."""
    if isinstance(ip, ipaddress.IPv4Address):
        return [ip]
    if ip.ipv4_mapped:
        return [ip.ipv4_mapped]
    inside: list[_Ip] = [ip]
    if ip.sixtofour:
        inside.append(ip.sixtofour)
    if ip.teredo:
        inside += ip.teredo
    if ip in _NAT64 or (ip in _COMPATIBLE and int(ip) > 1):
        inside.append(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
    return inside


def _refused(reason: str) -> ImageError:
    return ImageError(Code.URL_NOT_ALLOWED, reason)

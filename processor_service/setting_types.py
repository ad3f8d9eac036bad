"""Types of settings that are lists: in an environment variable, words separated by commas or spaces."""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import NoDecode

from .addresses import HOST_PATTERN, Network
from .origins import ORIGIN_PATTERN, plain_origin


def words(value: Any) -> Any:
    """Split a text at commas and spaces; leave anything else to the type."""
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value


def _hosts(patterns: tuple[str, ...]) -> tuple[str, ...]:
    patterns = tuple(pattern.lower() for pattern in patterns)
    for pattern in patterns:
        if not HOST_PATTERN.fullmatch(pattern):
            raise ValueError(
                f"[{pattern}] is no host; valid are images.example.org, *.example.org, host:8443, [::1]:80, *"
            )
    return patterns


def _origins(origins: tuple[str, ...]) -> tuple[str, ...]:
    for origin in origins:
        if not ORIGIN_PATTERN.fullmatch(origin.lower()):
            raise ValueError(
                f"[{origin}] is no address of a service; valid are http://service:8090, https://pictures-*.internal:8443"
            )
    return tuple(map(plain_origin, origins))


def _urls(urls: tuple[str, ...]) -> tuple[str, ...]:
    for url in urls:
        if not re.fullmatch(r"https?://[^@/]+/?", url):
            # Not quoted: there may be a password in it.
            raise ValueError("one of the addresses is no node's; valid are https://elasticsearch:9200, without a user")
    return urls


def _networks(value: Any) -> Any:
    return tuple(ip_network(word) if isinstance(word, str) else word for word in words(value))


def _index_patterns(patterns: tuple[str, ...]) -> tuple[str, ...]:
    for pattern in patterns:
        if not re.fullmatch(r"[a-z0-9*][a-z0-9*._-]*", pattern):
            raise ValueError(f"[{pattern}] is no index; valid are images, photos-*")
    return patterns


Origins = Annotated[tuple[str, ...], NoDecode, BeforeValidator(words), AfterValidator(_origins)]
Urls = Annotated[tuple[str, ...], NoDecode, BeforeValidator(words), AfterValidator(_urls)]
Hosts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(words), AfterValidator(_hosts)]
Networks = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks)]
IndexPatterns = Annotated[tuple[str, ...], NoDecode, BeforeValidator(words), AfterValidator(_index_patterns)]

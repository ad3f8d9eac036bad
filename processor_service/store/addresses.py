"""Addresses of pictures in the store: they follow from the bytes, so copies are one object, and nothing is changed."""

from __future__ import annotations

import hashlib
import re

from ..errors import Code, ImageError
from ..formats.registry import FORMATS

# What `address` makes, for any format.
ADDRESS = re.compile(r"sha256/([0-9a-f]{2})/([0-9a-f]{2})/((?:\1\2)[0-9a-f]{60})\.([a-z0-9]{1,10})")
PREFIX = "sha256/"
# Where `store clean` puts what no document names, until it is sure. Reads look there, too.
TRASH = "trash/"
_LONGEST = 100


def address(sha256: str, format_name: str) -> str:
    """Where a picture of this SHA-256 (hex) and format is: `sha256/ab/cd/<sha256>.<format>`."""
    return f"{PREFIX}{sha256[:2]}/{sha256[2:4]}/{sha256}.{format_name}"


def address_of(data: bytes | memoryview, format_name: str) -> str:
    """Where these bytes belong."""
    return address(hashlib.sha256(data).hexdigest(), format_name)


def sha256_of(key: object) -> str:
    """The SHA-256 in an address. Raises ImageError `invalid_request` for what is no address."""
    found = ADDRESS.fullmatch(key) if isinstance(key, str) and len(key) <= _LONGEST else None
    if found is None:
        raise ImageError(Code.INVALID_REQUEST, "stored.key must be an address such as sha256/ab/cd/abcd....jpeg")
    return found[3]


def mime_type_of(key: str) -> str:
    """The MIME type that an address stands for."""
    name = key.rpartition(".")[2]
    return next((each.mime_type for each in FORMATS if each.name == name), "application/octet-stream")

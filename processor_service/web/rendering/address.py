"""What an address asks for: picture, operations, version."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import orjson
from werkzeug.datastructures import MIMEAccept

from ...errors import Code, ImageError

_SHORT = ("w", "h", "fit", "rotate", "format", "q", "dpr")
_KNOWN = ("operations", *_SHORT, "n", "v", "routing", "original", "expires", "signature")
# As Elasticsearch names indices, without those that begin with a dot (hidden, system), _all, lists and wildcards.
_INDEX = re.compile(r"[^\s\\/*?\"<>|,#:A-Z._+-][^\s\\/*?\"<>|,#:A-Z]{0,254}")
# As Elasticsearch names what is behind a data stream: of the date and the number of a rollover.
_BACKING = re.compile(r"\.ds-(.+)-[0-9]{4}\.[0-9]{2}\.[0-9]{2}-[0-9]{6,}")
_INTEGER = re.compile(r"[0-9]{1,9}")
_NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?")
# Of these the first that a client names is sent; a client that says only */* gets the stored format.
_NEGOTIATED = ("avif", "webp")


@dataclass(frozen=True)
class RenderRequest:
    """`operations` as in a recipe; `number` of the picture in a list; `version`: how its SHA-256 begins, or empty.

    `original`: whether it is about what came in. `routing`: of the document, empty if its place is that of its id.
    """

    operations: list[Any]
    number: int
    version: str
    negotiated: bool
    original: bool = False
    routing: str = ""


def check_place(index: str, id: str, patterns: Sequence[str]) -> None:
    """Refuse an index that no setting names, in the same words as a picture that does not exist.

    Who names a data stream means its backing indices: Elasticsearch gives documents by their names only.
    """
    backing = _BACKING.fullmatch(index)
    name = backing[1] if backing else index
    named = _INDEX.fullmatch(name) and any(fnmatchcase(name, pattern) for pattern in patterns)
    # Dots would be a step in a path, to some.
    if not named or id in (".", "..") or not id.isprintable():
        raise not_found()


def not_found() -> ImageError:
    """Nothing to look at; why not is not for strangers."""
    return ImageError(Code.PICTURE_NOT_FOUND, "no such picture, or IMAGE_RENDER_INDICES does not name its index")


def parse(pairs: Sequence[tuple[str, str]], accept: MIMEAccept) -> RenderRequest:
    """Read the query parameters. Raises ImageError `invalid_request`; whether operations are right is checked later."""
    given = dict(pairs)
    if unknown := [name for name in given if name not in _KNOWN]:
        raise _wrong(f"unknown parameter [{unknown[0][:80]}]; valid parameters are {', '.join(_KNOWN)}")
    if len(given) != len(pairs):
        raise _wrong("each parameter may be given once")
    operations = _operations(given)
    # Without operations the stored bytes are sent unchanged. What is encoded anyway can be made smaller.
    negotiable = bool(operations) and not any(_names_format(entry) for entry in operations)
    if negotiable and (name := _best(accept)):
        operations = _with_format(operations, name)
    number = _integer("n", given.get("n", "0"))
    if given.get("original", "1") != "1":
        raise _wrong("original must be 1, or left out")
    version, routing = given.get("v", "").lower(), given.get("routing", "")
    return RenderRequest(operations, number, version, negotiable, "original" in given, routing)


def _operations(given: dict[str, str]) -> list[Any]:
    short = {name: given[name] for name in _SHORT if name in given}
    if "operations" not in given:
        return _from_short(short) if short else []
    if short:
        raise _wrong(f"either operations or the short forms {', '.join(_SHORT)}, not both")
    try:
        operations = orjson.loads(given["operations"])
    except orjson.JSONDecodeError:
        operations = None
    if not isinstance(operations, list):
        raise _wrong('operations must be a JSON list such as [{"resize": {"width": 300}}]')
    return operations


def _from_short(short: dict[str, str]) -> list[Any]:
    """`w=300&h=200&fit=cover&rotate=90&format=webp&q=80&dpr=2`; the picture is turned before it is fitted."""
    operations: list[Any] = [{"auto_orient": {}}]
    if "rotate" in short:
        operations.append({"rotate": {"degrees": _number("rotate", short["rotate"])}})
    box: dict[str, Any] = {
        name: _integer(key, short[key]) for key, name in (("w", "width"), ("h", "height")) if key in short
    }
    if "fit" in short:
        box["fit"] = short["fit"]
    if "dpr" in short:
        box["dpr"] = _number("dpr", short["dpr"])
    if box:
        operations.append({"resize": box})
    output: dict[str, Any] = {"quality": _integer("q", short["q"])} if "q" in short else {}
    if "format" in short:
        output["format"] = short["format"]
    return [*operations, {"convert": output}] if output else operations


def _names_format(entry: Any) -> bool:
    convert = entry.get("convert") if isinstance(entry, dict) else None
    return isinstance(convert, dict) and not {"format", "format_with_alpha"}.isdisjoint(convert)


def _with_format(operations: list[Any], name: str) -> list[Any]:
    """The last `convert` says how the picture is written. It gets the format; without one, a `convert` is added."""
    for at in range(len(operations) - 1, -1, -1):
        entry = operations[at]
        if isinstance(entry, dict) and isinstance(entry.get("convert"), dict):
            return [*operations[:at], {"convert": {**entry["convert"], "format": name}}, *operations[at + 1 :]]
    return [*operations, {"convert": {"format": name}}]


def _best(accept: MIMEAccept) -> str:
    named = {value.lower() for value, quality in accept if quality > 0}
    return next((name for name in _NEGOTIATED if f"image/{name}" in named), "")


def _integer(name: str, text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise _wrong(f"{name} must be a whole number, got [{text[:20]}]")
    return int(text)


def _number(name: str, text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise _wrong(f"{name} must be a number, got [{text[:20]}]")
    return float(text)


def _wrong(reason: str) -> ImageError:
    return ImageError(Code.INVALID_REQUEST, reason)

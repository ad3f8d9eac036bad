"""Texts for people: plurals, texts that are too long, and texts of documents made safe to show."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

_LONE_SURROGATES = re.compile("[\ud800-\udfff]")
# Lone surrogates, control characters except white space, and overrides of the reading direction.
_NOT_SHOWN = re.compile("[\ud800-\udfff\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
# White space that is not a blank.
_OTHER_SPACES = re.compile("[\t-\r\x85\u2028\u2029]")
# Of addresses that are separated by commas or blanks: what stands before the host, and behind `http://`.
_LOGIN = re.compile(r"([a-z]+://)?[^\s,]*@", re.IGNORECASE)


def counted(count: int, noun: str) -> str:
    """`1 document`, `2 documents`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def shown(text: str) -> str:
    """A text of a document, safe to show on a page or in a terminal: what they would obey becomes U+FFFD.

    These are control characters (white space stays), overrides of the reading direction, and lone surrogates.
    """
    return _NOT_SHOWN.sub("\ufffd", text)


def in_one_line(text: str) -> str:
    """The same for a name in a line: what would begin another line, or move in it, becomes U+FFFD, too."""
    return _OTHER_SPACES.sub("\ufffd", shown(text))


def without_login(addresses: str) -> str:
    """An address, or several, without the user and the password that may stand in it."""
    return _LOGIN.sub(r"\1", addresses)


def shortened(text: str, longest: int) -> str:
    """A text, cut to at most this many characters; then the last one is `…`."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def first_of(names: Sequence[str], most: int) -> str:
    """`a, b and 3 more`: the first names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def capitalized(sentence: str) -> str:
    """A sentence that begins with a capital letter."""
    return sentence[:1].upper() + sentence[1:]


def failures(failed: Sequence[tuple[str, str]], most: int = 20) -> list[str]:
    """Lines about what failed, each with a name and a reason: how many, and the first ones. None when nothing did."""
    return [f"{len(failed)} failed", *listed(failed, "", most)] if failed else []


def listed(named: Sequence[tuple[str, str]], how_to_see_all: str, most: int = 20) -> list[str]:
    """A line for each of the first ones, with its name and a reason; then how many more there are, if there are."""
    lines = [f"  {in_one_line(name)}: {shown(reason)}" for name, reason in named[:most]]
    return lines + ([f"  and {len(named) - most} more{how_to_see_all}"] if len(named) > most else [])


def well_formed(value: Any) -> Any:
    """A JSON value whose texts can be written as UTF-8: lone surrogates, which Elasticsearch keeps, become U+FFFD."""
    if isinstance(value, str):
        return _LONE_SURROGATES.sub("\ufffd", value)
    if isinstance(value, list):
        return [well_formed(part) for part in value]
    if isinstance(value, dict):
        return {well_formed(name): well_formed(part) for name, part in value.items()}
    return value

"""The parts of a question, each to be taken back with a click."""

from __future__ import annotations

from dataclasses import dataclass

from .asked import Asked


@dataclass(frozen=True)
class Chip:
    """A part in words, the address without it, and its colour when it is one."""

    text: str
    without: str
    color: str = ""


def chips(asked: Asked, sample: str) -> list[Chip]:
    """All parts but the words, which stand in the search box."""
    found = []
    if asked.like:
        name = sample or "a picture"
        found.append(
            Chip(f"Copies of {name}" if asked.near else f"Like {name}", asked.without("like", "near", "turned"))
        )
    found += [Chip("Turned copies too", asked.without("turned"))] if asked.turned else []
    share = f", {100 * asked.color_share:.0f} % and more" if asked.color_share else ""
    for color in asked.colors:
        found.append(Chip(f"{color}{share}", asked.without(pair=("color", color)), color))
    for text in asked.filters:
        found.append(Chip(in_words(text), asked.without(pair=("f", text))))
    return found


def in_words(text: str) -> str:
    """`format: jpeg` of `format:jpeg`, and `not format: jpeg` of `!format:jpeg`."""
    name, _, value = text.removeprefix("!").partition(":")
    said = f"{name.replace('_', ' ')}: {value.strip(chr(34))}"
    return f"not {said}" if text.startswith("!") else said

"""The one error of this room."""

from __future__ import annotations


class NodeError(Exception):
    """The embedded node cannot do what was asked; the text says what is wrong and what would be right."""
